"""Runs side by side, of sweeps or of other programs: params, metrics, the best of each row. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sweep.logged_run import Curve, LoggedRun
from sweep.views.best_epoch import EpochValue, best_epoch, curves_of, value_at
from sweep.views.naming import in_order, is_maximised, model_of, short_params, task_of
from sweep.views.overview import parent_of
from sweep.views.trials import as_number


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """A column.

    Args:
        run_id: MLflow's.
        name: run name, with the sweep's in front if it has one.
        task: empty if it does not say.
        model: likewise.
        state: of the run.
        epoch: its best one, None if that is not known.
        digest: of its data, empty if it does not say.
    """

    run_id: str
    name: str
    task: str
    model: str
    state: str
    epoch: int | None
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamRow:
    """A param.

    Args:
        name: users' name.
        values: a column each, None where a run lacks it.
        differs: whether they are not all the same.
    """

    name: str
    values: tuple[str | None, ...]
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """A metric.

    Args:
        name: logged name.
        maximise: whether larger is better, None where neither can be said.
        values: a column each, None where a run lacks it; may be NaN.
        is_last: whether each is of the run's last epoch, for want of its best one.
        best: whether each is the best of the row; all of equal ones are, none where there is no contest or a
            value is of a last epoch.
    """

    name: str
    maximise: bool | None
    values: tuple[float | None, ...]
    is_last: tuple[bool, ...]
    best: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPair:
    """Two curves that are drawn over each other.

    Args:
        train: logged name.
        validation: logged name.
    """

    train: str
    validation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonTable:
    """Runs side by side.

    Args:
        heads: a column each.
        params: those that differ first.
        metrics: in the order of CLI.md.
        losses: what to draw of train and validation.
        doubts: what keeps the figures from being compared: "task" and "data" if they differ, "unknown data"
            if some runs do not say theirs.
    """

    heads: tuple[RunHead, ...]
    params: tuple[ParamRow, ...]
    metrics: tuple[MetricRow, ...]
    losses: tuple[LossPair, ...]
    doubts: tuple[str, ...]


def comparison(
    runs: Sequence[LoggedRun], curves: Iterable[Curve] = (), *, known: Iterable[LoggedRun] = ()
) -> ComparisonTable:
    """Put runs side by side.

    A metric whose curve is given counts at the run's best epoch, since that is the checkpoint that is kept.
    Any other one stands as it was logged last, which decides nothing.

    Args:
        runs: a column each.
        curves: of their metrics, as many as there are.
        known: all runs, to find what the trials' sweeps say of their data.

    Returns:
        The table.
    """
    given = tuple(curves)
    own = [curves_of(run.run_id, given) for run in runs]
    epochs = [best_epoch(run, found) for run, found in zip(runs, own, strict=True)]
    by_id = {run.run_id: run for run in known}
    heads = tuple(
        _head(run, epoch, by_id.get(parent_of(run))) for run, epoch in zip(runs, epochs, strict=True)
    )
    names = {name for run in runs for name in run.metrics}
    rows = tuple(
        _metric_row(
            name,
            [
                value_at(run, name, curve=found.get(name), epoch=epoch)
                for run, found, epoch in zip(runs, own, epochs, strict=True)
            ],
        )
        for name in in_order(names)
    )
    return ComparisonTable(
        heads=heads,
        params=_param_rows(runs),
        metrics=rows,
        losses=loss_pairs(names),
        doubts=_doubts(heads),
    )


def best_of(values: Sequence[float | None], *, maximise: bool | None) -> tuple[bool, ...]:
    """Mark the best of a row.

    Args:
        values: None where there is none.
        maximise: whether larger is better, None where neither can be said.

    Returns:
        True for each that no other one beats, so for all equal ones. NaN never is, nor the only one of a row.
    """
    found = [value for value in values if value is not None and not math.isnan(value)]
    n_given = sum(value is not None for value in values)
    if maximise is None or n_given < 2 or not found:
        return tuple(False for _ in values)
    best = max(found) if maximise else min(found)
    return tuple(value == best for value in values)


def loss_pairs(metrics: Iterable[str]) -> tuple[LossPair, ...]:
    """Find the losses that belong together.

    Args:
        metrics: logged names.

    Returns:
        A pair for each `train_loss...` that has its `val_loss...`.
    """
    names = set(metrics)
    starts = (name for name in in_order(names) if name.startswith("train_loss"))
    pairs = ((name, "val_loss" + name.removeprefix("train_loss")) for name in starts)
    return tuple(
        LossPair(train=train, validation=validation) for train, validation in pairs if validation in names
    )


def _head(run: LoggedRun, epoch: int | None, parent: LoggedRun | None) -> RunHead:
    said = parent.params if parent else {}
    return RunHead(
        run_id=run.run_id,
        name=f"{run.sweep} / {run.name}" if run.sweep and run.kind != "sweep" else run.name,
        task=task_of(run),
        model=model_of(run),
        state=run.state,
        epoch=epoch,
        digest=run.params.get("data_digest", "") or said.get("data_digest", ""),
    )


def _metric_row(name: str, found: Sequence[EpochValue | None]) -> MetricRow:
    values = tuple(None if one is None else one.value for one in found)
    is_last = tuple(one is not None and one.is_last for one in found)
    maximise = is_maximised(name)
    best = best_of(values, maximise=None if any(is_last) else maximise)
    return MetricRow(name=name, maximise=maximise, values=values, is_last=is_last, best=best)


def _param_rows(runs: Sequence[LoggedRun]) -> tuple[ParamRow, ...]:
    params = [short_params(run) for run in runs]
    rows = []
    for name in dict.fromkeys(name for found in params for name in found):
        values = tuple(found.get(name) for found in params)
        rows.append(ParamRow(name=name, values=values, differs=len({_plain(value) for value in values}) > 1))
    return tuple(sorted(rows, key=lambda row: not row.differs))


def _plain(value: str | None) -> object:
    """The same for 0.001 and 1e-3."""
    number = as_number(value or "")
    return value if math.isnan(number) else number


def _doubts(heads: Sequence[RunHead]) -> tuple[str, ...]:
    found = []
    tasks = {head.task for head in heads if head.task}
    digests = {head.digest for head in heads if head.digest}
    if len(tasks) > 1:
        found.append("task")
    if len(digests) > 1:
        found.append("data")
    if digests and any(not head.digest for head in heads):
        found.append("unknown data")
    return tuple(found)
