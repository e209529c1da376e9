"""Sweeps as their own folders hold them, running or not: no database is asked, nothing is changed."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweep.errors import InputError
from sweep.history import PastTrial, SweepHistory, named
from sweep.paths import Home
from sweep.records import EpochReport, Objective, Status, SweepRecord
from sweep.remedies import next_step
from sweep.summary import Summary, effective_params, summarise
from sweep.tracking.history import read_history, read_reports
from sweep.wiring import is_held, read_stored, sweep_names

SETTINGS = ("data", "image_size", "epochs", "sampler", "pruner", "seed")
CLOSED = (Status.COMPLETE, Status.PRUNED, Status.INFEASIBLE, Status.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepView:
    """A sweep as it stands.

    Args:
        name: of the sweep.
        state: "running", "done", "stopped", "failed", "never started", or "cut": nobody runs it or wrote
            down its end.
        why: of its end, one line; empty while it runs.
        record: of its latest start.
        settings: what it was started with.
        summary: its numbers.
        trials: all of them, by number.
        began_ms: when it was started first, milliseconds since 1970.
        last_ms: when anything happened last.
        notes: what its end says, e.g. `sweep.model`.
        spool: its file of events.
    """

    name: str
    state: str
    why: str
    record: SweepRecord
    settings: dict[str, Any]
    summary: Summary
    trials: Sequence[PastTrial]
    began_ms: int
    last_ms: int
    notes: dict[str, str]
    spool: Path

    @property
    def running(self) -> list[PastTrial]:
        """Trials that a worker has now."""
        return [trial for trial in self.trials if trial.result is None] if self.state == "running" else []

    @property
    def n_closed(self) -> int:
        """Slots that have come to their end."""
        ended = [trial for trial in self.trials if trial.result is not None]
        last = {trial.spec.slot: trial.ending for trial in ended}
        return sum(result.status in CLOSED and not result.retryable for result in last.values())

    @property
    def varied_params(self) -> set[str]:
        """Parameters in which its trials differ, by the names users write; all of them of a single trial."""
        found = [effective_params(trial.spec) for trial in self.trials]
        names = {name for params in found for name in params}
        if len(found) < 2:
            return names
        return {name for name in names if len({params.get(name) for params in found}) > 1}

    @property
    def train_time_s(self) -> float:
        """Seconds of training, of all trials together."""
        return sum(trial.ending.train_time_s for trial in self.trials)

    def trial(self, word: int | str) -> PastTrial:
        """Find a trial.

        Args:
            word: its run name or the number in it.

        Returns:
            The trial.

        Raises:
            InputError: the sweep has no such trial.
        """
        found = named(self.trials, str(word))
        if found is None:
            last = max((trial.spec.slot for trial in self.trials), default=None)
            known = (
                "none has started yet" if last is None else f"its trials are trial-000 to trial-{last:03d}"
            )
            raise InputError(f"--trial {word}: {self.name} has no such trial; {known}")
        return found

    @property
    def resume_command(self) -> str:
        """The command that goes on with it."""
        return f"sweep resume {self.name}{Home(self.spool.parents[2]).flag}"

    @property
    def next_step(self) -> str:
        """What helps where all trials failed for one kind of reason; empty if they did not."""
        retry = f"sweep retry {self.name}{Home(self.spool.parents[2]).flag}"
        return next_step(self.summary.all_failed, retry=retry) if self.state != "running" else ""

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, for `--json`."""
        return self.summary.to_dict() | {
            "state": self.state,
            "why_ended": self.why,
            "closed": self.n_closed,
            "began": stamp(self.began_ms),
            "last": stamp(self.last_ms),
            "settings": self.settings,
            "data_digest": self.record.data_digest,
            "classes": list(self.record.classes),
            "train_time_s": round(self.train_time_s, 3),
            "model": self.notes.get("sweep.model"),
            "not_promoted_because": self.notes.get("sweep.not_promoted", ""),
            "running": [described(trial) for trial in self.running],
        }


def sweeps(home: str | None = None) -> list[SweepView]:
    """Look at every sweep of a home.

    Args:
        home: where they lie; None for the environment's or `mlruns/`.

    Returns:
        All of them, the latest first; one that never started a trial has the time of its settings.

    Raises:
        InputError: a sweep's files are damaged.
        UnavailableError: they cannot be read.
    """
    where = Home.at(home)
    found = [_view(where, name) or _unstarted(where, name) for name in sweep_names(where)]
    return sorted(found, key=lambda view: view.began_ms, reverse=True)


