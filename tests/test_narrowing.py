"""Where to look next: a search space narrowed to its best trials."""

import math
import random
from pathlib import Path

import pytest

from sweep.records import ParamValue
from sweep.search_space import (
    MODEL_NAME,
    Choice,
    Fixed,
    FloatRange,
    IntRange,
    Narrowed,
    SearchSpace,
    Tried,
    builtin_names,
    load_space,
    narrow,
    space_text,
    stored_space,
    yaml_text,
)

SPACE = """
task: segmentation
trainer: stand_in
epochs: 6
long_side_px: 128
parameters:
  model_name: {type: categorical, choices: [tiny_unet, lraspp_mobilenet_v3_large], default: tiny_unet}
  lr:
    type: float
    low: 1e-4
    high: 1e-1
    log: true
    default: 1e-3
    by_model: {lraspp_mobilenet_v3_large: {low: 1e-5, high: 1e-2}}
  batch_size: {type: categorical, choices: [4, 8, 16], default: 8}
  width: {type: int, low: 6, high: 12, step: 2, default: 8, when: {model_name: tiny_unet}}
  colour: {type: float, low: 0.0, high: 0.6, step: 0.1, default: 0.3}
"""


@pytest.fixture
def space(tmp_path: Path) -> SearchSpace:
    file = tmp_path / "space.yaml"
    file.write_text(SPACE)
    return load_space(str(file))


def tried(value: float | None, **changed: ParamValue) -> Tried:
    params: dict[str, ParamValue] = {MODEL_NAME: "tiny_unet", "lr": 1e-3, "batch_size": 8, "width": 8}
    return Tried(params=params | {"colour": 0.3} | changed, value=value)


def of(narrowed: Narrowed, name: str) -> object:
    assert narrowed.space is not None
    parameter = narrowed.space.parameter(name)
    return parameter and parameter.domain


def test_range_shrinks_to_the_best_trials_and_starts_from_the_winner(space: SearchSpace) -> None:
    near = [tried(0.9 - index / 100, lr=2e-3 * (index + 1)) for index in range(5)]  # 2e-3 .. 1e-2
    far = [tried(0.1, lr=lr) for lr in (1e-4, 3e-4, 5e-2, 1e-1)]
    lr = of(narrow(space, [*far, *near], maximise=True, name="next"), "lr")
    assert isinstance(lr, FloatRange)
    # A tenth of three decades on each side: 2e-3 / 10**0.3 = 1.002e-3, 1e-2 * 10**0.3 = 1.995e-2.
    assert (lr.low, lr.high, lr.default) == (pytest.approx(1e-3), pytest.approx(2e-2), 2e-3)


def test_smaller_is_better_where_the_metric_is_a_loss(space: SearchSpace) -> None:
    trials = [tried(index / 10, lr=10 ** (-4 + index / 4)) for index in range(12)]
    lr = of(narrow(space, trials, maximise=False, name="next"), "lr")
    assert isinstance(lr, FloatRange)
    assert lr.default == 1e-4
    assert lr.high < 1e-2


def test_steps_stay_steps_and_a_range_is_never_empty(space: SearchSpace) -> None:
    trials = [tried(0.5 + index / 100, width=12, colour=0.6) for index in range(8)]
    narrowed = narrow(space, trials, maximise=True, name="next")
    width, colour = of(narrowed, "width"), of(narrowed, "colour")
    assert width == IntRange(low=10, high=12, default=12, step=2)
    assert colour == FloatRange(low=0.5, high=0.6, default=0.6, step=0.1)


def test_best_at_an_end_is_said_with_the_end(space: SearchSpace) -> None:
    trials = [tried(0.5 + index / 100, lr=0.1) for index in range(8)]
    edges = dict(narrow(space, trials, maximise=True, name="next").edges)
    assert edges["lr"] == (
        "the best is at the upper end of what was searched (0.1): consider widening it there"
    )
    assert "colour" not in edges


def test_end_beyond_which_nothing_lies_is_no_advice(space: SearchSpace) -> None:
    trials = [tried(0.5 + index / 100, colour=0.0) for index in range(8)]
    assert "colour" not in dict(narrow(space, trials, maximise=True, name="next").edges)


def test_choice_without_a_chance_is_kept_and_one_that_had_it_is_not(space: SearchSpace) -> None:
    good = [tried(0.8 + index / 100, batch_size=8) for index in range(5)]
    poor = [tried(None, batch_size=4) for _ in range(3)]  # pruned three times
    once = [tried(0.1, batch_size=16)]
    assert of(narrow(space, [*good, *poor, *once], maximise=True, name="next"), "batch_size") == Choice(
        choices=(8, 16), default=8
    )
    assert of(narrow(space, [*good, *poor], maximise=True, name="next"), "batch_size") == Choice(
        choices=(8, 16), default=8
    )
    alone = narrow(space, [*good, *poor, *once, *once, *once], maximise=True, name="next")
    assert of(alone, "batch_size") == Fixed(value=8)


