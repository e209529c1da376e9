"""Sums of runs for pages: pure functions, worked out by hand."""

import math

import pytest

from sweep.evaluation import Evaluation
from sweep.logged_run import Curve, LoggedRun
from sweep.views.best_epoch import checkpoint_scores
from sweep.views.comparison import LossPair, best_of, comparison, loss_pairs
from sweep.views.lanes import lanes
from sweep.views.logged_classes import class_metrics, logged_classes
from sweep.views.naming import in_order, is_maximised, short_params
from sweep.views.overview import other_runs, overview
from sweep.views.trials import TrialFilter, filtered, numeric_params, trial_lines

MIOU, LOSS = "miou_segmentation", "val_loss_segmentation"


def a_sweep(run_id: str = "p", *, direction: str = "maximize", metric: str = MIOU, **tags: str) -> LoggedRun:
    own = {
        "sweep.kind": "sweep",
        "sweep.name": "track",
        "sweep.task": "segmentation",
        "sweep.state": "complete",
    }
    params = {"task_type": "segmentation", "objective": metric, "direction": direction, "trials": "4"}
    more = {f"sweep.{name}": text for name, text in tags.items()}
    return LoggedRun(
        run_id=run_id, name="track", status="FINISHED", began_ms=1, ended_ms=99, tags=own | more,
        params=params | {"data_digest": "d1"},
    )  # fmt: skip


def a_trial(
    number: int, state: str = "complete", value: float | None = None, *, slot: int | None = None,
    parent: str = "p", metric: str = MIOU, params: dict[str, str] | None = None, **tags: str,
) -> LoggedRun:  # fmt: skip
    own = {
        "sweep.kind": "trial", "sweep.name": "track", "sweep.trial": str(number), "sweep.state": state,
        "sweep.slot": str(number if slot is None else slot), "mlflow.parentRunId": parent,
    }  # fmt: skip
    return LoggedRun(
        run_id=f"{parent}-{number}",
        name=f"trial-{number:03}",
        status="RUNNING" if state == "running" else "FINISHED",
        began_ms=10 * number,
        ended_ms=0 if state == "running" else 10 * number + 15,
        tags=own | {f"sweep.{name}": text for name, text in tags.items()},
        params={"task_type": "segmentation", "segmentation_model_name": "unet"} | (params or {}),
        metrics={} if value is None else {f"best_{metric}": value, metric: value - 0.1},
    )


# Overview


def test_overview_counts_slots_once_and_finds_best_default_and_gain() -> None:
    runs = [
        a_sweep(model="rccar-segmentation/3"),
        a_trial(0, value=0.5), a_trial(1, "failed", slot=1), a_trial(2, value=0.8, slot=1),
        a_trial(3, "pruned", 0.9, slot=2), a_trial(4, "running", slot=3),
    ]  # fmt: skip
    (line,) = overview(runs, task="segmentation", champions={"rccar-segmentation/3"})
    assert (line.n_slots, line.n_closed, line.share_closed) == (4, 3, 0.75)
    assert line.counts == {"complete": 2, "failed": 1, "pruned": 1, "running": 1}
    assert (line.best_value, line.best_trial, line.best_run_id) == (0.8, "trial-002", "p-2")
    assert line.default_value == 0.5
    assert line.gain == pytest.approx(0.3)
    assert (line.model, line.is_champion, line.digest) == ("rccar-segmentation/3", True, "d1")
    assert overview(runs, task="detection") == ()


def test_overview_of_a_loss_takes_the_smallest_and_a_gain_is_positive() -> None:
    runs = [a_sweep(direction="minimize", metric=LOSS), a_trial(0, value=0.7, metric=LOSS)]
    runs += [a_trial(1, value=0.4, metric=LOSS), a_trial(2, value=math.nan, metric=LOSS)]
    (line,) = overview(runs)
    assert (line.best_value, line.best_trial) == (0.4, "trial-001")
    assert line.gain == pytest.approx(0.3)


