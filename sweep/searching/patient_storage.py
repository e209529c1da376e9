"""Optuna's storage that waits for a database which is locked, restarting or out of reach for a while.

Optuna's own storage gives up at the first fault, and what it was writing is lost to it. Here each write is
repeated for some minutes. A write whose reply was lost may have been done: repeating it changes nothing.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

T = TypeVar("T")

PATIENCE_S = 300.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
FAULTS = (SQLAlchemyError, StorageInternalError)
_LASTING = ("disk is full", "malformed", "not a database", "readonly", "no such", "disk i/o")


class PatientStorage(RDBStorage):
    """An RDBStorage whose writes outlast locks and restarts of the database.

    Args:
        url: SQLAlchemy address.
        engine_kwargs: for SQLAlchemy's engine.
        patience_s: how long a write is repeated, beyond what the database itself waits for a lock.

    Attributes:
        give_up: asked before each repetition; True ends the waiting, e.g. at a second Ctrl-C.
    """

    def __init__(self, url: str, *, engine_kwargs: dict[str, Any], patience_s: float = PATIENCE_S) -> None:
        super().__init__(url, engine_kwargs=engine_kwargs)
        self.give_up: Callable[[], bool] = lambda: False
        self._patience_s = patience_s
        self._is_repeated = False
        self._is_doubtful = False
        self._is_final = False
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _set_wal_mode)
            event.listen(self.engine, "begin", self._set_durability)
            self.engine.dispose()  # connections opened before the listeners were there

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Write a new trial, once."""
        self._is_doubtful = False
        return self._patiently(
            lambda: super(PatientStorage, self).create_new_trial(study_id, template_trial=template_trial)
        )

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Write how a trial ended: on the disk itself before this returns."""

        def write() -> bool:
            try:
                return super(PatientStorage, self).set_trial_state_values(trial_id, state, values)
            except UpdateFinishedTrialError:
                if self._is_repeated and self.get_trial(trial_id).state is state:
                    return True  # done before its reply was lost
                raise

        self._is_final = state.is_finished()
        try:
            return self._patiently(write)
        finally:
            self._is_final = False

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        """Write an epoch's value."""
        self._patiently(
            lambda: super(PatientStorage, self).set_trial_intermediate_value(
                trial_id, step, intermediate_value
            )
        )

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Write a trial's attribute."""
        self._patiently(lambda: super(PatientStorage, self).set_trial_user_attr(trial_id, key, value))

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Write an attribute that Optuna's own parts read."""
        self._patiently(lambda: super(PatientStorage, self).set_trial_system_attr(trial_id, key, value))

    def change_study_system_attrs(
        self, study_id: int, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> None:
        """Write many attributes of the study in one transaction.

        Args:
            study_id: of the study.
            change: takes the attributes there are, gives those to be added or replaced; may be called again.
        """
        self._patiently(lambda: self._change_attributes(study_id, change))

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Write an attribute of the study."""
        self._patiently(lambda: super(PatientStorage, self).set_study_system_attr(study_id, key, value))

    def _change_attributes(
        self, study_id: int, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> None:
        attribute = models.StudySystemAttributeModel
        with Session(self.engine) as session, session.begin():
            rows: dict[str, Any] = {str(row.key): row for row in attribute.where_study_id(study_id, session)}
            changes = change({key: json.loads(row.value_json) for key, row in rows.items()})
            for key, value in changes.items():
                if key in rows:
                    rows[key].value_json = json.dumps(value)
                else:
                    session.add(attribute(study_id=study_id, key=key, value_json=json.dumps(value)))

    def _patiently(self, write: Callable[[], T]) -> T:
        until, pause_s = time.monotonic() + self._patience_s, FIRST_PAUSE_S
        self._is_repeated = False
        while True:
            try:
                return write()
            except FAULTS as error:
                self._is_repeated = True
                if not is_passing(error) or self.give_up() or time.monotonic() >= until:
                    raise
            time.sleep(min(pause_s, max(until - time.monotonic(), 0.0)))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _get_prepared_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None, session: Session
    ) -> models.TrialModel:
        # Optuna itself repeats a creation, too, so the look is here, inside of each attempt.
        uid = None if template_trial is None else template_trial.user_attrs.get("trial_uid")
        found = self._trial_of(study_id, uid, session) if uid is not None and self._is_doubtful else None
        self._is_doubtful = True
        return found or super()._get_prepared_new_trial(study_id, template_trial, session)

    def _trial_of(self, study_id: int, uid: str, session: Session) -> models.TrialModel | None:
        attribute = models.TrialUserAttributeModel
        found: models.TrialModel | None = (
            session.query(models.TrialModel)
            .join(attribute, attribute.trial_id == models.TrialModel.trial_id)
            .filter(
                models.TrialModel.study_id == study_id,
                attribute.key == "trial_uid",
                attribute.value_json == json.dumps(uid),
            )
            .first()
        )
        return found

    def _set_durability(self, connection: Any) -> None:
        # A power cut may cost the latest epochs of a SQLite file in WAL mode, never the end of a trial.
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if self._is_final else 'NORMAL'}")


def is_passing(error: BaseException) -> bool:
    """Tell an outage from a fault that stays.

    Args:
        error: what SQLAlchemy or Optuna raised.

    Returns:
        True for locks, lost connections and servers that do not answer.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DBAPIError):
            said = str(cause).lower()
            is_outage = isinstance(cause, OperationalError | InterfaceError) or cause.connection_invalidated
            return bool(is_outage) and not any(word in said for word in _LASTING)
        cause = cause.__cause__
    return False


def _set_wal_mode(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()
