"""Where a trial's best weights are: beside the sweep, or only in MLflow."""

from pathlib import Path

from sweep.records import TrialResult, TrialSpec
from sweep.wiring import Desk


def best_weights(desk: Desk, spec: TrialSpec, result: TrialResult) -> Path:
    """Find a trial's best weights; a sweep that goes on after its end has them in MLflow only.

    Args:
        desk: everything that is open.
        spec: the trial.
        result: how it ended.

    Returns:
        The checkpoint; where there is none, the place where it was.

    Raises:
        UnavailableError: MLflow does not answer.
    """
    local = Path(str(result.checkpoint))
    run_id = desk.scribe.run_id(spec.trial_uid)
    if local.exists() or run_id is None:
        return local
    folder = desk.paths.fetched / spec.trial_uid
    return desk.registry.checkpoints.download(run_id, into=folder) or local
