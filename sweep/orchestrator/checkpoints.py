"""At most the best K checkpoints of a sweep stay on disk; the others go as soon as they are beaten."""

import shutil
from pathlib import Path

from sweep.records import Objective, Status, TrialResult, TrialSpec

PROGRESS = "last.*"


def progress_of(spec: TrialSpec) -> str:
    """Where the progress of a trial that was cut lies.

    Args:
        spec: the trial.

    Returns:
        Its folder, or the one it was to go on from if it ended before it had taken that over; empty if
        neither has any.
    """
    folders = (spec.folder, spec.resume_from)
    return next((folder for folder in folders if folder and any(Path(folder).glob(PROGRESS))), "")


class CheckpointKeeper:
    """Keeps the folders of the best complete trials, and of those that were cut and may go on.

    Args:
        objective: what is better.
        keep: how many stay, at least 1: the best one is still to be packaged.
        root: folder of all trials; nothing outside of it is ever removed.
    """

    def __init__(self, *, objective: Objective, keep: int, root: Path) -> None:
        self._objective = objective
        self._keep = max(1, keep)
        self._root = root
        self._kept: list[tuple[float, TrialSpec, TrialResult]] = []
        self._cut: dict[int, list[TrialSpec]] = {}

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
        if result.status is Status.STOPPED or (result.status is Status.FAILED and result.retryable):
            self._take_in_cut(spec)
            return
        for earlier in self._cut.pop(spec.slot, []):
            self._remove(earlier)
        if result.status is not Status.COMPLETE or result.value is None:
            self._remove(spec)
            return
        self._kept.append((result.value, spec, result))
        # Of equal values the smaller trial number is ahead, as in Optuna and in the summary.
        sign = -1.0 if self._objective.maximise else 1.0
        self._kept.sort(key=lambda entry: (sign * entry[0], entry[1].number))
        for _, beaten, _ in self._kept[self._keep :]:
            self._remove(beaten)
        del self._kept[self._keep :]

    def _take_in_cut(self, spec: TrialSpec) -> None:
        earlier = self._cut.pop(spec.slot, [])
        if any(Path(spec.folder).glob(PROGRESS)):
            for former in earlier:
                self._remove(former)
            earlier = []
        # An attempt that ended before it had taken over the progress of another leaves that one its files.
        self._cut[spec.slot] = [*earlier, spec]

    def _remove(self, spec: TrialSpec) -> None:
        folder = Path(spec.folder)
        if folder.resolve().parent == self._root.resolve():
            shutil.rmtree(folder, ignore_errors=True)
