"""An observer that shows nothing, for notebooks and scripts."""

import warnings

from sweep.ports import Results
from sweep.records import EpochReport, SweepRecord, TrialResult, TrialSpec


class Silent:
    """Passes notices on as Python warnings and keeps quiet about the rest."""

    def notice(self, text: str) -> None:
        """Warn."""
        warnings.warn(text, stacklevel=2)

    def phase(self, text: str, done: int = 0, total: int = 0) -> None:
        """Not shown."""

    def sweep_started(self, record: SweepRecord) -> None:
        """Not shown."""

    def sweep_resumed(self, closed: Results, n_again: int) -> None:
        """Not shown."""

    def trial_started(self, spec: TrialSpec) -> None:
        """Not shown."""

    def ending(self, text: str) -> None:
        """Not shown."""

    def epoch(self, report: EpochReport) -> None:
        """Not shown."""

    def trial_finished(self, spec: TrialSpec, result: TrialResult) -> None:
        """Not shown."""