def test_model_that_is_gone_takes_its_conditional_parameters_and_ranges_along(space: SearchSpace) -> None:
    other = {MODEL_NAME: "lraspp_mobilenet_v3_large", "batch_size": 8, "colour": 0.3}
    good = [Tried(params={**other, "lr": 1e-3 * (1 + index)}, value=0.9) for index in range(5)]
    narrowed = narrow(space, [*good, *(tried(0.1) for _ in range(4))], maximise=True, name="next")
    assert narrowed.space is not None
    assert narrowed.space.models() == ("lraspp_mobilenet_v3_large",)
    assert narrowed.space.parameter("width") is None
    lr = narrowed.space.parameter("lr")
    assert lr is not None
    assert not lr.by_model
    assert isinstance(lr.domain, FloatRange)
    assert lr.domain.low < 1e-3
    assert 5e-3 < lr.domain.high <= 1e-2


def test_models_own_range_is_judged_on_its_own_trials(space: SearchSpace) -> None:
    other = {MODEL_NAME: "lraspp_mobilenet_v3_large", "batch_size": 8, "colour": 0.3}
    trials = [tried(0.9, lr=1e-2) for _ in range(6)]
    trials += [Tried(params={**other, "lr": 1e-4}, value=0.5) for _ in range(2)]
    narrowed = narrow(space, trials, maximise=True, name="next")
    assert narrowed.space is not None
    lr = narrowed.space.parameter("lr")
    assert lr is not None
    own = lr.by_model["lraspp_mobilenet_v3_large"]
    assert (own.points()[0], own.points()[-1]) == (1e-5, 1e-2)
    assert "as before: 2 trials of 8 complete ones have it" in yaml_text(narrowed, head=(), description="x")


@pytest.mark.parametrize(("n", "why"), [(0, "no trial"), (1, "1 trial"), (4, "4 trials")])
def test_too_few_trials_are_no_ground_and_that_is_said(space: SearchSpace, n: int, why: str) -> None:
    narrowed = narrow(space, [tried(0.5)] * n + [tried(None)] * 20, maximise=True, name="next")
    assert narrowed.space is None
    assert narrowed.why_not.startswith(f"{why} completed")


@pytest.mark.parametrize("name", builtin_names())
def test_space_written_and_read_again_is_the_same(name: str, tmp_path: Path) -> None:
    space, file = load_space(name), tmp_path / f"{name}.yaml"
    file.write_text(space_text(space))
    assert load_space(str(file)) == space
    assert stored_space(space.to_dict(), name=name) == space


class _Random:
    """Draws evenly from a space."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        if step is not None:
            return float(f"{low + step * self._random.randint(0, round((high - low) / step)):.12g}")
        if log:
            return math.exp(self._random.uniform(math.log(low), math.log(high)))
        return self._random.uniform(low, high)

    def int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return self._random.randrange(low, high + 1, step)

    def categorical(self, name: str, choices: tuple[ParamValue, ...]) -> ParamValue:
        return self._random.choice(choices)


@pytest.mark.parametrize("name", builtin_names())
@pytest.mark.parametrize("seed", range(25))
def test_every_space_narrows_to_one_that_loads_lies_inside_and_starts_from_the_winner(
    name: str, seed: int, tmp_path: Path
) -> None:
    space, chance = load_space(name), random.Random(seed)
    draws = [space.suggest(_Random(1000 * seed + index)) for index in range(chance.choice((5, 9, 30, 120)))]
    trials = [Tried(params=params, value=chance.choice((chance.random(), None))) for params in draws]
    trials += [Tried(params=params, value=2.0 + index) for index, params in enumerate(draws[:5])]
    narrowed = narrow(space, trials, maximise=True, name="next")
    file = tmp_path / "next.yaml"
    file.write_text(yaml_text(narrowed, head=(f"narrowed from {name}",), description="narrowed"))
    read = load_space(str(file), task=space.task, trainer=space.trainer)
    assert narrowed.space is not None
    assert read.parameters == narrowed.space.parameters
    assert read.default() == draws[4]
    inner = read.suggest(_Random(seed))
    for parameter in space.parameters:
        if parameter.name in inner:
            _check_inside(parameter.domain_for(inner[MODEL_NAME]), inner[parameter.name])


def _check_inside(domain: object, value: ParamValue) -> None:
    if isinstance(domain, FloatRange | IntRange):
        assert not isinstance(value, str)
        assert domain.low <= value <= domain.high
    elif isinstance(domain, Choice):
        assert value in domain.choices
