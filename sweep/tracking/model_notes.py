"""What a registered version says of itself: from which sweep it came, how good it is, and on which data.

The tags of the logged model are written first; the version takes them over, and its description is made of
them. Nothing in them is secret.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sweep.catalog import TASKS
from sweep.records import PackageResult, TrialSpec
from sweep.redaction import redacted
from sweep.tracking.run_fields import checked_tags, cut

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

METRIC, VALUE, SCORES, DIGEST = "sweep.metric", "sweep.value", "sweep.scores", "data_digest"
DIGEST_CHARS = 12
DESCRIPTION_CHARS = 4000  # MLflow's table takes 5,000


def model_tags(
    client: "MlflowClient", run: "Run", *, spec: TrialSpec, package: PackageResult
) -> dict[str, str]:
    """Tags of a logged model.

    Args:
        client: of the store.
        run: the trial's run.
        spec: the trial.
        package: the packaged model with its re-evaluated metrics.

    Returns:
        By name; what is not known is left out.

    Raises:
        MlflowException: the store cannot be used.
    """
    metric = spec.objectives[0].metric
    value = package.metrics.get(metric)
    about = _params_of_parent(client, run)
    tags = {
        "sweep.name": run.data.tags.get("sweep.name", ""),
        "sweep.trial_uid": spec.trial_uid,
        "sweep.trial": str(spec.number),
        "sweep.run_name": spec.run_name,
        "sweep.task": spec.task,
        "sweep.model": spec.model,
        METRIC: "" if value is None else metric,
        VALUE: "" if value is None else f"{value:.6g}",
        SCORES: json.dumps({name: package.metrics[name] for name in _headlines(spec, package)}),
        "sweep.data": about.get("data", ""),
        "sweep.image_size": about.get("image_size", ""),
        "package_sha256": package.model_sha256,
        DIGEST: spec.digest,
    }
    return checked_tags({name: redacted(text) for name, text in tags.items() if text})


def description(tags: Mapping[str, str]) -> str:
    """One line about a version.

    Args:
        tags: of its logged model.

    Returns:
        E.g. `rccar sweep track-1, trial-038: miou 0.8114 on val of ./track (digest 3fa0c1d2e4b5), tiny_unet
        128x96`, shorter where something is not known.
    """
    source = ", ".join(filter(None, (tags.get("sweep.name"), tags.get("sweep.run_name"))))
    model = " ".join(filter(None, (tags.get("sweep.model"), tags.get("sweep.image_size"))))
    data = f" of {tags['sweep.data']}" if "sweep.data" in tags else ""
    digest = f" (digest {tags[DIGEST][:DIGEST_CHARS]})" if DIGEST in tags else ""
    score = value_of(tags)
    metric = tags.get(METRIC, "").removesuffix(f"_{tags.get('sweep.task')}")
    judged = "" if score is None else f": {metric} {score:.4f} on val{data}{digest}"
    return cut(f"rccar sweep {source}{judged}, {model}", DESCRIPTION_CHARS)


def scores_of(tags: Mapping[str, str]) -> dict[str, float]:
    """Read all scores that a version was registered with.

    Args:
        tags: of a version.

    Returns:
        By logged name; of one that an older program registered the objective's only.
    """
    try:
        return {str(name): float(score) for name, score in json.loads(tags.get(SCORES, "")).items()}
    except (ValueError, TypeError, AttributeError):
        value = value_of(tags)
        return {} if value is None else {tags[METRIC]: value}


def value_of(tags: Mapping[str, str]) -> float | None:
    """Read a version's score.

    Args:
        tags: of a version.

    Returns:
        The objective's value; None if it has none, e.g. because an older program registered it.
    """
    try:
        return float(tags.get(VALUE, ""))
    except ValueError:
        return None


def are_comparable(tags: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Say whether the scores of two versions may stand side by side.

    Args:
        tags: of one version.
        others: of the other.

    Returns:
        Whether both were judged by the same metric on the same data.
    """
    return all(tags.get(name) and tags.get(name) == others.get(name) for name in (METRIC, DIGEST))


def _headlines(spec: TrialSpec, package: PackageResult) -> list[str]:
    """What can be optimised; the scores of each class are in the run."""
    if spec.task not in TASKS:
        return []
    return [metric.logged for metric in TASKS.get(spec.task).metrics if metric.logged in package.metrics]


def _params_of_parent(client: "MlflowClient", run: "Run") -> dict[str, str]:
    """What the sweep's run says: a trial's own run names neither data nor size."""
    parent = run.data.tags.get("mlflow.parentRunId")
    return dict(client.get_run(parent).data.params) if parent else {}
