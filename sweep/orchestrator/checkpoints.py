"""At most the best K checkpoints of a sweep stay on disk; the others go as soon as they are beaten."""

import shutil
from pathlib import Path

from sweep.records import Objective, Status, TrialResult, TrialSpec


class CheckpointKeeper:
    """Keeps the folders of the best complete trials.

    Args:
        objective: what is better.
        keep: how many stay, at least 1: the best one is still to be packaged.
    """

    def __init__(self, *, objective: Objective, keep: int) -> None:
        self._objective = objective
        self._keep = max(1, keep)
        self._kept: list[tuple[float, TrialSpec, TrialResult]] = []
        self._cut: dict[str, TrialSpec] = {}

    @property
    def kept(self) -> tuple[tuple[TrialSpec, TrialResult], ...]:
        """Trials whose checkpoints are on disk, the best first."""
        return tuple((spec, result) for _, spec, result in self._kept)

    def take_in(self, spec: TrialSpec, result: TrialResult) -> None:
        """Keep a finished trial's checkpoint or remove it.

        Args:
            spec: the trial.
            result: how it ended; only a complete one may stay, and one that was cut, because a later attempt
                goes on from its last epoch.
        """
        self._remove_earlier(spec)
        if result.status is Status.STOPPED or (result.status is Status.FAILED and result.retryable):
            self._cut[spec.trial_uid] = spec
            return
        if result.status is not Status.COMPLETE or result.value is None:
            _remove(spec)
            return
        self._kept.append((result.value, spec, result))
        # Of equal values the smaller trial number is ahead, as in Optuna and in the summary.
        sign = -1.0 if self._objective.maximise else 1.0
        self._kept.sort(key=lambda entry: (sign * entry[0], entry[1].number))
        for _, beaten, _ in self._kept[self._keep :]:
            _remove(beaten)
        del self._kept[self._keep :]

    def _remove_earlier(self, spec: TrialSpec) -> None:
        """The attempt that went on from another's last epoch has ended: nobody needs that one's files."""
        earlier = self._cut.pop(spec.retry_of or "", None)
        if earlier is not None:
            _remove(earlier)


def _remove(spec: TrialSpec) -> None:
    shutil.rmtree(Path(spec.folder), ignore_errors=True)
