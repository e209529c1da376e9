"""Notes and pictures for optuna-dashboard: in its own form, all at once, and never over a person's own."""

import uuid
from pathlib import Path

import optuna
import pytest
from optuna.artifacts import FileSystemArtifactStore
from optuna.trial import Trial, TrialState, create_trial
from optuna_dashboard import get_note, save_note
from optuna_dashboard.artifact._backend import list_trial_artifacts
from sqlalchemy import event

from sweep.evaluation import Evaluation
from sweep.records import Status
from sweep.searching.note_text import plain, run_link, study_text, trial_text
from sweep.searching.notes import StudyNotes, TrialNote, remove_pictures
from sweep.searching.patient_storage import PatientStorage
from sweep.searching.storage import open_storage
from sweep.summary import summarise
from tests.making import a_plan, a_result, a_spec

NAME = "noted"


@pytest.fixture
def storage(tmp_path: Path) -> PatientStorage:
    return open_storage(f"sqlite:///{tmp_path / 'optuna.db'}", init_lock=tmp_path / "lock")


def a_study(storage: PatientStorage, n: int = 2) -> tuple[optuna.Study, list[str]]:
    """A study of ended trials, and their uids."""
    study = optuna.create_study(storage=storage, study_name=NAME)
    uids = [uuid.uuid4().hex for _ in range(n)]
    for slot, uid in enumerate(uids):
        attributes = {"trial_uid": uid, "slot": slot}
        ended = create_trial(state=TrialState.COMPLETE, value=1.0, user_attrs=attributes)
        storage.create_new_trial(study._study_id, template_trial=ended)
    return study, uids


def notes_of(study: optuna.Study) -> list[str]:
    return [get_note(Trial(study, trial._trial_id)) for trial in study.get_trials()]


def writer(study: optuna.Study, storage: PatientStorage, tmp_path: Path) -> StudyNotes:
    return StudyNotes(storage, study._study_id, artifacts=tmp_path / "artifacts")


def test_notes_are_read_by_optuna_dashboard_itself(storage: PatientStorage, tmp_path: Path) -> None:
    study, uids = a_study(storage)
    long = "".join(f"{number} " for number in range(2000))
    texts = [TrialNote(trial_uid=uid, text=text) for uid, text in zip(uids, ("one", long), strict=True)]
    writer(study, storage, tmp_path).write([*texts, TrialNote(trial_uid="of another", text="?")], study="all")
    assert notes_of(study) == ["one", long]
    assert get_note(study) == "all"
    assert not (tmp_path / "artifacts").exists()


def test_note_that_became_shorter_leaves_nothing_of_the_longer_one(
    storage: PatientStorage, tmp_path: Path
) -> None:
    study, uids = a_study(storage, n=1)
    notes = writer(study, storage, tmp_path)
    for text in ("x" * 5000, "short"):
        notes.write([TrialNote(trial_uid=uids[0], text=text)])
    assert notes_of(study) == ["short"]


def test_note_that_somebody_edited_or_wrote_first_stays(storage: PatientStorage, tmp_path: Path) -> None:
    study, uids = a_study(storage, n=3)
    notes = writer(study, storage, tmp_path)
    save_note(Trial(study, study.get_trials()[2]._trial_id), "mine from the start")
    notes.write([TrialNote(trial_uid=uid, text="ours") for uid in uids], study="ours")
    save_note(Trial(study, study.get_trials()[0]._trial_id), "edited")
    save_note(study, "edited, too")
    notes.write([TrialNote(trial_uid=uid, text="ours again") for uid in uids], study="ours again")
    assert notes_of(study) == ["edited", "ours again", "mine from the start"]
    assert get_note(study) == "edited, too"


def test_same_notes_change_nothing(storage: PatientStorage, tmp_path: Path) -> None:
    study, uids = a_study(storage)
    notes = writer(study, storage, tmp_path)
    same = [TrialNote(trial_uid=uid, text="ours") for uid in uids]
    notes.write(same, study="ours")
    before = storage.get_study_system_attrs(study._study_id)
    notes.write(same, study="ours")
    assert storage.get_study_system_attrs(study._study_id) == before


@pytest.mark.slow
def test_300_notes_are_written_in_few_transactions(storage: PatientStorage, tmp_path: Path) -> None:
    study, uids = a_study(storage, n=300)
    commits: list[object] = []
    event.listen(storage.engine, "commit", commits.append)
    writer(study, storage, tmp_path).write([TrialNote(trial_uid=uid, text="x" * 800) for uid in uids])
    assert len(commits) < 10
    assert len(set(notes_of(study))) == 1