def test_sweeps_of_one_name_stay_apart_and_more_slots_of_a_resumed_one_count() -> None:
    runs = [a_sweep("p"), a_sweep("q", trials="9"), a_trial(0, value=0.1), a_trial(0, value=0.2, parent="q")]
    found = {line.run_id: (line.best_value, line.n_slots) for line in overview(runs)}
    assert found == {"p": (0.1, 4), "q": (0.2, 9)}


def test_trials_whose_sweep_was_deleted_still_make_a_line() -> None:
    (line,) = overview([a_trial(0, value=0.1)])
    assert (line.name, line.state, line.metric, line.best_value) == ("track", "stopped", MIOU, 0.1)


def test_runs_of_the_earlier_tool_are_a_group_of_their_own() -> None:
    foreign = LoggedRun(
        run_id="f", name="by hand", status="FINISHED", metrics={MIOU: 0.692},
        params={"segmentation_model_name": "fcn_resnet50", "common_lr": "1e-4"},
    )  # fmt: skip
    (line,) = other_runs([a_sweep(), a_trial(0), foreign], task="segmentation")
    assert (line.name, line.task, line.model, line.value) == (
        "by hand",
        "segmentation",
        "fcn_resnet50",
        0.692,
    )
    assert other_runs([foreign], task="detection") == ()
    assert len(overview([foreign, a_sweep()])) == 1


# Trials


def test_trial_lines_have_users_names_value_at_best_epoch_and_the_best_marked() -> None:
    runs = [a_sweep(), a_trial(1, value=0.8, params={"common_lr": "0.1"}), a_trial(0, value=0.8)]
    runs.append(a_trial(2, "failed", retry_of="x", reason="out of memory"))
    lines = trial_lines(runs, "p")
    assert [line.number for line in lines] == [0, 1, 2]
    assert [line.is_best for line in lines] == [True, False, False]
    assert (lines[1].value, lines[1].params, lines[1].model) == (0.8, {"lr": "0.1"}, "unet")
    assert (lines[2].reason, lines[2].retry_of, lines[2].duration_s) == ("out of memory", "x", 0.015)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (TrialFilter(), [0, 1, 2]),
        (TrialFilter(states=frozenset({"pruned", "failed"})), [1, 2]),
        (TrialFilter(models=frozenset({"fpn"})), []),
        (TrialFilter(ranges={"lr": (0.01, None)}), [0]),
        (TrialFilter(ranges={"lr": (None, 0.01)}), [1]),
        (TrialFilter(lowest=0.6), [0]),
        (TrialFilter(highest=0.6), [1]),
        (TrialFilter(text="LR=1e-3 Unet"), [1]),
    ],
)
def test_filter_keeps_the_wanted_trials(wanted: TrialFilter, numbers: list[int]) -> None:
    runs = [
        a_trial(0, value=0.8, params={"common_lr": "0.1"}),
        a_trial(1, "pruned", 0.5, params={"common_lr": "1e-3"}),
        a_trial(2, "failed", params={"common_pool": "max"}),
    ]
    lines = trial_lines(runs, "p")
    assert [line.number for line in filtered(lines, wanted)] == numbers
    assert numeric_params(lines) == {"lr": (0.001, 0.1)}


# Comparison


def test_comparison_marks_ties_never_nan_and_knows_directions() -> None:
    assert best_of((0.5, 0.7, 0.7, math.nan, None), maximise=True) == (False, True, True, False, False)
    assert best_of((0.5, 0.7, math.nan), maximise=False) == (True, False, False)
    assert best_of((0.5,), maximise=True) == (False,)
    assert best_of((0.5, 0.7), maximise=None) == (False, False)
    assert best_of((math.nan, math.nan), maximise=True) == (False, False)


@pytest.mark.parametrize(
    ("metric", "maximise"),
    [
        (MIOU, True), (LOSS, False), ("iou_cone_segmentation", True), ("map_50_detection", True),
        ("train_time_s", False), ("latency_ms", False), ("best_epoch", None), ("trials_failed", None),
        ("n_parameters", False), ("oddity", None), ("best_val_loss_segmentation", False),
        ("dice_lossless_segmentation", True),
    ],
)  # fmt: skip
def test_direction_of_a_metric(metric: str, maximise: bool | None) -> None:
    assert is_maximised(metric) is maximise


