"""Everything a report is written from, gathered: plain records, and why something is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweep.evaluation import Evaluation
from sweep.history import PastTrial
from sweep.records import Status, SweepRecord
from sweep.search_space import Narrowed, SearchSpace
from sweep.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of Plotly as JSON.

    Args:
        by_name: "history", "importance", "parallel", "slices", "contour", "curves", "classes", "confusion".
        titles: what each of them shows, by the same names; a figure has none in itself.
        missing: why one is not there, by the same names.
    """

    by_name: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things are, without passwords.

    Args:
        home: of the sweep.
        tracking_uri: MLflow's store.
        storage: Optuna's storage.
        commands: that open them, by what they open.
        checkpoint: file or artifact of the best trial's weights, empty if there is none.
        load_command: Python that opens the registered model, empty if there is none.
    """

    home: str
    tracking_uri: str
    storage: str
    commands: Mapping[str, str] = field(default_factory=dict)
    checkpoint: str = ""
    load_command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Where to look next.

    Args:
        narrowed: the narrower space, or why there is none.
        yaml: its file's text, empty if there is none.
        file: where that lies.
    """

    narrowed: Narrowed
    yaml: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A sweep, as far as it can be told.

    Args:
        state: "running", "done", "stopped", "failed" or "cut".
        why: of its end, one line.
        record: of its latest start.
        config: the resolved config.
        space: that was searched, None if this version cannot read it.
        summary: its numbers.
        trials: all of them, by number.
        notes: what its end says: `sweep.model`, `sweep.not_promoted`, `sweep.gate_why`.
        leak: how many frames of val seem to come from drives in train too, empty if none does.
        leak_unknown: why that was not looked at, empty if it was.
        doubt: why the ranking means nothing, empty if it means something.
        evaluation: of the best trial; its `reason` says why there is none.
        pictures: data URIs by file name, of the evaluation.
        figures: of Plotly.
        places: where things are.
        next: where to look next.
        began: when the sweep began, as text.
        last: when anything happened last, as text.
        written: when this is written, as text.
        version: of this program.
    """

    state: str
    why: str
    record: SweepRecord
    config: Mapping[str, Any]
    space: SearchSpace | None
    summary: Summary
    trials: Sequence[PastTrial]
    notes: Mapping[str, str]
    evaluation: Evaluation
    figures: Figures
    places: Places
    next: Next
    leak: str = ""
    leak_unknown: str = ""
    doubt: str = ""
    pictures: Mapping[str, str] = field(default_factory=dict)
    began: str = ""
    last: str = ""
    written: str = ""
    version: str = ""

    @property
    def metric(self) -> str:
        """The objective's name as users write it."""
        return self.record.objective.metric.removesuffix(f"_{self.record.task}")

    @property
    def ended(self) -> list[PastTrial]:
        """Trials that came to an end."""
        return [trial for trial in self.trials if trial.result is not None]

    def having(self, status: Status) -> list[PastTrial]:
        """Trials of a status.

        Args:
            status: how they ended.

        Returns:
            Them, by number.
        """
        return [trial for trial in self.ended if trial.ending.status is status]
