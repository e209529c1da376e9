"""What to try next, what too few trials cannot say, and what is said of pruning."""

import dataclasses

from sweep.records import Status
from sweep.report.advice import where_next
from sweep.report.blocks import Plot
from sweep.report.material import Figures, Material, Next
from sweep.report.pruning import pruning_facts
from sweep.report.pruning_told import pruning_told
from sweep.report.search import searching
from sweep.report.sparse import fewest_complete, never_complete, without_guesses
from sweep.search_space import Choice, Fixed, Tried, narrow
from tests.making import MIOU
from tests.report_material import CONFIG, HOME, a_material, a_trial, words

SMALL, LARGE = "tiny_unet", "lraspp_mobilenet_v3_large"
NAMES = ("history", "importance", "parallel", "slices", "contour", "curves")
DRAWN = Figures(by_name=dict.fromkeys(NAMES, "{}"))
COMPLETE = [a_trial(slot, 0.1, 0.2, 0.3, 0.4 + slot / 100, model=SMALL) for slot in range(3)]
PRUNED = [a_trial(slot, 0.01, 0.02, status=Status.PRUNED, model=LARGE) for slot in range(3, 8)]


def told_of_pruning(material: Material) -> str:
    return "\n".join(f"{one.tone}| {one.text}" for one in pruning_told(material))


def test_importance_and_maps_need_two_complete_trials_a_parameter_and_ten_at_least() -> None:
    assert [fewest_complete(n) for n in (0, 1, 5, 6, 8)] == [10, 10, 10, 12, 16]
    left = without_guesses(DRAWN, n_complete=15, n_varied=8)
    assert set(left.by_name) == {"history", "parallel", "slices", "curves"}
    assert left.missing["importance"] == (
        "importance of parameters: 15 trials completed, and 16 are needed to tell apart what 8 parameters "
        "did that differ between them (2 a parameter, 10 at least)"
    )
    assert without_guesses(DRAWN, n_complete=16, n_varied=8) == DRAWN


def test_reason_that_a_figure_has_already_stays() -> None:
    failed = Figures(missing={"importance": "the storage could not be read"})
    assert without_guesses(failed, n_complete=1, n_varied=8) == failed


def test_model_that_only_pruned_trials_have_is_named_where_it_would_be_missed() -> None:
    material = a_material(*COMPLETE, *PRUNED, figures=DRAWN)
    assert [str(one) for one in never_complete(material)] == [f"model_name {LARGE} (all 5 pruned)"]
    mattered = next(one for one in searching(material) if one.key == "importance")
    assert f"note| Nothing is known of model_name {LARGE} (all 5 pruned)" in words(mattered)
    assert isinstance(mattered.blocks[-1], Plot)
    assert f"warning| All 5 trials with model_name {LARGE} were pruned" in told_of_pruning(material)


def test_value_that_was_pruned_twice_or_completed_once_is_not_named() -> None:
    assert never_complete(a_material(*COMPLETE, *PRUNED[:2])) == []
    once = a_trial(9, 0.1, 0.1, 0.1, 0.1, model=LARGE)
    assert never_complete(a_material(*COMPLETE, *PRUNED, once)) == []
    assert never_complete(a_material(*PRUNED)) == []


def test_whether_pruning_was_right_cannot_be_said_with_few_complete_trials() -> None:
    told = told_of_pruning(a_material(*COMPLETE, *PRUNED))
    assert (
        "note| Whether pruning was right cannot be said: 3 trials completed, and 8 are needed to compare "
        "with their best quarter." in told
    )
    assert "nothing speaks against" not in told


def test_pruning_that_nothing_speaks_against_is_not_called_right() -> None:
    many = [a_trial(slot, 0.1, 0.2 + slot / 100, 0.3, 0.4 + slot / 100) for slot in range(10, 18)]
    told = told_of_pruning(a_material(*many, a_trial(1, 0.1, 0.1, status=Status.PRUNED)))
    assert (
        "| By its last value the pruned trial was not among the best quarter of the 8 complete trials at the "
        "same epoch: nothing speaks against pruning." in told
    )
    assert "was right" not in told


def test_best_trial_that_was_late_itself_is_found() -> None:
    early = [a_trial(slot, 0.2, 0.3 + slot / 100, 0.3, 0.35) for slot in range(7)]
    late = a_trial(8, 0.1, 0.2, 0.5, 0.9)
    cut = a_trial(9, 0.1, 0.15, status=Status.PRUNED)
    facts = pruning_facts([*early, late, cut], MIOU)
    # Two of eight are the best quarter; at epoch 2 they have 0.36 and 0.35.
    assert facts.late is not None
    assert (facts.late.run_name, facts.late.epoch, facts.late.value) == ("trial-008", 2, 0.2)
    assert facts.late.standing == 0.35
    told = told_of_pruning(a_material(*early, late, cut))
    assert "note| The best trial itself was behind at epoch 2, where others were cut: trial-008 had" in told
    in_time = a_trial(8, 0.1, 0.36, 0.5, 0.9)
    assert pruning_facts([*early, in_time, cut], MIOU).late is None


