"""Figures of a study, drawn by Optuna's own visualisation, with the names that users write.

The study is copied into memory once; a figure is drawn when it is first asked for, and kept.
"""

import math
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import optuna
import plotly.graph_objects as go
from optuna import visualization
from optuna.trial import FrozenTrial, TrialState

from sweep.catalog import unknown
from sweep.errors import InputError
from sweep.figures.curves import NamedCurve, learning_curves
from sweep.figures.theme import count_along_x, nothing_to_show, themed
from sweep.redaction import redacted
from sweep.searching import plot_layout as layout
from sweep.searching.plotted import plotted_study, rounded
from sweep.searching.reading import load_study
from sweep.searching.storage import storage_errors

MOST_SLICES = 6
MOST_AXES = 6
MOST_CONTOURS = 4
FEWEST = 2
"""Complete trials from which on parameters can be compared."""


def open_plots(storage_url: str, name: str, *, uid: str = "", trial_uid: str = "") -> "StudyPlots":
    """Read a study for its figures; it may be running.

    Args:
        storage_url: SQLAlchemy address of Optuna's storage; a SQLite file is opened read-only.
        name: of the sweep.
        uid: of the sweep that is meant, empty for any of that name.
        trial_uid: of one of its trials, which tells it where the study or the caller has no uid; likewise.

    Returns:
        Its figures, as it stands now.

    Raises:
        InputError: there is no such database or study, in which case the message has the near one, or it is
            the study of another sweep of that name.
        UnavailableError: the database cannot be used.
    """
    with load_study(storage_url, name) as study, storage_errors(f"reading the study {name}"):
        if _is_another(study, uid=uid, trial_uid=trial_uid):
            raise InputError(
                f"the study {name} in {redacted(storage_url)} is of another sweep of that name; the one that "
                "is meant lies in another home, or was removed before this one was made"
            )
        metric = (study.metric_names or ["value"])[0]
        return StudyPlots(plotted_study(study), metric=metric)


