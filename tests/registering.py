"""Small packages on their way into a real registry."""

from pathlib import Path

from mlflow.entities.model_registry import ModelVersion
from mlflow.models import Model

from sweep import promotion
from sweep.folder_hash import folder_sha256
from sweep.ports import Champion
from sweep.records import PackageResult, TrialSpec
from sweep.tracking.registry import ModelRegistry
from sweep.tracking.store import Store
from tests.making import MIOU, a_spec

NAMES = iter(range(1_000_000))


def a_package(
    folder: Path, content: str = "weights", spec: TrialSpec | None = None, value: float | None = None
) -> PackageResult:
    """A small MLflow model folder; the registry does not care what the network is."""
    folder.mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "data" / "weights.bin").write_text(content)
    Model(flavors={"pytorch": {"pytorch_version": "2"}}).save(str(folder / "MLmodel"))
    uid = spec.trial_uid if spec else "uid"
    metrics = {} if value is None else {MIOU.metric: value}
    return PackageResult(
        trial_uid=uid, model_folder=str(folder), model_sha256=folder_sha256(folder), metrics=metrics
    )


def a_candidate(
    store: Store,
    folder: Path,
    model: str,
    content: str = "weights",
    *,
    value: float | None = None,
    digest: str = "d" * 64,
    data: str = "./track",
) -> promotion.Candidate:
    """A packaged trial whose run, and its sweep's run, are in MLflow."""
    spec = a_spec(3, trial_uid=f"uid-{next(NAMES)}", number=5, digest=digest)
    parent = store.client.create_run(store.experiment_id).info.run_id
    for name, text in {"data": data, "image_size": "128x96"}.items():
        store.client.log_param(parent, name, text)
    tags = {"sweep.name": "track", "mlflow.parentRunId": parent}
    run = store.client.create_run(store.experiment_id, tags=tags, run_name=spec.run_name)
    package = a_package(folder / spec.trial_uid, content, spec, value)
    return promotion.Candidate(package=package, spec=spec, run_id=run.info.run_id, model=model)


def promoted(registry: ModelRegistry, candidate: promotion.Candidate) -> Champion:
    return promotion.walk(registry, candidate, steps=promotion.STEPS)


def versions_of(store: Store, name: str) -> dict[str, ModelVersion]:
    found = store.client.search_model_versions(f"name = '{name}'")
    return {str(version.version): version for version in found}


def in_production(store: Store, name: str) -> tuple[str | None, list[str]]:
    """The version with the alias, and those in the stage."""
    aliases = store.client.get_registered_model(name).aliases
    staged = [
        version.version
        for version in versions_of(store, name).values()
        if version.current_stage == "Production"
    ]
    return (str(aliases["production"]) if "production" in aliases else None), [str(one) for one in staged]
