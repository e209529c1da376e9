"""What all trials of a sweep have in common, and what the parent run says of it."""

import json
from pathlib import Path

from sweep import catalog
from sweep.config import Loaded, SweepConfig
from sweep.paths import SweepPaths
from sweep.provenance import git_commit, package_versions
from sweep.records import Objective, SweepPlan, SweepRecord
from sweep.search_space import SearchSpace
from sweep.workshop.data import PreparedData


def plan_of(
    config: SweepConfig, space: SearchSpace, *, name: str, paths: SweepPaths, data: PreparedData | None
) -> SweepPlan:
    """What all trials have in common.

    Args:
        config: the resolved config.
        space: gives the default number of epochs.
        name: of the sweep.
        paths: where trials keep their files.
        data: the cache, None for the stand-in.

    Returns:
        The plan.
    """
    metric = catalog.metric_of(config.task, config.metric)
    return SweepPlan(
        name=name,
        task=config.task,
        trainer=config.trainer,
        epochs=config.epochs or space.epochs,
        objective=Objective(metric.logged, metric.maximise),
        seed=config.seed,
        n_slots=config.trials,
        folder=str(paths.trials),
        data_ref=str(data.folder) if data else "",
        digest=data.digest if data else "",
        weights=config.weights,
        keep=config.keep,
        max_failures=config.max_failures,
        max_retries=config.max_retries,
        timeout_s=config.timeout,
        trial_timeout_s=config.trial_timeout,
        stall_timeout_s=config.stall_timeout,
        target=config.target,
        patience=config.patience,
    )


def record_of(
    loaded: Loaded, space: SearchSpace, plan: SweepPlan, data: PreparedData | None, *, uid: str
) -> SweepRecord:
    """What the parent run says of the sweep.

    Args:
        loaded: the config, each value with its origin.
        space: what is searched.
        plan: what all trials have in common.
        data: the cache, None for the stand-in.
        uid: of the sweep.

    Returns:
        The record, without secrets.
    """
    config = loaded.config
    commit = git_commit()
    versions = {f"version.{package}": number for package, number in package_versions().items()}
    versions["version.metrics"] = str(catalog.METRICS_VERSION)
    resolved = config.to_dict() | {
        "name": plan.name,
        "epochs": plan.epochs,
        "image_size": list(data.image_size) if data else None,
        "frames": dict(data.counts) if data else None,
        "metric": plan.objective.metric,
        "space": space.to_dict(),
        "space_source": config.space,
        "uid": uid,
        "folder": str(Path.cwd()),
        "origins": dict(loaded.origins),
    }
    return SweepRecord(
        name=plan.name,
        task=plan.task,
        objective=plan.objective,
        config=json.dumps(resolved, indent=2),
        params={
            "task_type": plan.task,
            "metric": plan.objective.metric,
            "epochs": str(plan.epochs),
            "trials": str(plan.n_slots),
            "sampler": config.sampler,
            "pruner": config.pruner,
            "seed": str(config.seed),
            "space": space.name,
            "data": config.data,
            "data_digest": plan.digest,
            "image_size": "x".join(map(str, data.image_size)) if data else "",
        },
        tags=versions | {"sweep.uid": uid} | ({"mlflow.source.git.commit": commit} if commit else {}),
        data_source=data.source if data else "",
        data_format=data.format if data else "",
        data_digest=plan.digest,
        classes=data.classes if data else (),
        total_slots=plan.n_slots,
    )