class StudyPlots:
    """Figures of one study. None of them raises over a study that is small, constant or has failed.

    Args:
        study: in memory, with the names that users write.
        metric: logged name of the objective.
    """

    def __init__(self, study: optuna.Study, *, metric: str) -> None:
        self._study = study
        self._metric = metric
        self._trials = study.get_trials(deepcopy=False)
        self._complete = [
            trial for trial in self._trials if trial.state is TrialState.COMPLETE and trial.values is not None
        ]
        self._varied = [
            name
            for name in dict.fromkeys(name for trial in self._complete for name in trial.params)
            if len({trial.params[name] for trial in self._complete if name in trial.params}) > 1
        ]
        self._figures: dict[tuple[str, ...], go.Figure] = {}
        self._weights: dict[str, float] | None = None

    @property
    def params(self) -> tuple[str, ...]:
        """Parameters that differ between complete trials, the most important first."""
        weights = self.importances()
        return tuple(sorted(self._varied, key=lambda name: -weights.get(name, 0.0)))

    def importances(self) -> dict[str, float]:
        """How much of the objective's variation each parameter explains (PED-ANOVA, Optuna's default).

        Returns:
            By name, the largest first, together 1; empty where that cannot be said.
        """
        if self._weights is None:
            self._weights = {} if self._why_not() else self._weighed()
        return dict(self._weights)

    def history(self) -> go.Figure:
        """The objective trial by trial, the best so far, and what was pruned, stopped or failed."""
        return self._kept(("history",), self._history)

    def importance(self) -> go.Figure:
        """Which parameters matter."""
        return self._kept(("importance",), self._importance)

    def parallel(self, params: Sequence[str] | None = None) -> go.Figure:
        """Parameters of complete trials as lines through parallel axes.

        Args:
            params: which; None for the six most important.

        Raises:
            InputError: no trial has such a parameter.
        """
        names = self._chosen(params, MOST_AXES)
        return self._kept(("parallel", *names), partial(self._parallel, names))

    def slices(self, params: Sequence[str] | None = None) -> go.Figure:
        """The objective over each parameter.

        Args:
            params: which; None for the six most important.

        Raises:
            InputError: no trial has such a parameter.
        """
        names = self._chosen(params, MOST_SLICES)
        return self._kept(("slices", *names), partial(self._slices, names))

    def contour(self, params: Sequence[str] | None = None) -> go.Figure:
        """The objective over pairs of parameters.

        Args:
            params: two or more; None for the four most important.

        Raises:
            InputError: no trial has such a parameter.
        """
        names = self._chosen(params, MOST_CONTOURS)
        return self._kept(("contour", *names), partial(self._contour, names))

    def curves(self) -> go.Figure:
        """The objective by epoch of complete, pruned, stopped, failed and running trials together."""
        return self._kept(("curves",), self._curves)

    def _history(self) -> go.Figure:
        title = f"History: {self._metric} by trial, {self._counted()}"
        if not self._trials:
            return nothing_to_show("History: no trial has started")
        if not self._complete:
            title = f"History: no trial has completed ({self._counted()})"
        figure = visualization.plot_optimization_history(self._study, target_name=self._metric)
        layout.add_other_trials(figure, self._trials, maximise=self._maximise)
        if (best := self._best) is not None:
            layout.mark_best(figure, best)
        count_along_x(figure, len(self._trials) - 1)
        layout.keep_ends_free(figure, 0, len(self._trials) - 1)
        return themed(figure, title)

    def _importance(self) -> go.Figure:
        weights = self.importances()
        if not weights:
            return nothing_to_show(f"Importance of parameters: {self._why_not() or 'it cannot be said'}")
        figure = visualization.plot_param_importances(self._study, evaluator=_Known(weights))
        figure.update_xaxes(title_text="share of the variation", range=[0, 1.15 * max(weights.values())])
        figure.update_yaxes(title_text="")
        title = f"Importance of parameters for {self._metric} ({len(self._complete)} complete trials)"
        return themed(figure, title, height_px=130 + 30 * len(weights))

    def _parallel(self, names: Sequence[str]) -> go.Figure:
        title = f"Parameters and {self._metric} of {len(self._complete)} complete trials"
        if why := self._why_not(constant_is_fine=True):
            return nothing_to_show(f"Parallel coordinates: {why}")
        figure = visualization.plot_parallel_coordinate(
            self._study, params=list(names), target_name=self._metric
        )
        return layout.as_parallel(themed(figure, title, height_px=460))

    def _slices(self, names: Sequence[str]) -> go.Figure:
        title = f"{self._metric} over each parameter ({len(self._complete)} complete trials; dark: late)"
        if why := self._why_not(constant_is_fine=True):
            return nothing_to_show(f"Slices: {why}")
        figure = visualization.plot_slice(self._study, params=list(names), target_name=self._metric)
        themed(figure, title, height_px=150 + 230 * layout.rows_of(len(names)))
        return layout.as_grid(figure, len(names))

    def _contour(self, names: Sequence[str]) -> go.Figure:
        title = f"{self._metric} over pairs of parameters ({len(self._complete)} complete trials)"
        if why := self._why_not():
            return nothing_to_show(f"Contour: {why}")
        if len(names) < FEWEST:
            return nothing_to_show(f"Contour: needs two parameters that vary; there is {', '.join(names)}")
        figure = visualization.plot_contour(
            rounded(self._study), params=list(names), target_name=self._metric
        )
        themed(figure, title, height_px=460 if len(names) == FEWEST else 180 + 170 * len(names))
        return layout.as_matrix(figure)

    def _curves(self) -> go.Figure:
        curves = [
            NamedCurve(
                name=f"trial {trial.number}",
                metric=self._metric,
                steps=tuple(sorted(trial.intermediate_values)),
                values=tuple(value for _, value in sorted(trial.intermediate_values.items())),
                state=layout.state_of(trial),
            )
            for trial in self._trials
            if any(map(math.isfinite, trial.intermediate_values.values()))
        ]
        if not curves:
            return nothing_to_show(f"Learning curves: no epoch has ended, {self._counted()}")
        figure = learning_curves(curves, title=f"Learning curves: {self._metric} by epoch")
        if (best := self._best) is not None:
            layout.add_best_curve(figure, best)
        epochs = [step for curve in curves for step in curve.steps]
        layout.keep_ends_free(figure, min(epochs), max(epochs))
        return figure

    @property
    def _best(self) -> FrozenTrial | None:
        """The first of the best complete trials."""
        sign = 1 if self._maximise else -1
        return max(self._complete, key=lambda trial: (sign * trial.values[0], -trial.number), default=None)

    @property
    def _maximise(self) -> bool:
        return self._study.direction is optuna.study.StudyDirection.MAXIMIZE

    def _weighed(self) -> dict[str, float]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                weights = optuna.importance.get_param_importances(self._study, params=self._varied)
        except (ValueError, RuntimeError):  # too few trials have a parameter that is conditional
            return {}
        return {name: weight for name, weight in weights.items() if math.isfinite(weight)}

    def _why_not(self, *, constant_is_fine: bool = False) -> str:
        n_complete = len(self._complete)
        if n_complete < FEWEST:
            return f"needs {FEWEST} completed trials; there {_are(n_complete)}, {self._counted()}"
        if not self._varied:
            return "all completed trials have the same parameters"
        values = {trial.values[0] for trial in self._complete}
        if len(values) == 1 and not constant_is_fine:
            return f"all {n_complete} completed trials have the same {self._metric}, {values.pop():.4g}"
        return ""

    def _counted(self) -> str:
        counts = Counter(map(layout.state_of, self._trials))
        return ", ".join(f"{counts[word]} {word}" for word in layout.STATES if counts[word]) or "no trial"

    def _chosen(self, params: Sequence[str] | None, most: int) -> tuple[str, ...]:
        if params is None:
            return self.params[:most]
        for name in params:
            if name not in self._varied and not self._why_not(constant_is_fine=True):
                raise InputError(unknown("parameter that varies", name, self._varied))
        return tuple(dict.fromkeys(params))

    def _kept(self, key: tuple[str, ...], draw: Callable[[], go.Figure]) -> go.Figure:
        if key not in self._figures:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Optuna's words about what a title says here
                self._figures[key] = draw()
        return go.Figure(self._figures[key])  # whoever changes it changes a copy


def _is_another(study: optuna.Study, *, uid: str, trial_uid: str) -> bool:
    said = study.user_attrs.get("sweep.uid", "")
    if said and uid:
        return bool(said != uid)
    own = (trial.user_attrs.get("trial_uid") for trial in study.get_trials(deepcopy=False))
    return bool(trial_uid) and trial_uid not in own


class _Known(optuna.importance.BaseImportanceEvaluator):
    """Hands Optuna's figure the weights that are known already."""

    def __init__(self, weights: dict[str, float]) -> None:
        self._weights = weights

    def evaluate(
        self,
        study: optuna.Study,  # noqa: ARG002
        params: list[str] | None = None,  # noqa: ARG002
        *,
        target: Callable[[FrozenTrial], float] | None = None,  # noqa: ARG002
    ) -> dict[str, float]:
        """Give them back."""
        return self._weights


def _are(number: int) -> str:
    return "is 1" if number == 1 else f"are {number or 'none'}"
