"""Every trial, and every failure with its reason."""

from collections.abc import Mapping, Sequence

from sweep.history import PastTrial
from sweep.records import Status
from sweep.report.blocks import Cell, Paragraph, Section, Table
from sweep.report.material import Material
from sweep.report.words import listed, number_of, parameter, score, span
from sweep.summary import effective_params


def all_trials(material: Material) -> Section:
    """The table of all trials.

    Args:
        material: of the report.

    Returns:
        A row a trial, the best one marked.
    """
    if not material.trials:
        return Section(key="trials", title="All trials", blocks=(Paragraph(text="No trial has started."),))
    every = [effective_params(trial.spec) for trial in material.trials]
    names = list(dict.fromkeys(name for params in every for name in params))
    same = [name for name in names if len(every) > 1 and _is_same(every, name)]
    names = [name for name in names if name not in same]
    table = Table(
        caption="All trials; click a heading to sort",
        heads=("trial", "state", material.metric, "best epoch", "epochs", "time", "size", *names),
        rows=tuple(_row(material, trial, names) for trial in material.trials),
        is_long=True,
    )
    held = listed([f"{name} {parameter(every[0][name])}" for name in same], most=len(same))
    text = (Paragraph(text=f"The same in all of them: {held}."),) if same else ()
    return Section(key="trials", title="All trials", blocks=(*text, table))


def failures(material: Material) -> Section:
    """What failed and why, the most frequent reason first.

    Args:
        material: of the report.

    Returns:
        A row a kind of reason.
    """
    groups: dict[str, list[PastTrial]] = {}
    for status in (Status.FAILED, Status.INFEASIBLE, Status.STOPPED):
        for trial in material.having(status):
            kind = trial.ending.reason.partition(":")[0] or status.value
            groups.setdefault(kind, []).append(trial)
    cut = [trial for trial in material.trials if trial.result is None and material.state != "running"]
    if cut:
        groups["cut"] = cut
    if not groups:
        return Section(
            key="failures", title="Failures", blocks=(Paragraph(text="No trial failed or was stopped."),)
        )
    rows = tuple(
        (
            Cell(text=kind),
            Cell(text=str(len(found)), number=len(found)),
            Cell(text=listed([trial.spec.run_name for trial in found], most=6)),
            Cell(text=_example(found)),
        )
        for kind, found in sorted(groups.items(), key=lambda pair: -len(pair[1]))
    )
    n_failed = sum(map(len, groups.values()))
    retried = {trial.spec.retry_of for trial in material.trials if trial.spec.retry_of}
    whose = "its own end" if n_failed == 1 else "their own end"
    text = f"{number_of(n_failed, 'attempt')} did not come to {whose}."
    if retried:
        text += f" {number_of(len(retried), 'attempt')} of all was tried again in its slot (-r1, -r2)."
    return Section(
        key="failures",
        title="Failures",
        blocks=(
            Paragraph(text=text),
            Table(
                caption="Failures by reason", heads=("reason", "trials", "which", "what it said"), rows=rows
            ),
        ),
    )


def _example(found: list[PastTrial]) -> str:
    """The most frequent detail."""
    details = [trial.ending.reason.partition(":")[2].strip() for trial in found]
    most = max(dict.fromkeys(details), key=details.count)
    n_others = len(set(details) - {most})
    return f"{most}{f' (and {n_others} more ways)' if n_others else ''}" if most else "–"


def _row(material: Material, trial: PastTrial, names: list[str]) -> tuple[Cell, ...]:
    spec, result, best = trial.spec, trial.ending, material.summary.best
    is_best = best is not None and best[0].trial_uid == spec.trial_uid
    state = _state(material, trial)
    params = effective_params(spec)
    return (
        Cell(text=spec.run_name, number=spec.number, mark="best" if is_best else ""),
        Cell(text=state, mark=state),
        Cell(text=score(result.value), number=result.value),
        Cell(text=str(result.best_epoch or "–"), number=result.best_epoch or None),
        Cell(text=f"{_epochs(trial)}/{spec.until_epoch}", number=_epochs(trial)),
        Cell(text=span(result.train_time_s) if result.train_time_s else "–", number=result.train_time_s),
        Cell(text=f"{result.n_parameters:,}" if result.n_parameters else "–", number=result.n_parameters),
        *(_value(params.get(name)) for name in names),
    )


def _is_same(every: Sequence[Mapping[str, object]], name: str) -> bool:
    return all(name in params and params[name] == every[0].get(name) for params in every)


def _epochs(trial: PastTrial) -> int:
    return trial.last.epoch if trial.last else trial.ending.epochs


def _state(material: Material, trial: PastTrial) -> str:
    if trial.result is not None:
        return trial.result.status.value
    return "running" if material.state == "running" else "cut"


def _value(value: object) -> Cell:
    if isinstance(value, bool | int | float | str):
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        return Cell(text=parameter(value), number=number)
    return Cell(text="–")
