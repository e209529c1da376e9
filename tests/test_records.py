import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.executors.messages import parse_message
from sweep.records import (
    Action,
    EpochReport,
    Objective,
    PackageRequest,
    Status,
    TrialResult,
    TrialSpec,
    Verdict,
)
from tests.making import a_result, a_spec

MESSAGES = [
    a_spec(3, plugins=(("a.py", "0f"),), retry_of="uid"),
    PackageRequest(trial_uid="u", spec=a_spec(), checkpoint="best.pt", folder="package"),
    EpochReport(trial_uid="u", epoch=2, metrics={"miou_segmentation": 0.5}),
    Verdict(trial_uid="u", action=Action.PRUNE),
    a_result(a_spec(), status=Status.PRUNED, notes=("careful",)),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_message_comes_back_from_json_as_it_was(message: TrialSpec) -> None:
    assert parse_message(message.to_json().encode()) == message


@given(
    st.dictionaries(
        st.text(min_size=1), st.one_of(st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False))
    )
)
def test_any_parameters_survive_json(params: dict[str, object]) -> None:
    spec = a_spec(params=params)
    assert TrialSpec.from_json(spec.to_json()).params == params


def test_record_of_another_format_number_is_refused() -> None:
    body = json.loads(a_result(a_spec()).to_json()) | {"format": 2}
    with pytest.raises(ValueError, match="format 2"):
        TrialResult.from_json(json.dumps(body))


def test_foreign_json_is_no_message() -> None:
    with pytest.raises(ValueError, match="not a message"):
        parse_message('{"record": "Passwd"}')


@pytest.mark.parametrize(
    ("maximise", "value", "other", "better"),
    [(True, 0.6, 0.5, True), (False, 0.6, 0.5, False), (True, 0.5, 0.5, False), (False, 0.4, None, True)],
)
def test_better_follows_the_direction_and_is_strict(
    maximise: bool, value: float, other: float | None, better: bool
) -> None:
    assert Objective("m", maximise).better(value, other) is better
