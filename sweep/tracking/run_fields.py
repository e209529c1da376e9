"""The words of a run in MLflow: tags, params, metrics and statuses of CLI.md, made from our records.

Pure: knows MLflow's limits, not MLflow. Source of the limits: mlflow/utils/validation.py of 3.17.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import PurePath

from sweep.records import Status, SweepRecord, TrialResult, TrialSpec

ParamName = Callable[[TrialSpec, str], str]

KEY_CHARS = 250
PARAM_CHARS = 6000
TAG_CHARS = 8000
DIGEST_CHARS = 36
DATASET_NAME_CHARS = 500

RUN_STATUS = {
    Status.COMPLETE: "FINISHED",
    Status.PRUNED: "KILLED",
    Status.STOPPED: "KILLED",
    Status.PAUSED: "KILLED",
    Status.FAILED: "FAILED",
    Status.INFEASIBLE: "FAILED",
}
SWEEP_STATE = {"FINISHED": "complete", "KILLED": "stopped", "FAILED": "failed"}


def key(name: str) -> str:
    """Make a name that MLflow accepts; different names stay different.

    Args:
        name: of a metric, param or tag.

    Returns:
        The same name where it is fine; else its odd characters replaced and a hash behind it.
    """
    # A slash is allowed but read as a path, where "a//b" and a leading ".." are not.
    plain = re.sub(r"^\.|[^\w.\- :]", "_", name)
    if plain == name and 0 < len(name) <= KEY_CHARS:
        return name
    return f"{plain[: KEY_CHARS - 9]}_{_hash(name)}"


def cut(text: str, n_chars: int) -> str:
    """Shorten a value that is too long for MLflow; different long values stay different.

    Args:
        text: a param's or tag's value.
        n_chars: what MLflow accepts.

    Returns:
        The value, or its beginning and a hash of all of it.
    """
    # Half characters of a damaged file name and zero bytes: databases refuse them.
    text = text.replace("\0", "").encode(errors="replace").decode()
    return text if len(text) <= n_chars else f"{text[: n_chars - 12]}...#{_hash(text)}"


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Make every tag fit MLflow's limits.

    Args:
        tags: by name.

    Returns:
        The same tags with names and values that MLflow accepts.
    """
    return {key(name): cut(value, TAG_CHARS) for name, value in tags.items()}


def checked_params(params: Mapping[str, str]) -> dict[str, str]:
    """Make every param fit MLflow's limits.

    Args:
        params: by logged name.

    Returns:
        The same params with names and values that MLflow accepts.
    """
    return {key(name): cut(value, PARAM_CHARS) for name, value in params.items()}


def trial_tags(spec: TrialSpec, *, sweep: str) -> dict[str, str]:
    """Tags a child run is created with.

    Args:
        spec: the trial.
        sweep: the sweep's name.

    Returns:
        By name; the parent's run id is not among them.
    """
    tags = {
        "sweep.kind": "trial",
        "sweep.name": sweep,
        "sweep.trial": str(spec.number),
        "sweep.slot": str(spec.slot),
        "sweep.trial_uid": spec.trial_uid,
        "sweep.state": "running",
    }
    if spec.retry_of:
        tags["sweep.retry_of"] = spec.retry_of
    if spec.worker is not None:
        tags["sweep.worker"] = str(spec.worker)
    return checked_tags(tags)


def trial_params(spec: TrialSpec, param_name: ParamName) -> dict[str, str]:
    """Params of a child run.

    Args:
        spec: the trial.
        param_name: logged name of one of its parameters.

    Returns:
        Values as text, by logged name.
    """
    params = {
        "task_type": spec.task,
        "common_epochs": str(spec.until_epoch),
        f"{spec.task}_model_name": spec.model,
    }
    params |= {param_name(spec, name): str(value) for name, value in spec.params.items()}
    return checked_params(params)


def result_metrics(result: TrialResult) -> dict[str, float]:
    """Metrics a child run gets once, at its end.

    Args:
        result: how the trial ended.

    Returns:
        By logged name. What is not known, e.g. of a worker that died, is left out: a 0 would be a figure.
    """
    figures = {
        "train_time_s": result.train_time_s,
        "best_epoch": float(result.best_epoch),
        "n_parameters": float(result.n_parameters),
    }
    return {name: figure for name, figure in figures.items() if figure}


def result_tags(result: TrialResult) -> dict[str, str]:
    """Tags a child run gets at its end.

    Args:
        result: how the trial ended.

    Returns:
        By name; what the network started from and warnings only where there are any.
    """
    more = {"sweep.weights": result.weights, "sweep.notes": "; ".join(result.notes)}
    return ending_tags(result.status.value, result.reason) | checked_tags(
        {name: text for name, text in more.items() if text}
    )


def ending_tags(state: str, reason: str) -> dict[str, str]:
    """Tags a run gets at its end.

    Args:
        state: how it ended.
        reason: why it did not complete; may be empty.

    Returns:
        By name.
    """
    return checked_tags({"sweep.state": state} | ({"sweep.reason": reason} if reason else {}))


def sweep_tags(record: SweepRecord) -> dict[str, str]:
    """Tags the parent run is created with.

    Args:
        record: the sweep.

    Returns:
        By name.
    """
    own = {
        "sweep.kind": "sweep",
        "sweep.name": record.name,
        "sweep.task": record.task,
        "sweep.study": record.name,
        "sweep.trials": str(record.total_slots),
        "sweep.state": "running",
    }
    return checked_tags(dict(record.tags) | own)


def sweep_params(record: SweepRecord) -> dict[str, str]:
    """Params of the parent run.

    Args:
        record: the sweep.

    Returns:
        Values as text, by logged name.
    """
    direction = "maximize" if record.objective.maximise else "minimize"
    own = {"task_type": record.task, "objective": record.objective.metric, "direction": direction}
    return checked_params(dict(record.params) | own)


def dataset_fields(record: SweepRecord) -> dict[str, str]:
    """What MLflow shows as the run's data set.

    Args:
        record: the sweep.

    Returns:
        name, digest, source_type, source and profile (both JSON); empty where there is no data.
    """
    if not record.data_digest:
        return {}
    profile = {"format": record.data_format, "classes": record.classes, "digest": record.data_digest}
    return {
        "name": (PurePath(record.data_source).name or record.data_format)[:DATASET_NAME_CHARS],
        "digest": record.data_digest[:DIGEST_CHARS],
        "source_type": "local",
        "source": json.dumps({"uri": record.data_source}),
        "profile": json.dumps(profile),
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
