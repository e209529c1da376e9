"""The registry and the way of a model into Production, against a real SQLite store."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException

from sweep import promotion
from sweep.errors import InputError, PromotionError, SweepError, UnavailableError
from sweep.folder_hash import folder_sha256
from sweep.ports import Champion
from sweep.records import PackageResult
from sweep.tracking.registry import ModelRegistry
from sweep.tracking.store import Store, open_store
from tests.registering import NAMES, a_candidate, a_package, in_production, promoted, versions_of
from tests.unreliable import with_fault


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    home = tmp_path_factory.mktemp("home")
    return open_store(
        f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts", init_lock=home / "init.lock"
    )


@pytest.fixture
def registry(store: Store, tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(lambda: store, registry_lock=tmp_path / "registry.lock")


@pytest.fixture
def name() -> str:
    """A registered model of this test's own."""
    return f"rccar-test-{next(NAMES)}"


# What CLI.md promises


def test_registered_version_names_its_sweep_trial_data_and_sha256(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    candidate = a_candidate(store, tmp_path, name)
    champion = promotion.walk(registry, candidate, steps=promotion.REGISTRATION)
    assert champion == Champion(name=name, version="1", run_id=candidate.run_id, promoted=False)
    version = versions_of(store, name)["1"]
    place = Path(download_artifacts(artifact_uri=version.source, dst_path=str(tmp_path / "download")))
    expected = {
        "sweep.name": "track",
        "sweep.trial_uid": candidate.spec.trial_uid,
        "sweep.trial": "5",
        "data_digest": "d" * 64,
        "model_sha256": folder_sha256(place),
    }
    assert expected.items() <= version.tags.items()
    assert version.run_id == candidate.run_id
    assert in_production(store, name) == (None, [])


def test_registered_version_says_in_words_and_tags_how_good_it_is_on_which_data(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    promoted(registry, a_candidate(store, tmp_path, name, value=0.81138))
    version = versions_of(store, name)["1"]
    assert version.description == (
        "rccar sweep track, trial-003: miou 0.8114 on val of ./track (digest dddddddddddd), tiny_unet 128x96"
    )
    assert version.tags["sweep.metric"] == "miou_segmentation"
    assert version.tags["sweep.value"] == "0.81138"


def test_password_in_the_datas_address_is_in_no_word_of_the_registered_version(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    data = "https://me:S3CR3T@example.org/track"
    promoted(registry, a_candidate(store, tmp_path, name, value=0.5, data=data))
    version = versions_of(store, name)["1"]
    assert "on val of https://me:***@example.org/track" in str(version.description)
    assert "S3CR3T" not in str(version.description) + str(version.tags)


@pytest.mark.parametrize(
    ("former", "digest", "shown"),
    [(0.25, "d" * 64, 0.25), (0.25, "e" * 64, None), (None, "d" * 64, None)],
    ids=["same data", "other data", "no score"],
)
def test_replaced_version_is_named_with_its_score_only_if_it_was_judged_on_the_same_data(
    former: float | None,
    digest: str,
    shown: float | None,
    store: Store,
    registry: ModelRegistry,
    tmp_path: Path,
    name: str,
) -> None:
    promoted(registry, a_candidate(store, tmp_path, name, value=former, digest=digest))
    candidate = a_candidate(store, tmp_path, name, value=0.8)
    first = promoted(registry, candidate)
    again = promoted(registry, candidate)  # repeated after a crash
    assert first == again
    assert (first.replaced, first.value, first.replaced_value) == ("1", 0.8, shown)


def test_logged_model_is_ready_and_found_under_its_run(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    candidate = a_candidate(store, tmp_path, name)
    model_id = registry.log_model(candidate.package, spec=candidate.spec, run_id=candidate.run_id)
    logged = store.client.get_logged_model(model_id)
    assert (logged.name, logged.status, logged.source_run_id) == (
        "segmentation_model",
        "READY",
        candidate.run_id,
    )
    outputs = store.client.get_run(candidate.run_id).outputs
    assert outputs is not None
    assert [output.model_id for output in outputs.model_outputs] == [model_id]
    folder = Path(download_artifacts(artifact_uri=logged.artifact_location, dst_path=str(tmp_path / "d")))
    described = yaml.safe_load((folder / "MLmodel").read_text())
    assert (described["run_id"], described["model_id"]) == (candidate.run_id, model_id)
    assert (folder / "data" / "weights.bin").read_text() == "weights"
    assert folder_sha256(Path(candidate.package.model_folder)) == candidate.package.model_sha256


def test_promotion_sets_alias_and_stage_and_archives_the_former_champion(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    first = promoted(registry, a_candidate(store, tmp_path, name))
    assert (first.promoted, first.replaced) == (True, None)
    candidate = a_candidate(store, tmp_path, name)
    second = promoted(registry, candidate)
    assert second == Champion(name=name, version="2", run_id=candidate.run_id, promoted=True, replaced="1")
    assert in_production(store, name) == ("2", ["2"])
    assert versions_of(store, name)["1"].current_stage == "Archived"
    assert store.client.get_run(candidate.run_id).data.tags["sweep.registered_as"] == f"models:/{name}/2"
    assert registry.notes == []


def test_without_promotion_the_champion_stays(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    promoted(registry, a_candidate(store, tmp_path, name))
    candidate = a_candidate(store, tmp_path, name)
    champion = promotion.walk(registry, candidate, steps=promotion.REGISTRATION)
    assert (champion.version, champion.promoted) == ("2", False)
    assert in_production(store, name) == ("1", ["1"])


FRESH_PROCESS = """
import sys, mlflow, torch
mlflow.set_tracking_uri(sys.argv[1])
for uri in sys.argv[2:]:
    model = mlflow.pytorch.load_model(uri)
    print(float(model(torch.full((2, 3), 2.0)).sum()))
"""


@pytest.mark.slow
def test_promoted_torch_model_loads_by_stage_and_run_in_a_fresh_process(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    import mlflow.pytorch
    import numpy as np
    import torch
    from mlflow.models import infer_signature

    network = torch.nn.Linear(3, 1)
    torch.nn.init.constant_(network.weight, 0.5)
    torch.nn.init.constant_(network.bias, 1.0)
    example = np.zeros((2, 3), np.float32)
    mlflow.pytorch.save_model(
        network.eval(),
        str(tmp_path / "package"),
        signature=infer_signature(example, example[:, :1]),
        input_example=example,
        pip_requirements=["torch"],
    )
    candidate = a_candidate(store, tmp_path, name)
    candidate.package = PackageResult(
        trial_uid=candidate.spec.trial_uid,
        model_folder=str(tmp_path / "package"),
        model_sha256=folder_sha256(tmp_path / "package"),
    )
    promoted(registry, candidate)
    uris = [f"models:/{name}/Production", f"runs:/{candidate.run_id}/segmentation_model"]
    env = os.environ | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "DO_NOT_TRACK": "true"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FRESH_PROCESS, store.tracking_uri, *uris],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    # Two rows of 3 x 2.0 x 0.5 + 1.0.
    assert [float(line) for line in done.stdout.split()] == [8.0, 8.0]


# Stopped between any two steps


def test_steps_have_the_order_that_keeps_the_former_champion_until_all_is_verified() -> None:
    names = [step.name for step in promotion.STEPS]
    assert names[:3] == ["log_model", "register", "verify"]
    assert names[3:] == ["settle", "intend", "alias", "stage", "tag", "ledger"]


def test_cut_upload_is_removed_and_made_again(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    def cut(_: Callable[[], Any]) -> Any:
        raise MlflowException("connection lost")

    candidate = a_candidate(store, tmp_path, name)
    broken = with_fault(store, "log_model_artifacts", cut)
    with pytest.raises(UnavailableError, match="logging the model of trial-003: connection lost"):
        promoted(ModelRegistry(lambda: broken, registry_lock=tmp_path / "registry.lock"), candidate)
    words = f"tags.`sweep.trial_uid` = '{candidate.spec.trial_uid}'"
    logged = store.client.search_logged_models([store.experiment_id], filter_string=words)
    assert [model.status for model in logged] == ["PENDING"]
    promoted(registry, candidate)
    logged = store.client.search_logged_models([store.experiment_id], filter_string=words)
    assert [model.status for model in logged] == ["READY"]


def test_another_package_of_the_same_trial_is_another_version(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    candidate = a_candidate(store, tmp_path, name)
    promoted(registry, candidate)
    candidate.package = a_package(tmp_path / "again", "other weights", candidate.spec)
    assert promoted(registry, candidate).version == "2"
    assert (registry.load(name, into=tmp_path / "l") / "data" / "weights.bin").read_text() == "other weights"


# What must not get into Production


def test_altered_upload_is_found_before_the_alias_moves(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    promoted(registry, a_candidate(store, tmp_path, name))

    def alters(call: Callable[[], Any]) -> Any:
        call()
        [file] = (place(store) / "models").rglob("weights.bin.new")
        file.write_text("altered")

    candidate = a_candidate(store, tmp_path, name)
    shutil.copy(
        Path(candidate.package.model_folder, "data", "weights.bin"),
        Path(candidate.package.model_folder, "data", "weights.bin.new"),
    )
    candidate.package = PackageResult(
        trial_uid=candidate.spec.trial_uid,
        model_folder=candidate.package.model_folder,
        model_sha256=folder_sha256(Path(candidate.package.model_folder)),
    )
    altering = ModelRegistry(
        lambda: with_fault(store, "log_model_artifacts", alters), registry_lock=tmp_path / "registry.lock"
    )
    with pytest.raises(PromotionError, match=r"version 2 .* is not what was registered"):
        promoted(altering, candidate)
    assert in_production(store, name) == ("1", ["1"])


@pytest.mark.parametrize("fault", ["altered", "gone", "never made"])
def test_package_that_is_not_what_was_packaged_is_refused(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str, fault: str
) -> None:
    candidate = a_candidate(store, tmp_path, name)
    folder = Path(candidate.package.model_folder)
    if fault == "altered":
        (folder / "data" / "weights.bin").write_text("altered")
    elif fault == "gone":
        shutil.rmtree(folder)
    else:
        candidate.package = PackageResult(trial_uid="uid", reason="out_of_memory: too big")
    with pytest.raises(PromotionError, match=r"was changed|MLmodel is missing|out_of_memory"):
        promoted(registry, candidate)
    assert not store.client.search_registered_models(f"name = '{name}'")


def test_registry_locked_by_somebody_else_is_an_unavailable_error(store: Store, tmp_path: Path) -> None:
    lock = tmp_path / "registry.lock"
    waiting = ModelRegistry(lambda: store, registry_lock=lock, lock_timeout_s=0.0)
    with (
        FileLock(lock),
        pytest.raises(UnavailableError, match=r"another process has held .*registry\.lock"),
        waiting.locked(),
    ):
        pass


def test_registry_without_stages_promotes_by_alias_and_says_so_once(
    store: Store, tmp_path: Path, name: str
) -> None:
    def unsupported(_: Callable[[], Any]) -> Any:
        raise MlflowException.invalid_parameter_value("stages are unsupported in Unity Catalog")

    stageless = ModelRegistry(
        lambda: with_fault(store, "transition_model_version_stage", unsupported),
        registry_lock=tmp_path / "registry.lock",
    )
    promoted(stageless, a_candidate(store, tmp_path, name))
    assert in_production(store, name) == ("1", [])
    assert len(stageless.notes) == 1
    assert "alias 'production' says who is in Production" in stageless.notes[0]


def test_outage_while_the_stage_is_set_is_not_taken_for_a_registry_without_stages(
    store: Store, tmp_path: Path, name: str
) -> None:
    def down(_: Callable[[], Any]) -> Any:
        raise MlflowException("server is down")

    failing = ModelRegistry(
        lambda: with_fault(store, "transition_model_version_stage", down),
        registry_lock=tmp_path / "registry.lock",
    )
    with pytest.raises(UnavailableError, match="server is down"):
        promoted(failing, a_candidate(store, tmp_path, name))
    assert failing.notes == []


# Loading


@pytest.mark.parametrize(
    "form", ["{}", "{}@production", "models:/{}@production", "models:/{}/Production", "models:/{}/2"]
)
def test_every_address_of_the_champion_loads_it(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str, form: str
) -> None:
    promoted(registry, a_candidate(store, tmp_path, name, "first"))
    promoted(registry, a_candidate(store, tmp_path, name, "second"))
    folder = registry.load(form.format(name), into=tmp_path / "loaded")
    assert (folder / "data" / "weights.bin").read_text() == "second"


def test_model_without_champion_is_not_answered_with_the_latest(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    promoted(registry, a_candidate(store, tmp_path, name))
    store.client.delete_registered_model_alias(name, "production")
    for uri in (name, f"models:/{name}/Production"):
        with pytest.raises(InputError, match=r"has no version .*; its versions: 1"):
            registry.load(uri)


@pytest.mark.parametrize(
    "uri",
    ["models:/{}/latest", "models:/{}", "models:/{}/1/data", "runs:/abc/{}", "models://x/{}/1", "{}@", ""],
)
def test_address_of_another_form_is_an_input_error(registry: ModelRegistry, name: str, uri: str) -> None:
    with pytest.raises(InputError, match="names no registered model; write NAME"):
        registry.load(uri.format(name))


def test_misspelt_model_is_answered_with_the_near_one(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    promoted(registry, a_candidate(store, tmp_path, f"{name}-cones"))
    with pytest.raises(InputError, match=f"no registered model '{name}-cnes'; did you mean {name}-cones"):
        registry.load(f"{name}-cnes")


def test_foreign_version_is_refused_because_loading_it_could_run_code(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    store.client.create_registered_model(name)
    store.client.create_model_version(name, tmp_path.as_uri())
    with pytest.raises(InputError, match="was not registered by this program"):
        registry.load(f"models:/{name}/1")


def test_altered_artifact_is_refused_and_nothing_of_it_stays(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    promoted(registry, a_candidate(store, tmp_path, name))
    source = Path(str(versions_of(store, name)["1"].source).removeprefix("file://"))
    (source / "MLmodel").write_text("flavors: {python_function: {loader_module: evil}}")
    with pytest.raises(PromotionError, match="is not what was registered"):
        registry.load(name, into=tmp_path / "loaded")
    assert not list((tmp_path / "loaded").rglob("MLmodel"))


def test_store_that_cannot_be_opened_is_asked_at_the_first_use_only(tmp_path: Path) -> None:
    def fails() -> Store:
        raise UnavailableError("no such server")

    registry = ModelRegistry(fails, registry_lock=tmp_path / "registry.lock")
    with pytest.raises(SweepError, match="no such server"):
        registry.load("rccar-segmentation")


def place(store: Store) -> Path:
    location = store.client.get_experiment(store.experiment_id).artifact_location
    return Path(str(location).removeprefix("file://"))