def test_comparison_takes_the_best_epoch_and_puts_differing_params_first() -> None:
    first = LoggedRun(
        run_id="a", name="a", params={"common_epochs": "3", "common_lr": "0.001", "common_wd": "1"},
        metrics={MIOU: 0.6, LOSS: 0.9},
    )  # fmt: skip
    second = LoggedRun(
        run_id="b", name="b", params={"common_epochs": "3", "common_lr": "1e-3", "common_wd": "2"},
        metrics={MIOU: 0.65, LOSS: 0.5},
    )  # fmt: skip
    curves = [
        Curve(run_id="a", metric=MIOU, steps=(1, 2, 3), values=(0.1, 0.7, 0.6)),
        Curve(run_id="a", metric=LOSS, steps=(1, 2, 3), values=(1.0, 0.4, 0.9)),
    ]
    curves += [
        Curve(run_id="b", metric=metric, steps=(4,), values=(second.metrics[metric],))
        for metric in (MIOU, LOSS)
    ]
    table = comparison([first, second], curves)
    assert [head.epoch for head in table.heads] == [2, 4]
    assert [(row.name, row.differs) for row in table.params] == [
        ("wd", True),
        ("epochs", False),
        ("lr", False),
    ]
    found = {row.name: (row.values, row.best) for row in table.metrics}
    assert found == {MIOU: ((0.7, 0.65), (True, False)), LOSS: ((0.4, 0.5), (True, False))}


def test_a_value_of_the_last_epoch_is_marked_and_its_row_has_no_best() -> None:
    # Of "a" the best epoch is 2 of 3, but nobody can read the loss by epoch; "b" was logged once.
    first = LoggedRun(
        run_id="a", metrics={MIOU: 0.6, LOSS: 0.2, "best_epoch": 2.0, "train_time_s": 9.0, "test_acc": 0.5}
    )
    second = LoggedRun(run_id="b", metrics={MIOU: 0.5, LOSS: 0.4, "train_time_s": 5.0, "test_acc": 0.4})
    curves = [
        Curve(run_id="a", metric=MIOU, steps=(1, 2, 3), values=(0.1, 0.7, 0.6)),
        Curve(run_id="a", metric="test_acc", steps=(0,), values=(0.5,)),
        Curve(run_id="b", metric=MIOU, steps=(0,), values=(0.5,)),
        Curve(run_id="b", metric=LOSS, steps=(0,), values=(0.4,)),
        Curve(run_id="b", metric="test_acc", steps=(0,), values=(0.4,)),
    ]
    rows = comparison([first, second], curves).metrics
    found = {row.name: (row.values, row.is_last, row.best) for row in rows}
    assert found[MIOU] == ((0.7, 0.5), (False, False), (True, False))
    assert found[LOSS] == ((0.2, 0.4), (True, False), (False, False))
    assert found["train_time_s"] == ((9.0, 5.0), (False, False), (False, True))
    assert found["test_acc"] == ((0.5, 0.4), (False, False), (True, False))


def test_classes_of_a_run_are_those_of_its_best_epoch() -> None:
    road, dice, car = "iou_road_segmentation", "dice_road_segmentation", "iou_car_segmentation"
    run = LoggedRun(run_id="a", name="a", metrics={MIOU: 0.5, road: 0.4, dice: 0.6, car: 0.3})
    values = {MIOU: (0.7, 0.5), road: (0.8, 0.4), dice: (0.9, 0.6)}
    curves = {
        name: Curve(run_id="a", metric=name, steps=(1, 2), values=pair) for name, pair in values.items()
    }
    assert class_metrics(run) == (road, dice, car)
    found = logged_classes(run, curves)
    assert found is not None
    assert {one.name: one.figures for one in found.evaluation.classes} == {
        "road": {"iou": 0.8, "dice": 0.9}, "car": {"iou": 0.3},
    }  # fmt: skip
    assert found.is_last  # of the car nobody can read the curve
    whole = logged_classes(run, curves | {car: Curve(run_id="a", metric=car, steps=(1,), values=(0.35,))})
    assert whole is not None
    assert (whole.is_last, whole.evaluation.classes[1].figures) == (False, {"iou": 0.35})
    assert logged_classes(LoggedRun(run_id="b", metrics={MIOU: 0.5}), {}) is None


