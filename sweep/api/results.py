"""What came of a sweep, for Python and notebooks: the best trial, frames and figures."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweep.api.report import RunReport, home_argument
from sweep.api.sweeps import sweep_view
from sweep.paths import Home
from sweep.records import ParamValue
from sweep.summary import Summary, effective_params
from sweep.tracking.spool import delivered_runs
from sweep.wiring import Addresses, addresses_of, read_stored

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from sweep.evaluation import Evaluation
    from sweep.searching.plots import StudyPlots

CLASS_FIGURE = {"segmentation": "iou", "detection": "map_50"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BestTrial:
    """The best complete trial of a sweep.

    Args:
        number: Optuna's.
        run_name: of its MLflow run.
        value: of the objective.
        best_epoch: from 1.
        params: by the names users write, `model_name` first.
        metrics: at the best epoch, by logged name.
        run_id: MLflow's, None while it is not known.
        checkpoint: file of its weights while they lie in the home, else None: then MLflow has them.
        model: `models:/NAME/VERSION` where it was registered, else empty.
        load_command: Python that opens the registered model; empty if there is none.
    """

    number: int
    run_name: str
    value: float
    best_epoch: int
    params: dict[str, ParamValue]
    metrics: dict[str, float]
    run_id: str | None
    checkpoint: str | None
    model: str
    load_command: str


class SweepResults:
    """A sweep as it stood when it was loaded; load it again to see what is new.

    What a `RunReport` has (`summary`, `exit_code`, `champion`, `commands`, ...) is here as well if this
    comes from `run_sweep`.

    Args:
        name: of the sweep.
        home: where it lies.
        run: what its run handed back, None if it was loaded later.
    """

    def __init__(self, name: str, *, home: str | Path | None = None, run: RunReport | None = None) -> None:
        self._home = Home.at(home)
        self._view = sweep_view(name, str(self._home.root))
        self.run = run

    def __getattr__(self, name: str) -> Any:
        run = self.__dict__.get("run")
        if run is not None and not name.startswith("_") and hasattr(run, name):
            return getattr(run, name)
        more = "; it comes with run_sweep only" if name in RunReport.__dataclass_fields__ else ""
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{more}")

    @property
    def name(self) -> str:
        """Of the sweep."""
        return self._view.name

    @property
    def state(self) -> str:
        """running, done, stopped, failed or cut."""
        return self._view.state

    @property
    def summary(self) -> Summary:
        """Counts, best trial, gain over the default configuration."""
        return self.run.summary if self.run is not None else self._view.summary

    @cached_property
    def best(self) -> BestTrial | None:
        """The best complete trial, None if none completed."""
        if self._view.summary.best is None:
            return None
        spec, result = self._view.summary.best
        model = self._view.notes.get("sweep.model", "")
        file, place = result.checkpoint, home_argument(self._home.root)
        return BestTrial(
            number=spec.number,
            run_name=spec.run_name,
            value=float("nan") if result.value is None else result.value,
            best_epoch=result.best_epoch,
            params=effective_params(spec),
            metrics=dict(result.metrics),
            run_id=self._run_ids.get(spec.trial_uid),
            checkpoint=file if file is not None and Path(file).exists() else None,
            model=f"models:/{model}" if model else "",
            load_command=f'sweep.load_model("models:/{model}", {place})' if model else "",
        )

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """A row a trial: state, value, params_*, metrics at the best epoch, times, run id."""
        from sweep.api.result_tables import trial_frame

        return trial_frame(self._view, self._run_ids)

    @cached_property
    def curves(self) -> "pd.DataFrame":
        """A row a metric and epoch: trial, epoch, metric, value."""
        from sweep.api.result_tables import curve_frame

        return curve_frame(self._view)

    @cached_property
    def evaluation(self) -> "Evaluation | None":
        """How the best trial does class by class, as MLflow has it; None if there is none."""
        from sweep.api.runs import open_runs

        if self.best is None or self.best.run_id is None:
            return None
        runs = open_runs(home=self._home.root, tracking_uri=self._addresses.tracking_uri)
        runs.refresh()
        return runs.evaluation(self.best.run_id)

    def plot_history(self) -> "Figure":
        """The objective trial by trial, and the best so far."""
        return self._plots.history()

    def plot_importance(self) -> "Figure":
        """Which parameters matter."""
        return self._plots.importance()

    def plot_parallel(self, params: Sequence[str] | None = None) -> "Figure":
        """Parameters as parallel axes; None for the most important ones."""
        return self._plots.parallel(params)

    def plot_slices(self, params: Sequence[str] | None = None) -> "Figure":
        """The objective over each parameter; None for the most important ones."""
        return self._plots.slices(params)

    def plot_contour(self, params: Sequence[str] | None = None) -> "Figure":
        """The objective over pairs of parameters; None for the four most important."""
        return self._plots.contour(params)

    def plot_curves(self, metric: str | None = None) -> "Figure":
        """A metric by epoch of all trials, coloured by state; None for the objective."""
        from sweep.api.result_figures import trial_curves

        return trial_curves(self._view, self.curves, metric or self._view.summary.metric)

    def plot_timeline(self) -> "Figure":
        """Which worker trained what, and when."""
        from sweep.api.result_figures import lanes

        return lanes(self._view, now_ms=round(time.time() * 1000))

    def plot_classes(self, figure: str | None = None) -> "Figure":
        """A figure of each class of the best trial, e.g. `iou` or `map_50`."""
        from sweep.figures.classes import class_bars

        found = {} if self.evaluation is None else {self.evaluation.run_name or self.name: self.evaluation}
        return class_bars(found, figure or CLASS_FIGURE[self._view.summary.task])

    def plot_confusion_matrix(self, *, normalised: bool = True) -> "Figure":
        """What the best trial takes for what."""
        from sweep.figures.confusion import confusion_matrix
        from sweep.figures.theme import nothing_to_show

        if self.evaluation is None:
            return nothing_to_show("Confusion matrix: no evaluation yet")
        return confusion_matrix(self.evaluation, normalised=normalised)

    def report(self, path: str | Path | None = None) -> Path:
        """Write the report, one HTML file.

        Args:
            path: file to write; None for `report.html` in the sweep's folder.

        Returns:
            The file.

        Raises:
            InputError: `path` is a folder.
            UnavailableError: it cannot be written.
        """
        from sweep.api.reporting import write_report

        return write_report(self.name, home=str(self._home.root), out=None if path is None else Path(path))

    def __repr__(self) -> str:
        said = f"<sweep {self.name}: {self.state}, {self._counted}"
        best = self.best
        return said + (f", best {best.run_name} {self.summary.metric}={best.value:.4g}>" if best else ">")

    def _repr_html_(self) -> str:
        rows = [("sweep", self.name), ("state", self.state), ("trials", self._counted)]
        if (best := self.best) is not None:
            rows.append(("best", f"{best.run_name}, {self.summary.metric} {best.value:.4g}"))
            rows += [(f"  {name}", str(value)) for name, value in best.params.items()]
            rows += [("model", best.model)] if best.model else []
        if self._view.why:
            rows.append(("ended", self._view.why))
        cells = "".join(f"<tr><th>{escape(key)}</th><td>{escape(text)}</td></tr>" for key, text in rows)
        return f"<table>{cells}</table>"

    @property
    def _counted(self) -> str:
        running = len(self._view.running)
        parts = [self.summary.counted, f"{running} running" if running else ""]
        return ", ".join(filter(None, parts)) or "no trial yet"

    @cached_property
    def _run_ids(self) -> dict[str, str]:
        return delivered_runs(self._view.spool)

    @cached_property
    def _addresses(self) -> Addresses:
        stored = read_stored(self._home, self.name)
        return addresses_of(stored.loaded({}, home=self._home, environ=os.environ).config, self._home)

    @cached_property
    def _plots(self) -> "StudyPlots":
        from sweep.searching.plots import open_plots

        return open_plots(self._addresses.storage, self.name)


def load_sweep(name: str, *, home: str | Path | None = None) -> SweepResults:
    """Look at a sweep from Python, while it runs or afterwards.

    Args:
        name: of the sweep.
        home: where it lies; None for SWEEP_HOME, or `mlruns` without it.

    Returns:
        Its results as they stand now.

    Raises:
        InputError: there is no such sweep (the message has the near one), or it has not started yet.
        UnavailableError: its files cannot be read.
    """
    return SweepResults(name, home=home)
