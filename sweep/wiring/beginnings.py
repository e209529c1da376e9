"""The two ways a sweep begins: a fresh one takes a name, one that exists goes on from where it stands."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweep.errors import InputError, UnavailableError
from sweep.history import SweepHistory
from sweep.orchestrator.board import Board
from sweep.orchestrator.standing import resumed_board
from sweep.paths import write_text
from sweep.ports import Observer
from sweep.records import Status, SweepPlan, SweepRecord
from sweep.search_space import SearchSpace
from sweep.searching.restoring import find_study
from sweep.searching.searcher import open_study
from sweep.searching.storage import RDBStorage, has_study
from sweep.tracking import Scribe
from sweep.wiring import names
from sweep.wiring.differences import check_same
from sweep.wiring.reconciling import Rested, at_rest
from sweep.wiring.stored import StoredSweep


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A study that is ready for trials.

    Args:
        study_id: in Optuna's storage.
        board: which slots are open.
        rested: what an earlier process of the sweep has done, None if there was none.
    """

    study_id: int
    board: Board
    rested: Rested | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A sweep that does not exist yet.

    Args:
        uid: it gets.
    """

    uid: str

    def check(self, storage: RDBStorage, name: str) -> None:
        """Refuse a name that is taken.

        Args:
            storage: where the study will lie.
            name: of the sweep.

        Raises:
            InputError: there is a study of this name.
            UnavailableError: the storage cannot be used.
        """
        names.check_no_study(storage, name)

    def begin(
        self,
        storage: RDBStorage,
        *,
        space: SearchSpace,
        plan: SweepPlan,
        record: SweepRecord,
        scribe: Scribe,  # noqa: ARG002
        config: Path,
    ) -> Begun:
        """Write the config and create the study. From here on the sweep's name is taken.

        The config comes first: a process that is killed in between leaves a sweep that `sweep resume` goes on
        with and `sweep rm` removes, and never a study that nobody can reach.

        Args:
            storage: an open one.
            space: what is searched.
            plan: what all trials have in common.
            record: of the sweep.
            scribe: writes to MLflow.
            config: the sweep's file of settings.

        Returns:
            The study, without trials.

        Raises:
            InputError: a sweep of this name exists.
            UnavailableError: the storage cannot be used.
        """
        write_text(config, record.config)
        try:
            study_id = _make_study(storage, space=space, plan=plan, uid=self.uid)
        except BaseException as error:
            if isinstance(error, InputError) or not _may_exist(storage, plan.name):
                config.unlink()  # another sweep's name, or nobody's
            raise
        return Begun(study_id=study_id, board=Board(plan))


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A sweep that goes on.

    Args:
        stored: what it was started with.
        history: what its files say.
        observer: told what has changed since.
        shown: the storage's address without password.
        allow: what may have changed since, of `ALLOWANCES`.
        statuses: whose slots are tried again beside those that were cut.
    """

    stored: StoredSweep
    history: SweepHistory
    observer: Observer
    shown: str
    allow: Collection[str] = ()
    statuses: Collection[Status] = ()

    def check(self, storage: RDBStorage, name: str) -> None:
        """Nothing: the name is its own."""

    def begin(
        self,
        storage: RDBStorage,
        *,
        space: SearchSpace,
        plan: SweepPlan,
        record: SweepRecord,
        scribe: Scribe,
        config: Path,
    ) -> Begun:
        """Find the study, compare, and end what nobody runs any more.

        Args:
            storage: an open one.
            space: what is searched now.
            plan: what all trials have in common now.
            record: of the sweep as it is now.
            scribe: writes to MLflow.
            config: the sweep's file of settings, written once nothing speaks against them.

        Returns:
            The study with its trials.

        Raises:
            InputError: the study is gone or another one, or something has changed that nobody allowed.
            UnavailableError: the storage cannot be used.
        """
        if scribe.lacks_sweep():
            raise InputError(
                f"the run of {self.stored.name} is not in this MLflow store: it was removed, or "
                "--tracking-uri names another store than the sweep used. Nothing was changed"
            )
        study_id = self._study(storage, space=space, plan=plan)
        if self.history.record is not None:
            spaces: tuple[Mapping[str, Any], Mapping[str, Any]] = (self.stored.space, _as_stored(space))
            for notice in check_same(self.history.record, record, spaces=spaces, allow=self.allow):
                self.observer.notice(f"changed since: {notice}")
        rested = at_rest(storage, study_id, history=self.history, space=space, plan=plan, scribe=scribe)
        board = resumed_board(
            plan, rested.past, again=self.statuses, had_ended=self.history.status == "FINISHED"
        )
        write_text(config, record.config)
        return Begun(study_id=study_id, board=board, rested=rested)

    def _study(self, storage: RDBStorage, *, space: SearchSpace, plan: SweepPlan) -> int:
        """Its study; one that was never started and has none yet gets it now."""
        if self.history.record is None and not has_study(storage, plan.name):
            return _make_study(storage, space=space, plan=plan, uid=self.stored.uid)
        return find_study(storage, plan=plan, uid=self.stored.uid, shown=self.shown)


def _make_study(storage: RDBStorage, *, space: SearchSpace, plan: SweepPlan, uid: str) -> int:
    attributes = {
        "sweep.task": plan.task,
        "sweep.space": space.fingerprint(),
        "sweep.uid": uid,
        "data_digest": plan.digest,
    }
    return open_study(storage, plan=plan, attributes=attributes)


def _may_exist(storage: RDBStorage, name: str) -> bool:
    try:
        return has_study(storage, name)
    except UnavailableError:
        return True


def _as_stored(space: SearchSpace) -> dict[str, Any]:
    """As it comes back from JSON, where a tuple is a list."""
    found: dict[str, Any] = json.loads(json.dumps(space.to_dict()))
    return found