def test_checkpoint_has_the_scores_of_its_evaluation_else_of_its_epoch_never_of_the_last() -> None:
    dice, accuracy = "dice_segmentation", "pixel_acc_segmentation"
    metrics = {MIOU: 0.6, f"best_{MIOU}": 0.71, "best_epoch": 2.0, dice: 0.5, accuracy: 0.9}
    run = LoggedRun(run_id="a", metrics=metrics)
    curves = {dice: Curve(run_id="a", metric=dice, steps=(1, 2, 3), values=(0.4, 0.8, 0.5))}
    names = [MIOU, dice, accuracy]
    logged = checkpoint_scores(run, names, evaluation=None, curves=curves)
    assert logged == {MIOU: 0.71, dice: 0.8}
    measured = Evaluation(trial_uid="u", scores={MIOU: 0.72, "map": 0.1})
    assert checkpoint_scores(run, names, evaluation=measured, curves=curves) == logged | {MIOU: 0.72}
    failed = Evaluation(trial_uid="u", scores={MIOU: 0.1}, reason="the checkpoint is gone")
    assert checkpoint_scores(run, names, evaluation=failed, curves=curves) == logged


def test_runs_on_other_data_are_doubted() -> None:
    parents = [a_sweep("p"), LoggedRun(run_id="q", params={"data_digest": "d2"})]
    runs = [a_trial(0), a_trial(0, parent="q"), LoggedRun(run_id="f")]
    assert comparison(runs, known=parents).doubts == ("data", "unknown data")


def test_metrics_stand_in_the_order_of_the_contract() -> None:
    names = ["n_parameters", "val_loss_detection", "map_detection", "f1_50_detection", "recall_50_detection"]
    names += ["precision_50_detection", "zebra"]
    assert in_order(names) == (
        "precision_50_detection", "recall_50_detection", "f1_50_detection", "map_detection",
        "val_loss_detection", "n_parameters", "zebra",
    )  # fmt: skip
    segmentation = ["dice_cone", "iou_cone", "dice", "miou", "pixel_acc", "train_loss", "val_loss"]
    ordered = in_order(f"{name}_segmentation" for name in segmentation)
    assert [name.removesuffix("_segmentation") for name in ordered] == [
        "pixel_acc", "miou", "dice", "iou_cone", "dice_cone", "val_loss", "train_loss",
    ]  # fmt: skip
    assert loss_pairs([LOSS, "train_loss_segmentation", "train_loss_detection"]) == (
        LossPair(train="train_loss_segmentation", validation=LOSS),
    )


def test_params_of_one_short_name_keep_their_long_ones() -> None:
    run = LoggedRun(run_id="a", params={"common_x": "1", "detection_x": "2", "common_y": "3"})
    assert short_params(run) == {"common_x": "1", "detection_x": "2", "y": "3"}


# Lanes


def test_trials_without_a_worker_are_packed_without_overlap() -> None:
    runs = [a_trial(0), a_trial(1), a_trial(2), a_trial(3, "running")]  # 0-15, 10-25, 20-35, 30-
    bars = lanes(runs, now_ms=100)
    assert [(bar.worker, bar.began_ms, bar.ended_ms) for bar in bars] == [
        ("lane 1", 0, 15), ("lane 1", 20, 35), ("lane 2", 10, 25), ("lane 2", 30, 100),
    ]  # fmt: skip


def test_named_workers_have_lanes_of_their_own_in_natural_order() -> None:
    runs = [a_trial(0, worker="worker-10"), a_trial(1, worker="worker-9"), a_trial(2, worker="worker-10")]
    assert [(bar.worker, bar.name) for bar in lanes(runs, now_ms=0)] == [
        ("worker-9", "trial-001"), ("worker-10", "trial-000"), ("worker-10", "trial-002"),
    ]  # fmt: skip
