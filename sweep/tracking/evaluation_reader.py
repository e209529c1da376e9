"""Reads an evaluation that somebody logged: whole and harmless, or none.

Whoever may write to MLflow may write anything into the file; a page that shows it must neither break nor
open another file.
"""

import dataclasses
import math
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sweep.evaluation import Evaluation

MOST_BYTES = 8 * 2**20
MOST_CLASSES = 1000
MOST_FRAMES = 500
TOO_LARGE = 2**63
"""No count reaches it; such a number no longer fits where numpy, pandas or a format string puts it."""
PICTURE = re.compile(r"(frames/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\.(png|jpg|jpeg)", re.IGNORECASE)


def read_evaluation(file: Path) -> Evaluation | None:
    """Read an evaluation.

    Args:
        file: `evaluation.json`.

    Returns:
        It; None if it is not one, is too large, names a picture that does not lie beside it, is of no task
        that there is, or holds a number that cannot be.
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
        and _is_of_a_task(evaluation)
        and all(map(math.isfinite, _shown(evaluation)))
        and (evaluation.latency_ms is None or evaluation.latency_ms > 0)
    )


def _is_of_a_task(evaluation: Evaluation) -> bool:
    """Whether pages have words for it; one that only says why there is none needs no task."""
    from sweep.catalog import TASKS  # not above: whoever only lists runs does not wait for the formats

    is_empty = not (evaluation.classes or evaluation.frames or evaluation.confusion)
    return evaluation.task in TASKS.names() or (not evaluation.task and bool(evaluation.reason) and is_empty)


def _shown(evaluation: Evaluation) -> Iterator[float]:
    """Every number that is reckoned with; `scores` are not, and a loss among them may be infinite."""
    found = [evaluation.value, evaluation.low, evaluation.high, evaluation.confidence]
    found += [evaluation.latency_ms, evaluation.score_threshold]
    yield from (number for number in found if number is not None)
    yield from (frame.score for frame in evaluation.frames)
    yield from (number for one in evaluation.classes for number in one.figures.values())


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
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if hint is int:
            return is_whole and 0 <= value < TOO_LARGE
        return isinstance(value, float) or (is_whole and abs(value) < TOO_LARGE)
    return isinstance(value, hint)
