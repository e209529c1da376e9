"""How the best model of a sweep does, for its report: from this machine's files, or out of MLflow."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sweep import evaluation
from sweep.errors import SweepError
from sweep.evaluation import Evaluation
from sweep.redaction import redacted
from sweep.tracking.evaluation_reader import read_evaluation

MOST_BYTES = 24 * 2**20
"""Of all pictures together: a page of more is slow to open."""

Fetch = Callable[[str], Path | None]
"""Finds a file of the evaluation's folder by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of the best trial beyond its score.

    Args:
        evaluation: image by image; its `reason` says why there is none.
        pictures: data URIs by file name.
        run_id: MLflow's, empty if it is not known.
    """

    evaluation: Evaluation
    pictures: dict[str, str] = field(default_factory=dict)
    run_id: str = ""


def no_evidence(trial_uid: str, why: str) -> Evidence:
    """Say that nothing is known.

    Args:
        trial_uid: of the best trial, empty if there is none.
        why: in a few words.

    Returns:
        An evaluation with that reason.
    """
    return Evidence(evaluation=Evaluation(trial_uid=trial_uid, reason=redacted(why)))


def local_evidence(folder: Path, trial_uid: str) -> Evidence | None:
    """Read what a worker has just written.

    Args:
        folder: with `evaluation.json` and its pictures.
        trial_uid: of the best trial.

    Returns:
        What it holds; None if it holds nothing of this trial.
    """
    found = read_evaluation(folder / evaluation.FILE)
    if found is None or found.trial_uid != trial_uid:
        return None

    def fetch(name: str) -> Path | None:
        return folder / name if (folder / name).is_file() else None  # the reader lets plain names through

    return Evidence(evaluation=found, pictures=_pictures(found, fetch))


def logged_evidence(home: Path, tracking_uri: str, trial_uid: str) -> Evidence:
    """Ask MLflow for the evaluation of a trial.

    Args:
        home: where what is fetched is kept.
        tracking_uri: of MLflow, with its password.
        trial_uid: of the best trial.

    Returns:
        What it has; why it has nothing, where that is so.
    """
    from sweep.api.runs import open_runs

    try:
        runs = open_runs(home=home, tracking_uri=tracking_uri)
        runs.refresh()
        runs.join()
        run = next((one for one in runs.all() if one.tags.get("sweep.trial_uid") == trial_uid), None)
        if run is None:
            return no_evidence(trial_uid, "its run is not in MLflow")
        found = runs.evaluation(run.run_id)
        if found is None:
            why = f"MLflow cannot be asked: {runs.trouble}" if runs.trouble else "the trial was not evaluated"
            return Evidence(
                evaluation=Evaluation(trial_uid=trial_uid, reason=redacted(why)), run_id=run.run_id
            )
        pictures = _pictures(found, lambda name: runs.artifact(run.run_id, f"{evaluation.FOLDER}/{name}"))
        return Evidence(evaluation=found, pictures=pictures, run_id=run.run_id)
    except SweepError as error:
        return no_evidence(trial_uid, f"MLflow cannot be asked: {error}")


def _pictures(found: Evaluation, fetch: Fetch) -> dict[str, str]:
    names = dict.fromkeys(
        [*(frame.picture for frame in found.frames), evaluation.MONTAGE, evaluation.CONFUSION]
    )
    taken: dict[str, str] = {}
    left = MOST_BYTES
    for name in names:
        file = fetch(name)
        raw = b"" if file is None else _read(file, left)
        left -= len(raw)
        if raw:
            kind = "png" if raw.startswith(b"\x89PNG") else "jpeg"
            taken[name] = f"data:image/{kind};base64,{base64.b64encode(raw).decode()}"
    return taken


def _read(file: Path, most: int) -> bytes:
    try:
        return file.read_bytes() if file.stat().st_size <= most else b""
    except OSError:
        return b""
