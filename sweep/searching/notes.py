"""Notes and pictures of a study, as optuna-dashboard shows them.

Optuna lets nobody touch a trial that has ended, so both lie in the study's system attributes, where
optuna-dashboard itself puts its notes (and put the pictures of trials before Optuna knew them):

    dashboard:12:note_ver, dashboard:12:note_str:0, ...     a trial's note and how often it was saved
    dashboard:artifacts:12:ID                               a trial's picture; the file is called ID
    sweep:note_ver:12                                       the version that we wrote

Hundreds of them are written in one transaction: `optuna_dashboard.save_note` makes four for each. A note that
somebody has edited since has another version than ours, and stays.
"""

import json
import mimetypes
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.artifacts import FileSystemArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from sqlalchemy.orm import Session

from sweep.errors import UnavailableError
from sweep.searching.patient_storage import PatientStorage
from sweep.searching.storage import storage_errors

CHUNK_CHARS = 2045  # optuna-dashboard's, since Optuna's oldest tables held 2048
OURS = "sweep:note_ver"
OF_STUDY, OF_TRIAL = "artifacts:", "dashboard:artifacts:"
REMOVED = "null"
"""What optuna-dashboard writes where somebody removes a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialNote:
    """What is to be shown of a trial.

    Args:
        trial_uid: whose.
        text: Markdown.
        pictures: files, each shown under its own name.
    """

    trial_uid: str
    text: str
    pictures: tuple[Path, ...] = ()


class StudyNotes:
    """Writes what optuna-dashboard shows of a study beside its trials.

    Args:
        storage: an open one.
        study_id: of the study.
        artifacts: folder of the pictures, optuna-dashboard's `--artifact-dir`.
    """

    def __init__(self, storage: PatientStorage, study_id: int, *, artifacts: Path) -> None:
        self._storage = storage
        self._study_id = study_id
        self._artifacts = artifacts

    def write(self, notes: Sequence[TrialNote], *, study: str = "") -> None:
        """Write notes and pictures; those that are there and the same stay, and so do those of others.

        Args:
            notes: of ended trials.
            study: Markdown for the study itself; empty for none.

        Raises:
            UnavailableError: the storage or the folder cannot be used.
        """
        with storage_errors("writing notes for optuna-dashboard"):
            ids = self._trial_ids()
            known = [(ids[note.trial_uid], note) for note in notes if note.trial_uid in ids]
            pictures = self._stored(known)
            texts = {f":{trial_id}": note.text for trial_id, note in known}
            if study:
                texts[""] = study
            self._storage.change_study_system_attrs(
                self._study_id, lambda there: _changes(there, texts, pictures)
            )

    def _trial_ids(self) -> dict[str, int]:
        attribute = models.TrialUserAttributeModel
        with Session(self._storage.engine) as session:
            rows = (
                session.query(attribute.value_json, attribute.trial_id)
                .join(models.TrialModel, models.TrialModel.trial_id == attribute.trial_id)
                .filter(models.TrialModel.study_id == self._study_id, attribute.key == "trial_uid")
                .all()
            )
        return {json.loads(uid): trial_id for uid, trial_id in rows}

    def _stored(self, notes: Sequence[tuple[int, TrialNote]]) -> dict[str, str]:
        """Put pictures into the folder; what says so in the study, by its key."""
        store, metas = FileSystemArtifactStore(self._artifacts), {}
        there = self._storage.get_study_system_attrs(self._study_id)
        try:
            for trial_id, note in notes:
                for file in note.pictures:
                    # Always the same name: a process that was killed here leaves no file that nobody knows.
                    name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{note.trial_uid}/{file.name}"))
                    key = f"{OF_TRIAL}{trial_id}:{name}"
                    if there.get(key) == REMOVED:
                        continue
                    self._artifacts.mkdir(parents=True, exist_ok=True)
                    with file.open("rb") as content:
                        store.write(name, content)
                    metas[key] = _meta(name, file)
        except OSError as error:
            raise UnavailableError(
                f"{self._artifacts}: a picture cannot be written: {error.strerror or error}; mend the disk"
            ) from error
        return metas


def remove_pictures(storage: RDBStorage, name: str, *, uid: str, artifacts: Path) -> None:
    """Remove the pictures of a study that is about to be removed.

    Args:
        storage: an open one.
        name: of the study; one that is not there has none.
        uid: of its sweep; pictures of another sweep stay. Empty for one of an earlier version.
        artifacts: folder of the pictures.

    Raises:
        UnavailableError: the storage or the folder cannot be used.
    """
    store = FileSystemArtifactStore(artifacts)
    with storage_errors(f"looking for the pictures of study {name}"):
        try:
            study_id = storage.get_study_id_from_name(name)
        except KeyError:
            return
        if uid and storage.get_study_user_attrs(study_id).get("sweep.uid", uid) != uid:
            return
        attributes = [storage.get_study_system_attrs(study_id)]
        attributes += [trial.system_attrs for trial in storage.get_all_trials(study_id, deepcopy=False)]
    for one in attributes:
        for picture in _pictures_in(one):
            try:
                store.remove(picture)
            except (ArtifactNotFound, ValueError):
                continue
            except OSError as error:
                raise UnavailableError(
                    f"{artifacts}: a picture cannot be removed: {error.strerror or error}; do it again"
                ) from error


def _pictures_in(attributes: Mapping[str, Any]) -> Iterator[str]:
    for key, value in attributes.items():
        if key.startswith((OF_STUDY, OF_TRIAL)) and value != REMOVED:
            yield str(json.loads(value)["artifact_id"])


def _meta(name: str, file: Path) -> str:
    kind, encoding = mimetypes.guess_type(file.name)
    return json.dumps({"artifact_id": name, "filename": file.name, "mimetype": kind, "encoding": encoding})


def _changes(
    there: Mapping[str, Any], texts: Mapping[str, str], pictures: Mapping[str, str]
) -> dict[str, Any]:
    changes: dict[str, Any] = {key: meta for key, meta in pictures.items() if key not in there}
    for whose, text in texts.items():
        changes |= _note(there, whose, text)
    return changes


def _note(there: Mapping[str, Any], whose: str, text: str) -> dict[str, Any]:
    head = f"dashboard{whose}"
    version = there.get(f"{head}:note_ver", 0)
    if version != there.get(f"{OURS}{whose}", 0):
        return {}  # somebody has edited it
    chunks = [text[start : start + CHUNK_CHARS] for start in range(0, len(text), CHUNK_CHARS)]
    place = f"{head}:note_str:"
    n_before = sum(1 for key in there if key.startswith(place)) if version else 0
    chunks += [""] * (n_before - len(chunks))
    parts = {f"{place}{index}": chunk for index, chunk in enumerate(chunks)}
    if all(there.get(key) == chunk for key, chunk in parts.items()):
        return {}
    return {f"{head}:note_ver": version + 1, f"{OURS}{whose}": version + 1, **parts}
