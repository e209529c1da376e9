"""What the stand-in goes on from after a cut: `last.json`, a few numbers and what they were made for."""

import hashlib
import json
from pathlib import Path

from sweep.errors import InputError
from sweep.paths import write_text
from sweep.records import TrialSpec

LAST = "last.json"
FORMAT = 1


def save(spec: TrialSpec, *, epoch: int, train_time_s: float) -> None:
    """Write how far a trial has come, in place of what was written before.

    Args:
        spec: the trial; its folder is made.
        epoch: the last finished one, from 1.
        train_time_s: spent so far.

    Raises:
        OSError: the disk is full or closed to us.
    """
    body = {"format": FORMAT, "made_for": _made_for(spec), "epoch": epoch, "train_time_s": train_time_s}
    write_text(Path(spec.folder) / LAST, json.dumps({**body, "sha256": _sha256(body)}))


def load(spec: TrialSpec) -> tuple[int, float]:
    """Read how far the earlier attempt had come.

    Args:
        spec: the trial that is to go on.

    Returns:
        Epochs done and the seconds they took.

    Raises:
        InputError: the file is missing, torn, altered, of another format or of another trial.
    """
    file = Path(spec.resume_from) / LAST
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{file}: torn") from error
    if not isinstance(body, dict) or body.pop("sha256", None) != _sha256(body):
        raise InputError(f"{file}: torn or altered")
    if body.get("format") != FORMAT:
        raise InputError(f"{file}: of format {body.get('format')}, this program writes {FORMAT}")
    if body["made_for"] != _made_for(spec):
        raise InputError(f"{file}: of another training")
    return int(body["epoch"]), float(body["train_time_s"])


def _made_for(spec: TrialSpec) -> dict[str, object]:
    return {
        "task": spec.task,
        "model": spec.model,
        "params": spec.params,
        "seed": spec.seed,
        "epochs": spec.until_epoch,
        "digest": spec.digest,
    }


def _sha256(body: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
