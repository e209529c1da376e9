"""How long a frame takes: the warm-up never counts, however slow the network is."""

import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rccar_models.latency import REPEATS, WARM_UP, frame_latency_ms

FRAME = torch.zeros(1, 3, 2, 2)


class Clock:
    """A clock that only a network moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        self.n_calls = 0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now_s)

    def network(self, *, first_s: float, later_s: float) -> Callable[[Tensor], None]:
        """A network that takes its time, the most in its warm-up calls."""

        def outputs(_: Tensor) -> None:
            self.now_s += later_s if self.n_calls >= WARM_UP else first_s
            self.n_calls += 1

        return outputs


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_fast_network_is_timed_after_its_warm_up(clock: Clock) -> None:
    outputs = clock.network(first_s=0.5, later_s=0.01)
    assert frame_latency_ms(outputs, FRAME) == pytest.approx(10.0)
    assert clock.n_calls == WARM_UP + REPEATS


def test_slow_network_is_timed_at_least_once_after_its_warm_up(clock: Clock) -> None:
    outputs = clock.network(first_s=1.2, later_s=0.9)  # its warm-up takes longer than all there is time for
    assert frame_latency_ms(outputs, FRAME) == pytest.approx(900.0)
    assert clock.n_calls == WARM_UP + 1


def test_very_slow_network_is_called_twice(clock: Clock) -> None:
    outputs = clock.network(first_s=20.0, later_s=20.0)
    assert frame_latency_ms(outputs, FRAME) == pytest.approx(20_000.0)
    assert clock.n_calls == 2
