"""A sweep's trials and epochs as pandas frames with typed columns."""

from collections.abc import Mapping

import pandas as pd

from sweep.api.sweeps import SweepView
from sweep.history import PastTrial
from sweep.records import EpochReport
from sweep.summary import effective_params
from sweep.tracking.spool import events_of

_WHOLE = ("number", "slot", "best_epoch", "epochs", "worker")
_TEXT = ("run_name", "state", "reason", "run_id")
_MOMENTS = ("began", "ended")


def trial_frame(view: SweepView, run_ids: Mapping[str, str]) -> pd.DataFrame:
    """All trials of a sweep, one row each, by number.

    Args:
        view: the sweep.
        run_ids: MLflow's, by trial_uid.

    Returns:
        number, slot, run_name, state, value, best_epoch, epochs, train_time_s, params_*, the metrics at the
        best epoch, reason, began, ended, run_id, worker. What is not known is missing, never 0.
    """
    rows = [_row(view, trial, run_ids) for trial in view.trials]
    params = sorted({name for trial in view.trials for name in effective_params(trial.spec)})
    metrics = sorted({name for trial in view.trials for name in trial.ending.metrics})
    columns = ["number", "slot", "run_name", "state", "value", "best_epoch", "epochs", "train_time_s"]
    columns += [*(f"params_{name}" for name in params), *metrics, "reason", *_MOMENTS, "run_id", "worker"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype(
        dict.fromkeys(_WHOLE, "Int64")
        | dict.fromkeys(_TEXT, "string")
        | dict.fromkeys(("value", "train_time_s", *metrics), "float64")
    )
    for name in _MOMENTS:
        frame[name] = pd.to_datetime(frame[name], unit="ms", utc=True)
    return frame.astype({f"params_{name}": _type_of(view, name) for name in params})


def curve_frame(view: SweepView) -> pd.DataFrame:
    """Every metric of every epoch.

    Args:
        view: the sweep.

    Returns:
        trial (its number), epoch, metric, value: a row each.

    Raises:
        UnavailableError: the sweep's files cannot be read.
    """
    numbers = {trial.spec.trial_uid: trial.spec.number for trial in view.trials}
    rows = [
        (numbers[told.trial_uid], told.epoch, metric, value)
        for event in events_of(view.spool, kinds=(EpochReport,))
        if isinstance(told := event.told, EpochReport) and told.trial_uid in numbers
        for metric, value in told.metrics.items()
    ]
    frame = pd.DataFrame(rows, columns=["trial", "epoch", "metric", "value"])
    types = {"trial": "int64", "epoch": "int64", "metric": "string", "value": "float64"}
    return frame.astype(types).sort_values(["trial", "metric", "epoch"], ignore_index=True)


def state_of(view: SweepView, trial: PastTrial) -> str:
    """How a trial stands.

    Args:
        view: its sweep.
        trial: of the sweep.

    Returns:
        `running`, or how it ended.
    """
    return "running" if trial.result is None and view.state == "running" else str(trial.ending.status.value)


def _type_of(view: SweepView, name: str) -> str:
    """By what was drawn: a whole number that some trials lack is no fraction for that."""
    drawn = [effective_params(trial.spec) for trial in view.trials]
    kinds = {type(params[name]) for params in drawn if name in params}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "Int64"
    if kinds <= {int, float}:
        return "float64"
    return "string" if kinds == {str} else "object"


def _row(view: SweepView, trial: PastTrial, run_ids: Mapping[str, str]) -> dict[str, object]:
    spec, ending, state = trial.spec, trial.ending, state_of(view, trial)
    return {
        **{f"params_{name}": value for name, value in effective_params(spec).items()},
        **ending.metrics,
        "number": spec.number,
        "slot": spec.slot,
        "run_name": spec.run_name,
        "state": state,
        "value": ending.value,
        "best_epoch": ending.best_epoch or None,
        "epochs": ending.epochs,
        "train_time_s": ending.train_time_s or None,
        "reason": "" if state == "running" else ending.reason,
        "began": trial.began_ms or None,
        "ended": trial.ended_ms or None,
        "run_id": run_ids.get(spec.trial_uid),
        "worker": spec.worker,
    }