def test_sweep_that_was_stopped_goes_on_first() -> None:
    ahead = a_trial(4, 0.2, 0.6972, status=Status.STOPPED, until=12)
    told = words(where_next(a_material(*COMPLETE, ahead, state="stopped")))
    assert told.startswith("note| trial-004 was ahead (0.6972 at epoch 2 of 12) when it was stopped.\n")
    assert f"Go on with it: sweep resume monday --home {HOME}\n" in told
    behind = words(where_next(a_material(*COMPLETE, state="stopped")))
    assert behind.startswith("note| The sweep did not come to its end.\nGo on with it: sweep resume monday")


def test_sweep_in_which_all_ran_out_of_time_gets_a_longer_limit() -> None:
    reason = "trial_timeout: not done after 1 s"
    failed = [a_trial(slot, 0.3, status=Status.FAILED, reason=reason) for slot in range(4)]
    told = words(where_next(a_material(*failed, state="failed", config={**CONFIG, "trial_timeout": 1.0})))
    # Two seconds an epoch, four epochs, twice that.
    assert "note| All 4 trials failed for one reason: give a trial more time in a new sweep" in told
    assert "A new sweep that gives its trials more time: sweep run " in told
    assert "--trial-timeout 16s" in told
    assert f"`sweep retry monday --home {HOME}` has the old limit" in told


def test_sweep_in_which_all_failed_for_several_reasons_is_run_again() -> None:
    failed = [
        a_trial(slot, status=Status.FAILED, reason=reason)
        for slot, reason in enumerate(("nan_loss: epoch 1", "disk_full: no room"))
    ]
    told = words(where_next(a_material(*failed, state="failed")))
    assert "note| All trials failed, for several reasons" in told
    assert f"Run the failed trials again: sweep retry monday --home {HOME}" in told


def test_few_complete_trials_get_more_of_them_longer_ones_and_a_gentler_pruner() -> None:
    told = words(where_next(a_material(*COMPLETE, *PRUNED)))
    assert (
        "note| The best trial was still improving in its last epoch: train longer, e.g. --epochs 8." in told
    )
    assert (
        f"note| Nothing is known of model_name {LARGE} (all 5 pruned): prune later, with --pruner patient."
        in told
    )
    (command,) = [
        line for line in told.splitlines() if line.startswith("The same search space with 8 epochs")
    ]
    assert "--epochs 8" in command
    assert "--pruner patient" in command
    # Two more must complete; three of eight did: 5.3 trials.
    assert f"sweep resume monday --home {HOME} --extra 6" in told


def test_sweep_that_runs_gets_no_advice_to_start_another() -> None:
    told = words(where_next(a_material(*COMPLETE, *PRUNED, state="running")))
    assert "sweep run" not in told
    assert "sweep resume" not in told


def test_report_says_how_many_ranges_were_narrowed_and_keeps_longer_trials_with_them() -> None:
    space = a_material(*COMPLETE).space
    assert space is not None
    # lr lies close together, everything else all over: five complete trials.
    tried = [
        Tried(
            params={
                "model_name": SMALL,
                "lr": 0.01 + 0.001 * n,
                "weight_decay": 10.0 ** (-5 + n),
                "batch_size": (4, 8, 16)[n % 3],
                "width": 6 + 2 * (n % 4),
            },
            value=0.1 * n,
        )
        for n in range(5)
    ]
    narrowed = narrow(space, tried, maximise=True, name="next")
    varied = [one for one in narrowed.found.values() if not isinstance(one.domain, Fixed)]
    assert narrowed.counted == (1, len(varied))
    assert any(isinstance(one.domain, Choice) for one in varied)
    found = Next(narrowed=narrowed, yaml="task: segmentation", file="next.yaml")
    told = words(where_next(a_material(*COMPLETE, next=found)))
    assert f"1 of {len(varied)} ranges was narrowed; the others are as before" in told
    same, longer = [line for line in told.splitlines() if "--space next.yaml" in line]
    assert same.startswith(
        "Search it: sweep run --task segmentation --trials 3 --data /data/track --epochs 4 "
    )
    assert longer.startswith("Or search it with longer trials: sweep run ")
    assert "--epochs 8 " in longer
    assert "The same search space" not in told


def test_every_report_without_a_narrower_space_has_a_command() -> None:
    for material in (
        a_material(*COMPLETE, *PRUNED),
        a_material(*COMPLETE, state="stopped"),
        a_material(a_trial(0, status=Status.FAILED, reason="nan_loss: epoch 1"), state="failed"),
        a_material(*PRUNED),
    ):
        assert "sweep r" in words(where_next(dataclasses.replace(material))), material.state
