"""Which trial a user means, and how many there were, where some ran again."""

from pathlib import Path

import pytest

from sweep.history import PastTrial, named
from sweep.paths import Home
from sweep.records import Status, SweepPlan
from sweep.summary import summarise
from tests.making import MIOU, a_result, a_spec

# Slot 0 was cut and ran again as trial 2 of Optuna, after slot 1.
SPECS = [a_spec(0, number=0), a_spec(1, number=1), a_spec(0, number=2, attempt=1), a_spec(2, number=3)]
TRIALS = [PastTrial(spec=spec) for spec in SPECS]


@pytest.mark.parametrize(
    ("word", "number"),
    [("trial-000", 0), ("trial-000-r1", 2), ("0", 2), ("1", 1), ("2", 3), (" 2 ", 3)],
)
def test_number_means_the_latest_attempt_of_the_trial_with_that_name(word: str, number: int) -> None:
    found = named(TRIALS, word)
    assert found is not None
    assert found.spec.number == number


@pytest.mark.parametrize("word", ["3", "trial-3", "trial-000-r2", "-1", "", "two"])
def test_unknown_trial_is_none(word: str) -> None:
    assert named(TRIALS, word) is None


def test_attempts_that_ran_again_are_counted_beside_the_trials() -> None:
    plan = SweepPlan(
        name="night",
        task="segmentation",
        trainer="stand_in",
        epochs=4,
        objective=MIOU,
        seed=0,
        n_slots=3,
        folder="trials",
    )
    cut = a_result(SPECS[0], None, status=Status.FAILED, reason="coordinator_killed: cut", retryable=True)
    ended = [(SPECS[0], cut), *((spec, a_result(spec)) for spec in SPECS[1:])]
    found = summarise(plan, ended, "")
    assert found.counted == "3 complete; 1 attempt ran again"
    assert (found.counts["complete"], found.counts["failed"], found.slots["failed"]) == (3, 1, 0)


def test_command_names_the_home_where_it_would_not_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SWEEP_HOME", raising=False)
    assert Home.at("mlruns").flag == ""
    assert Home.at("my home").flag == f" --home '{tmp_path}/my home'"
    monkeypatch.setenv("SWEEP_HOME", "my home")
    assert Home.at("my home").flag == ""
