"""How long a network takes for one frame on a CPU."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

WARM_UP = 3
REPEATS = 30
LONGEST_S = 3.0
"""Slow networks are warmed up and timed fewer times, but at least once each."""


def frame_latency_ms(outputs: Callable[[Tensor], Any], frame: Tensor) -> float:
    """Time a network on one frame, with the threads that torch has now.

    Args:
        outputs: takes (1, 3, H, W) float32 frames in [0, 1].
        frame: one of them, a real one: non-maximum suppression takes longer where there is much to see.

    Returns:
        The median after a warm-up, in milliseconds; a detector's with non-maximum suppression.
    """
    until = time.perf_counter() + LONGEST_S
    for _ in range(WARM_UP):
        outputs(frame)
        if time.perf_counter() > until:
            break
    taken_s: list[float] = []
    while not taken_s or (len(taken_s) < REPEATS and time.perf_counter() < until):
        began = time.perf_counter()
        outputs(frame)
        taken_s.append(time.perf_counter() - began)
    return float(np.median(taken_s)) * 1000
