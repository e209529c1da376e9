"""Gathers what a report is written from: a sweep's files, figures, places, and the space to search next."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sweep.api.report import RunReport
from sweep.api.report_evidence import Evidence
from sweep.api.report_figures import figures_of
from sweep.api.sweeps import SweepView, stamp
from sweep.errors import SweepError
from sweep.paths import Home
from sweep.ports import Champion
from sweep.provenance import package_versions
from sweep.records import Status
from sweep.redaction import redacted
from sweep.report.material import Figures, Material, Next, Places
from sweep.report.sparse import without_guesses
from sweep.search_space import Narrowed, SearchSpace, Tried, narrow, stored_space, yaml_text
from sweep.summary import effective_params, why_doubtful
from sweep.wiring import Addresses

NEXT = "next_space"


def material_of(view: SweepView, home: Home, *, addresses: Addresses | str, evidence: Evidence) -> Material:
    """Gather everything that a report is written from.

    Args:
        view: the sweep.
        home: where it lies.
        addresses: of the databases, or why they are not known.
        evidence: how the best trial does.

    Returns:
        All of it; what could not be found says why.
    """
    config: dict[str, Any] = json.loads(view.record.config)
    space = _space(config, view.name)
    ended = [(trial.spec, trial.ending) for trial in view.trials if trial.result is not None]
    found = evidence.evaluation
    if isinstance(addresses, str):
        figures = Figures(missing=MappingProxyType(_Always(redacted(addresses))))
    else:
        figures = figures_of(addresses.storage, view.name, found)
    leak, leak_unknown = _shared_drives(view)
    return Material(
        state=view.state,
        why=view.why,
        record=view.record,
        config=config,
        space=space,
        summary=view.summary,
        trials=view.trials,
        notes=view.notes,
        evaluation=found,
        figures=_certain(figures, view),
        places=_places(view, home, addresses, evidence),
        next=_next(view, home, space),
        leak=leak,
        leak_unknown=leak_unknown,
        doubt=why_doubtful(view.record, ended),
        pictures=evidence.pictures,
        began=_moment(view.began_ms),
        last=_moment(view.last_ms),
        written=_moment(round(time.time() * 1000)),
        version=package_versions().get("rccar-sweep", ""),
    )


class _Always(dict[str, str]):
    """One reason for whatever is missing."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self._why = why

    def __missing__(self, _: str) -> str:
        return self._why


def _certain(figures: Figures, view: SweepView) -> Figures:
    complete = [
        effective_params(trial.spec)
        for trial in view.trials
        if trial.result is not None and trial.ending.status is Status.COMPLETE
    ]
    names = {name for params in complete for name in params}
    n_varied = sum(len({params.get(name) for params in complete}) > 1 for name in names)
    return without_guesses(figures, n_complete=len(complete), n_varied=n_varied)


def _shared_drives(view: SweepView) -> tuple[str, str]:
    """What a look at the frame cache says of drives in train and val alike, or why there was no look."""
    spec = view.summary.best[0] if view.summary.best is not None else None
    if spec is None or not spec.data_ref:
        return "", "" if spec is None else "the trainer reads no data"
    from sweep.workshop.data.shared_drives import shared_drives

    try:
        return shared_drives(Path(spec.data_ref), digest=spec.digest), ""
    except SweepError as error:
        return "", redacted(" ".join(str(error).split()))


def _places(view: SweepView, home: Home, addresses: Addresses | str, evidence: Evidence) -> Places:
    unknown = Addresses(storage="not known", tracking_uri="not known")
    shown = unknown if isinstance(addresses, str) else addresses.shown()
    name, _, version = view.notes.get("sweep.model", "").rpartition("/")
    ended = RunReport(
        summary=view.summary,
        home=home.root,
        tracking_uri=shown.tracking_uri,
        storage=shown.storage,
        # Not by its stage: another version may be in Production when somebody reads this.
        champion=Champion(name=name, version=version, run_id=evidence.run_id, promoted=False)
        if name
        else None,
        kept="",
        elapsed_s=0.0,
    )
    return Places(
        home=str(home.root),
        tracking_uri=shown.tracking_uri,
        storage=shown.storage,
        commands={} if isinstance(addresses, str) else ended.commands,
        checkpoint=_checkpoint(view, evidence),
        load_command=ended.load_command,
    )


def _checkpoint(view: SweepView, evidence: Evidence) -> str:
    best = view.summary.best
    if best is None or best[1].checkpoint is None:
        return ""
    if evidence.run_id:  # files in the sweep's folder go once they have arrived in MLflow
        return f"runs:/{evidence.run_id}/checkpoints/{Path(best[1].checkpoint).name}"
    return best[1].checkpoint if Path(best[1].checkpoint).exists() else ""


def _space(config: Mapping[str, Any], name: str) -> SearchSpace | None:
    try:
        return stored_space(config["space"], name=name)
    except (SweepError, KeyError):
        return None


def _next(view: SweepView, home: Home, space: SearchSpace | None) -> Next:
    if space is None:
        return Next(
            narrowed=Narrowed(space=None, why_not="this version of the program cannot read the space it had")
        )
    tried = [
        Tried(
            params=effective_params(trial.spec),
            value=trial.ending.value if trial.ending.status is Status.COMPLETE else None,
        )
        for trial in view.trials
        if trial.result is not None and trial.ending.status in {Status.COMPLETE, Status.PRUNED}
    ]
    narrowed = narrow(space, tried, maximise=view.summary.maximise, name=NEXT)
    if narrowed.space is None:
        return Next(narrowed=narrowed)
    best = view.summary.best
    winner = f", which reached {view.summary.metric} {best[1].value:.4f}" if best else ""
    head = (
        f"Where to look next, after the sweep {view.name}: its search space narrowed to where its best "
        "trials lie.",
        f"The defaults are those of {best[0].run_name if best else 'the best trial'}{winner}.",
    )
    text = yaml_text(narrowed, head=head, description=f"narrowed after the sweep {view.name}")
    return Next(narrowed=narrowed, yaml=text, file=str(home.sweep(view.name).next_space))


def _moment(at_ms: int) -> str:
    return stamp(at_ms).replace("T", " ").replace("Z", " UTC")
