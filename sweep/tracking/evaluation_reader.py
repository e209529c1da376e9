"""Reads an evaluation that somebody logged: whole and harmless, or none.

Whoever may write to MLflow may write anything into the file; a page that shows it must neither break nor
open another file.
"""

import dataclasses
import re
import types
import typing
from pathlib import Path
from typing import Any

from sweep.evaluation import Evaluation

MOST_BYTES = 8 * 2**20
MOST_CLASSES = 1000
MOST_FRAMES = 500
PICTURE = re.compile(r"(frames/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\.(png|jpg|jpeg)", re.IGNORECASE)


def read_evaluation(file: Path) -> Evaluation | None:
    """Read an evaluation.

    Args:
        file: `evaluation.json`.

    Returns:
        It; None if it is not one, is too large, or names a picture that does not lie beside it.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            return None
        evaluation = Evaluation.from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return None
    return evaluation if _fits(Evaluation, evaluation) and _is_sound(evaluation) else None


def _is_sound(evaluation: Evaluation) -> bool:
    n_names = len(evaluation.confusion_names)
    rows = evaluation.confusion
    return (
        len(evaluation.classes) <= MOST_CLASSES
        and n_names <= MOST_CLASSES + 1
        and len(evaluation.frames) <= MOST_FRAMES
        and len(rows) in {0, n_names}
        and all(len(row) == n_names for row in rows)
        and all(PICTURE.fullmatch(frame.picture) for frame in evaluation.frames)
    )


def _fits(hint: Any, value: Any) -> bool:
    """Say whether a value is of a type, all the way down."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return any(_fits(arg, value) for arg in args)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(args[0], item) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(
            _fits(args[0], name) and _fits(args[1], item) for name, item in value.items()
        )
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint)
        return isinstance(value, hint) and all(
            _fits(one, getattr(value, name)) for name, one in hints.items()
        )
    if hint in {int, float}:
        kinds = (int,) if hint is int else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, hint)
