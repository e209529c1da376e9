"""What a scribe has to remember of all it was told, also by an earlier process."""

from dataclasses import dataclass, field

from sweep.records import SweepRecord, TrialResult, TrialSpec
from sweep.tracking.events import PARENT, FolderGone, RunFile, SweepEnd, SweepProgress, Told

REMEMBERED = (SweepRecord, TrialSpec, TrialResult, SweepEnd, SweepProgress, RunFile, FolderGone)


@dataclass(slots=True)
class ToldSoFar:
    """The state of a sweep's runs.

    Args:
        sweep: its name.
        open_uids: trials whose end was not told, and `PARENT` while the sweep's own was not.
        n_progress: how many times its progress was told.
        folders: (trial_uid, folder) of artifacts that were logged and not removed since.
    """

    sweep: str = ""
    open_uids: set[str] = field(default_factory=set)
    n_progress: int = 0
    folders: set[tuple[str, str]] = field(default_factory=set)

    def take(self, told: Told) -> None:
        """Remember an event.

        Args:
            told: of those in `REMEMBERED`; others change nothing.
        """
        match told:
            case SweepRecord():
                self.sweep = told.name
                self.open_uids.add(PARENT)
            case TrialSpec():
                self.open_uids.add(told.trial_uid)
            case TrialResult():
                self.open_uids.discard(told.trial_uid)
            case SweepEnd():
                self.open_uids.discard(PARENT)
            case SweepProgress():
                self.n_progress += 1
            case RunFile():
                self.folders.add((told.trial_uid, told.folder))
            case FolderGone():
                self.folders.discard((told.trial_uid, told.folder))