def sweep_view(name: str, home: str | None = None) -> SweepView:
    """Look at a sweep.

    Args:
        name: of the sweep.
        home: where it lies; None for the environment's or `mlruns/`.

    Returns:
        How it stands.

    Raises:
        InputError: there is no such sweep, or it never started.
        UnavailableError: its files cannot be read.
    """
    view = _view(Home.at(home), name)
    if view is None:
        raise InputError(
            f"{name}: it has not started yet; `sweep resume {name}{Home.at(home).flag}` goes on with it"
        )
    return view


def curves(view: SweepView, trial: PastTrial) -> list[EpochReport]:
    """Read everything that a trial's epochs said; a view holds the objective only.

    Args:
        view: its sweep.
        trial: of the sweep.

    Returns:
        Its epochs, in order.

    Raises:
        UnavailableError: the sweep's files cannot be read.
    """
    return read_reports(view.spool, trial.spec.trial_uid)


def described(trial: PastTrial) -> dict[str, object]:
    """A trial as plain values.

    Args:
        trial: of a sweep.

    Returns:
        JSON-able.
    """
    result, spec = trial.ending, trial.spec
    return {
        "trial": spec.number,
        "slot": spec.slot,
        "run_name": spec.run_name,
        "state": "running" if trial.result is None else result.status.value,
        "value": result.value,
        "epoch": trial.last.epoch if trial.last else 0,
        "best_epoch": result.best_epoch,
        "params": effective_params(spec),
        "metrics": result.metrics,
        "reason": "" if trial.result is None else result.reason,
        "train_time_s": round(result.train_time_s, 3),
        "began": stamp(trial.began_ms),
        "history": trial.values,
    }


def stamp(at_ms: int) -> str:
    """A moment as text.

    Args:
        at_ms: milliseconds since 1970.

    Returns:
        ISO 8601 in UTC, to the second; empty for 0.
    """
    if not at_ms:
        return ""
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _view(home: Home, name: str) -> SweepView | None:
    stored = read_stored(home, name)
    is_running = is_held(home.sweep(stored.name))
    spool = home.sweep(stored.name).spool
    history = read_history(spool)
    if history.record is None:
        return None
    ended = [(trial.spec, trial.ending) for trial in history.in_order_of_ends() if trial.result is not None]
    cut = [(trial.spec, trial.ending) for trial in history.cut]
    return SweepView(
        name=stored.name,
        state=_state(history, is_running=is_running),
        why="" if is_running else history.why,
        record=history.record,
        settings={key: stored.settings.get(key) for key in SETTINGS},
        summary=summarise(history.record, ended, history.why, unended=cut),
        trials=sorted(history.trials.values(), key=lambda trial: trial.spec.number),
        began_ms=history.began_ms,
        last_ms=history.last_ms,
        notes=dict(history.notes),
        spool=spool,
    )


def _unstarted(home: Home, name: str) -> SweepView:
    """A sweep that has settings and nothing else: its process died, or its databases could not be opened."""
    stored = read_stored(home, name)
    paths = home.sweep(stored.name)
    task, metric = str(stored.settings["task"]), str(stored.settings["metric"])
    record = SweepRecord(
        name=stored.name,
        task=task,
        objective=Objective(metric=f"{metric}_{task}", maximise=metric != "val_loss"),
        config="",
        total_slots=int(stored.settings["trials"]),
    )
    began_ms = int(paths.config.stat().st_mtime * 1000)
    return SweepView(
        name=stored.name,
        state="running" if is_held(paths) else "never started",
        why="",
        record=record,
        settings={key: stored.settings.get(key) for key in SETTINGS},
        summary=summarise(record, [], ""),
        trials=(),
        began_ms=began_ms,
        last_ms=began_ms,
        notes={},
        spool=paths.spool,
    )


def _state(history: SweepHistory, *, is_running: bool) -> str:
    if is_running:
        return "running"
    return {"FINISHED": "done", "KILLED": "stopped", "FAILED": "failed"}.get(history.status, "cut")