def test_pictures_are_shown_once_and_one_that_was_removed_stays_removed(
    storage: PatientStorage, tmp_path: Path
) -> None:
    study, uids = a_study(storage)
    picture = tmp_path / "montage.png"
    picture.write_bytes(b"picture")
    notes = writer(study, storage, tmp_path)
    note = TrialNote(trial_uid=uids[1], text="ours", pictures=(picture,))
    notes.write([note])
    notes.write([note])
    first, second = study.get_trials()
    attributes = storage.get_study_system_attrs(study._study_id)
    assert list_trial_artifacts(attributes, {}, first) == []
    (shown,) = list_trial_artifacts(attributes, {}, second)
    assert (shown["filename"], shown["mimetype"]) == ("montage.png", "image/png")
    store = FileSystemArtifactStore(tmp_path / "artifacts")
    with store.open_reader(shown["artifact_id"]) as content:
        assert content.read() == b"picture"
    # What optuna-dashboard does when somebody removes it.
    store.remove(shown["artifact_id"])
    key = f"dashboard:artifacts:{second._trial_id}:{shown['artifact_id']}"
    storage.set_study_system_attr(study._study_id, key, "null")
    notes.write([note])
    assert not list((tmp_path / "artifacts").iterdir())


def test_removing_a_study_removes_its_pictures_and_no_others(storage: PatientStorage, tmp_path: Path) -> None:
    study, uids = a_study(storage)
    picture = tmp_path / "montage.png"
    picture.write_bytes(b"picture")
    writer(study, storage, tmp_path).write([TrialNote(trial_uid=uids[0], text="", pictures=(picture,))])
    folder = tmp_path / "artifacts"
    (folder / "0000").write_text("of another study")
    storage.set_study_user_attr(study._study_id, "sweep.uid", "mine")
    remove_pictures(storage, NAME, uid="another sweep", artifacts=folder)
    assert len(list(folder.iterdir())) == 2
    for _ in range(2):  # after an interruption it is done again
        remove_pictures(storage, NAME, uid="mine", artifacts=folder)
    assert [file.name for file in folder.iterdir()] == ["0000"]
    remove_pictures(storage, "no such study", uid="", artifacts=folder)


def test_what_others_wrote_cannot_become_markup() -> None:
    spec = a_spec(3, params={"lr": 1e-3, "loss": "a_b"})
    reason = "exception: <script>alert(1)</script>\n# [x](http://e.org) $x$ | **b**"
    text = trial_text(spec, a_result(spec, None, status=Status.FAILED, reason=reason), link="http://h/#/x y)")
    assert "<script>" not in text.replace("\\<", "")
    assert r"\# \[x\]\(http://e.org\) \$x\$ \| \*\*b\*\*" in text
    assert "[its run in MLflow](http://h/#/x%20y%29)" in text
    assert r"- **loss**: a\_b" in text
    assert len(text.splitlines()) < 20
    assert plain("  a\n\tb ") == "a b"


def test_note_of_a_trial_says_what_was_found_out_about_it() -> None:
    spec = a_spec(7)
    found = Evaluation(trial_uid="x", low=0.4, high=0.6, n_images=48, latency_ms=2.25, latency_threads=1)
    text = trial_text(spec, a_result(spec, 0.5), evaluation=found)
    assert "### trial-007" in text
    assert "- **miou\\_segmentation**: 0.5 after epoch 4" in text
    assert "- **95 % interval**: 0.4000 to 0.6000, 48 frames" in text
    assert "- **one frame**: 2.2 ms on 1 CPU thread\n" in text
    assert "MLflow" not in text


def test_note_of_a_sweep_names_its_best_trial_and_where_the_model_is() -> None:
    trials = [(spec, a_result(spec, value)) for spec, value in ((a_spec(0), 0.4), (a_spec(1), 0.5))]
    text = study_text(
        summarise(a_plan(), trials, "all ended"), model="m version 2, in Production", link="http://h/x"
    )
    assert "- **best trial**: trial-001 \\(number 1\\)" in text
    assert "- **gain over the default configuration**: +0.1" in text
    assert "- **model**: m version 2, in Production" in text
    none = study_text(summarise(a_plan(), [], "stopped"), model="none")
    assert "best trial" not in none


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("sqlite:////home/mlflow.db", "http://127.0.0.1:5000/#/experiments/1/runs/abc"),
        ("https://me:secret@h.org/ml/", "https://h.org/ml/#/experiments/1/runs/abc"),
    ],
)
def test_link_to_a_run_has_no_password(address: str, link: str) -> None:
    made = run_link(address, experiment_id="1", run_id="abc", usual="http://127.0.0.1:5000")
    assert made == link
    assert run_link(address, experiment_id="1", run_id=None, usual="x") == ""
    assert run_link(address, experiment_id="", run_id="abc", usual="x") == ""
