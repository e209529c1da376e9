"""The searcher on a real SQLite storage: what Optuna's storage says afterwards is what happened."""

import math
import random
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from sweep.catalog import PRUNERS as PRUNER_NAMES
from sweep.catalog import SAMPLERS as SAMPLER_NAMES
from sweep.history import PastTrial
from sweep.records import EpochReport, Status, SweepPlan, TrialSpec
from sweep.search_space import Choice, FloatRange, IntRange, Parameter, SearchSpace
from sweep.searching.mirror import RUN_ID_GRACE_S, StorageMirror
from sweep.searching.pruners import PRUNERS, first_rung_epoch, warm_up_epochs
from sweep.searching.restoring import ended_trials, sampler_notes
from sweep.searching.rungs import BracketPruner, slot_of
from sweep.searching.samplers import SAMPLERS
from sweep.searching.searcher import StudySearcher, open_study
from sweep.searching.storage import open_storage
from tests.making import VAL_LOSS, a_plan, a_result

LR = FloatRange(low=1e-4, high=1e-1, default=1e-3, log=True)
SPACE = SearchSpace(
    name="space",
    task="segmentation",
    trainer="stand_in",
    epochs=6,
    long_side_px=64,
    parameters=(
        Parameter(
            name="model_name",
            domain=Choice(choices=("tiny_unet", "lraspp_mobilenet_v3_large"), default="tiny_unet"),
        ),
        Parameter(
            name="lr",
            domain=LR,
            by_model={"lraspp_mobilenet_v3_large": FloatRange(low=1e-5, high=1e-3, default=1e-4, log=True)},
        ),
        Parameter(name="batch_size", domain=Choice(choices=(4, 8), default=8)),
        Parameter(
            name="width",
            domain=IntRange(low=6, high=10, step=2, default=8),
            when={"model_name": ("tiny_unet",)},
        ),
    ),
)

Open = Callable[..., tuple[StudySearcher, optuna.Study]]


class Hours:
    """A clock that tests set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def open_searcher(tmp_path: Path) -> Open:
    def make(
        *,
        sampler: str = "tpe",
        pruner: str = "median",
        run_id_of: Callable[[str], str | None] = lambda uid: f"run-{uid}",
        clock: Callable[[], float] = lambda: 0.0,
        **plan: object,
    ) -> tuple[StudySearcher, optuna.Study]:
        made: SweepPlan = a_plan(**{"epochs": 6, **plan})
        storage = open_storage(f"sqlite:///{tmp_path / 'optuna.db'}", init_lock=tmp_path / "lock")
        study_id = open_study(storage, plan=made, attributes={})
        mirror = StorageMirror(storage, study_id, run_id_of=run_id_of, clock=clock)
        searcher = StudySearcher(space=SPACE, plan=made, sampler=sampler, pruner=pruner, mirror=mirror)
        return searcher, optuna.load_study(study_name=made.name, storage=storage)

    return make


def ask(searcher: StudySearcher, slot: int) -> TrialSpec:
    spec = searcher.ask(slot)
    assert spec is not None
    return spec


def play(searcher: StudySearcher, spec: TrialSpec, values: list[float]) -> Status:
    """Report a curve as a worker would, and tell how it ended."""
    metric = spec.objectives[0].metric
    for epoch, value in enumerate(values, start=1):
        if searcher.report(EpochReport(trial_uid=spec.trial_uid, epoch=epoch, metrics={metric: value})):
            searcher.tell(a_result(spec, value, status=Status.PRUNED))
            return Status.PRUNED
    searcher.tell(a_result(spec, values[-1]))
    return Status.COMPLETE


def test_first_trial_is_the_stated_default(open_searcher: Open) -> None:
    searcher, _ = open_searcher()
    spec = ask(searcher, 0)
    assert (spec.model, spec.params) == ("tiny_unet", {"lr": 1e-3, "batch_size": 8, "width": 8})


def test_storage_holds_parameters_reports_value_and_attributes(open_searcher: Open) -> None:
    searcher, study = open_searcher()
    spec = ask(searcher, 0)
    (running,) = study.get_trials()
    assert (running.state, running.params) == (
        TrialState.RUNNING,
        {"model_name": "tiny_unet", "lr": 1e-3, "batch_size": 8, "width": 8},
    )
    play(searcher, spec, [0.1, 0.4, 0.3])
    searcher.settle()
    (told,) = study.get_trials()
    assert (told.state, told.value, told.intermediate_values) == (
        TrialState.COMPLETE,
        0.3,
        {1: 0.1, 2: 0.4, 3: 0.3},
    )
    assert told.user_attrs == {
        "trial_uid": spec.trial_uid,
        "slot": 0,
        "seed": spec.seed,
        "mlflow_run_id": f"run-{spec.trial_uid}",
    }


def test_failed_trial_is_fail_with_its_reason(open_searcher: Open) -> None:
    searcher, study = open_searcher()
    spec = ask(searcher, 0)
    searcher.tell(a_result(spec, None, status=Status.FAILED, reason="nan_loss: in epoch 2"))
    searcher.close()
    (trial,) = study.get_trials()
    assert (trial.state, trial.user_attrs["reason"]) == (TrialState.FAIL, "nan_loss: in epoch 2")


def test_finished_trial_waits_for_its_run_id_but_not_for_ever(open_searcher: Open) -> None:
    clock, run_ids = Hours(), dict[str, str]()
    searcher, study = open_searcher(run_id_of=run_ids.get, clock=clock)
    first, second = ask(searcher, 0), ask(searcher, 1)
    for spec in (first, second):
        searcher.tell(a_result(spec))
    searcher.settle()
    assert [trial.state for trial in study.get_trials()] == [TrialState.RUNNING] * 2
    run_ids[first.trial_uid] = "abc"
    searcher.settle()
    assert study.get_trials()[0].user_attrs["mlflow_run_id"] == "abc"
    clock.now = RUN_ID_GRACE_S + 0.1
    searcher.settle()
    assert study.get_trials()[1].state is TrialState.COMPLETE
    assert "mlflow_run_id" not in study.get_trials()[1].user_attrs


@pytest.mark.parametrize("sampler", ["tpe", "random", "gp", "qmc", "grid"])
def test_two_sweeps_of_one_seed_draw_the_same_and_another_seed_draws_differently(
    open_searcher: Open, sampler: str
) -> None:
    def drawn(name: str, seed: int) -> list[object]:
        searcher, _ = open_searcher(sampler=sampler, name=name, seed=seed)
        specs = []
        for slot in range(12):
            spec = ask(searcher, slot)
            play(searcher, spec, [0.1, float(spec.params["lr"])])
            specs.append((spec.model, spec.params, spec.seed))
        return specs

    first = drawn("one", 7)
    assert drawn("two", 7) == first
    assert drawn("three", 8) != first
    assert len({str(params) for _, params, _ in first}) >= 10, "draws repeat"


def test_parallel_asks_and_a_failure_do_not_change_another_slots_seed(open_searcher: Open) -> None:
    searcher, _ = open_searcher(sampler="random")
    alone = [ask(searcher, slot) for slot in range(4)]
    again, _ = open_searcher(sampler="random", name="again")
    for slot in (3, 1, 2):
        spec = ask(again, slot)
        assert (spec.params, spec.seed) == (alone[slot].params, alone[slot].seed)


def test_retry_keeps_slot_parameters_and_seed_and_names_what_it_retries(open_searcher: Open) -> None:
    searcher, study = open_searcher()
    ask(searcher, 0)
    crashed = ask(searcher, 1)
    searcher.tell(a_result(crashed, None, status=Status.FAILED, reason="worker_killed(-9)"))
    retry = searcher.ask(1, same=crashed)
    assert retry is not None
    assert (retry.params, retry.seed, retry.slot) == (crashed.params, crashed.seed, 1)
    assert (retry.attempt, retry.retry_of, retry.number) == (1, crashed.trial_uid, 2)
    assert retry.trial_uid != crashed.trial_uid
    assert retry.folder != crashed.folder
    assert study.get_trials()[2].params == study.get_trials()[1].params


def test_own_range_of_a_model_is_a_parameter_of_its_own(open_searcher: Open) -> None:
    searcher, study = open_searcher(sampler="random")
    specs = [ask(searcher, slot) for slot in range(12)]
    other = next(spec for spec in specs if spec.model == "lraspp_mobilenet_v3_large")
    assert set(other.params) == {"lr", "batch_size"}
    assert 1e-5 <= float(other.params["lr"]) <= 1e-3
    assert "lr@lraspp_mobilenet_v3_large" in study.get_trials()[other.number].params


def test_median_pruner_spares_the_warm_up_and_cuts_a_bad_trial_after_it(open_searcher: Open) -> None:
    searcher, _ = open_searcher(pruner="median")
    for slot in range(5):
        assert play(searcher, ask(searcher, slot), [0.5, 0.6, 0.7, 0.75, 0.8, 0.85]) is Status.COMPLETE
    bad = ask(searcher, 5)
    verdicts = [
        searcher.report(EpochReport(trial_uid=bad.trial_uid, epoch=epoch, metrics={"miou_segmentation": 0.1}))
        for epoch in (1, 2, 3, 4)
    ]
    assert warm_up_epochs(6) == 3
    assert verdicts == [False, False, False, True]


def test_nothing_is_pruned_after_its_last_epoch(open_searcher: Open) -> None:
    searcher, _ = open_searcher(pruner="median")
    for slot in range(5):
        play(searcher, ask(searcher, slot), [0.5, 0.6, 0.7, 0.75, 0.8, 0.85])
    late = ask(searcher, 5)
    metrics = {"miou_segmentation": 0.1}
    assert not searcher.report(EpochReport(trial_uid=late.trial_uid, epoch=6, metrics=metrics))


def test_pruning_by_a_loss_cuts_the_large_one(open_searcher: Open) -> None:
    searcher, _ = open_searcher(pruner="median", objective=VAL_LOSS)
    for slot in range(5):
        play(searcher, ask(searcher, slot), [1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
    assert play(searcher, ask(searcher, 5), [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]) is Status.COMPLETE
    assert play(searcher, ask(searcher, 6), [3.0] * 6) is Status.PRUNED


@pytest.mark.parametrize("pruner", ["asha", "hyperband", "patient", "median"])
def test_default_configuration_is_never_pruned_and_others_are(open_searcher: Open, pruner: str) -> None:
    searcher, _ = open_searcher(pruner=pruner, epochs=9)
    for slot in range(1, 13):
        play(searcher, ask(searcher, slot), [0.5 + slot / 100 + epoch / 100 for epoch in range(9)])
    assert play(searcher, ask(searcher, 0), [0.01] * 9) is Status.COMPLETE
    # Declining: patience is for curves that still rise.
    poor = [
        play(searcher, ask(searcher, slot), [0.1 - epoch / 100 for epoch in range(9)])
        for slot in range(20, 26)
    ]
    assert Status.PRUNED in poor


def first_prunings(pruner: str, epochs: int) -> set[int]:
    """Epochs at which trials that are poor from the start are cut, over many trials; 0 for never."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(study_name="rungs", direction="maximize", pruner=PRUNERS[pruner](epochs))
    found = set()
    for number in range(60):
        trial, cut = study.ask(), 0
        for epoch in range(1, epochs):  # after the last epoch nothing is pruned
            trial.report(0.5 if number < 30 else 0.1 - number / 1000, epoch)
            if number >= 30 and trial.should_prune():
                cut = epoch
                break
        else:
            trial.should_prune()
        study.tell(trial, 0.5)
        found |= {cut} if number >= 30 else set()
    return found


# Rungs at ceil(epochs / 9), at least 2, then three times as late: 2 (6); 2, 6; 6, 18. Hyperband's brackets
# begin at the first rung and at the next; of six epochs the next one is the end, where nothing is cut.
@pytest.mark.parametrize(("epochs", "rungs"), [(6, {2, 0}), (10, {2, 6}), (50, {6, 18})])
def test_hyperband_has_brackets_at_two_rungs(epochs: int, rungs: set[int]) -> None:
    assert first_prunings("hyperband", epochs) == rungs


@pytest.mark.parametrize(("epochs", "rungs"), [(6, [2]), (10, [2, 6]), (50, [6, 18])])
def test_asha_judges_at_its_rungs_and_nowhere_else(epochs: int, rungs: list[int]) -> None:
    judged = []
    for turn in range(1, epochs):
        study = optuna.create_study(direction="maximize", pruner=PRUNERS["asha"](epochs))
        for number in range(4):  # three good ones, then one that turns bad in this epoch
            trial = study.ask()
            for epoch in range(1, epochs):
                trial.report(0.9 if epoch < turn or number < 3 else 0.1, epoch)
                if trial.should_prune() and number == 3:
                    judged += [epoch] * (epoch == turn)
                    break
    assert judged == rungs


@pytest.mark.parametrize("epochs", [1, 2, 3, 5])
def test_first_rung_of_a_very_short_trial_is_not_its_first_epoch(epochs: int) -> None:
    assert first_rung_epoch(epochs) == min(epochs, 2)


def test_grid_ends_and_then_nothing_is_asked(open_searcher: Open) -> None:
    searcher, study = open_searcher(sampler="grid")
    points = SPACE.grid()
    asked = []
    for slot in range(len(points)):
        spec = ask(searcher, slot)
        asked.append({"model_name": spec.model, **spec.params})
        searcher.tell(a_result(spec))
    assert asked == points
    assert searcher.ask(len(points)) is None
    searcher.close()
    assert all(trial.state is TrialState.COMPLETE for trial in study.get_trials())


def test_tables_have_every_name_users_may_write() -> None:
    assert set(SAMPLERS) == set(SAMPLER_NAMES)
    assert set(PRUNERS) == set(PRUNER_NAMES)


class Sweep:
    """A sweep of one worker. Workers and the sweep's own process can be cut after any epoch of any slot."""

    def __init__(self, folder: Path, *, sampler: str, pruner: str, epochs: int = 18) -> None:
        self.plan = a_plan(epochs=epochs, seed=3)
        self.rows = {"sampler": sampler, "pruner": pruner}
        self.space = SPACE
        folder.mkdir()
        self.storage = open_storage(f"sqlite:///{folder / 'optuna.db'}", init_lock=folder / "lock")
        self.study_id = open_study(self.storage, plan=self.plan, attributes={})
        self.past: dict[str, PastTrial] = {}
        self.searcher = self.opened()

    def opened(self, **earlier: Any) -> StudySearcher:
        mirror = StorageMirror(self.storage, self.study_id, run_id_of=lambda uid: f"run-{uid}")
        return StudySearcher(space=self.space, plan=self.plan, mirror=mirror, **self.rows, **earlier)

    def run(self, n_slots: int, *, cuts: Mapping[tuple[int, int], str]) -> list[tuple[Any, Status, int]]:
        """Parameters, ending and last epoch of every slot; `cuts` say who dies, by slot and epoch."""
        return [self.closed(slot, cuts) for slot in range(n_slots)]

    def closed(self, slot: int, cuts: Mapping[tuple[int, int], str]) -> tuple[Any, Status, int]:
        spec, status, epoch = self.begun(slot), Status.COMPLETE, 0
        while status is Status.COMPLETE and epoch < self.plan.epochs:
            epoch += 1
            value = score(spec, epoch)
            report = EpochReport(trial_uid=spec.trial_uid, epoch=epoch, metrics={"miou_segmentation": value})
            is_pruned = self.searcher.report(report)
            self.past[spec.trial_uid].take(report)
            if (slot, epoch) in cuts and epoch < self.plan.epochs:
                self.cut(spec, cuts[slot, epoch])
                spec = self.begun(slot, same=spec)
            elif is_pruned:
                status = Status.PRUNED
        result = a_result(spec, value, status=status)
        self.past[spec.trial_uid].result = result
        self.searcher.tell(result)
        self.searcher.settle()
        return {"model_name": spec.model, **spec.params}, status, epoch

    def begun(self, slot: int, *, same: TrialSpec | None = None) -> TrialSpec:
        spec = self.searcher.ask(slot, same=same)
        assert spec is not None
        self.past[spec.trial_uid] = PastTrial(spec)
        return spec

    def cut(self, spec: TrialSpec, who: str) -> None:
        if who == "worker":
            died = a_result(spec, None, status=Status.FAILED, reason="worker_killed(-9)")
            self.past[spec.trial_uid].result = died
            self.searcher.tell(died)
            self.searcher.settle()
            return
        self.searcher._mirror._write_reports()  # what half a second later would have been written
        trials = ended_trials(self.storage, self.study_id, self.past, {}, space=self.space)
        places = sampler_notes(self.storage, self.study_id, trials)
        self.searcher = self.opened(earlier=trials, attributes=places)


def score(spec: TrialSpec, epoch: int) -> float:
    reached = 0.9 - abs(math.log10(float(spec.params["lr"])) + 2.5) / 5
    noise = random.Random(f"{spec.slot} {epoch}").gauss(0, 0.02)
    return reached * (1 - math.exp(-epoch / 4)) + noise


# At rungs (2, 6), in warm-up and after it; of every third slot more than one attempt is cut.
CUTS = {
    (slot, epoch): who
    for slot in range(1, 26, 3)
    for epoch, who in ((2, "worker"), (4, "process"), (6, "worker"), (11, "worker"))
    if (slot + epoch) % 4 != 0
} | {(5, 2): "process", (8, 6): "process", (14, 6): "process", (17, 2): "process", (20, 6): "worker"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pruner", "sampler"),
    [("asha", "tpe"), ("hyperband", "tpe"), ("hyperband", "qmc"), ("median", "tpe"), ("patient", "random")],
)
def test_sweep_with_cuts_draws_and_prunes_as_one_without(tmp_path: Path, pruner: str, sampler: str) -> None:
    whole = Sweep(tmp_path / "whole", sampler=sampler, pruner=pruner).run(26, cuts={})
    found = Sweep(tmp_path / "cut", sampler=sampler, pruner=pruner).run(26, cuts=CUTS)
    assert [ending[:2] for ending in found] == [ending[:2] for ending in whole]
    # What was told to end after an epoch, and was cut before it came to do so, ends after the next one.
    late = [status is Status.PRUNED and (slot, last) in CUTS for slot, (_, status, last) in enumerate(whole)]
    assert [last for *_, last in found] == [ending[2] + late[slot] for slot, ending in enumerate(whole)]
    assert Status.PRUNED in {status for _, status, _ in whole}


@pytest.mark.slow
def test_trial_cut_after_it_was_told_to_end_ends_in_its_next_attempt(tmp_path: Path) -> None:
    whole = Sweep(tmp_path / "whole", sampler="random", pruner="asha").run(12, cuts={})
    slot, last = next((slot, found[2]) for slot, found in enumerate(whole) if found[1] is Status.PRUNED)
    for who in ("worker", "process"):
        found = Sweep(tmp_path / who, sampler="random", pruner="asha").run(slot + 1, cuts={(slot, last): who})
        assert found[slot][1:] == (Status.PRUNED, last + 1)


def test_hyperbands_bracket_is_the_slots_for_pruner_and_sampler_alike() -> None:
    seen: list[tuple[int, set[int]]] = []

    class Looking(optuna.samplers.RandomSampler):
        """Notes which trials Optuna lets a sampler see."""

        def infer_relative_search_space(
            self, study: optuna.Study, trial: optuna.trial.FrozenTrial
        ) -> dict[str, optuna.distributions.BaseDistribution]:
            seen.append((slot_of(trial), {slot_of(other) for other in study.get_trials(deepcopy=False)}))
            return {}

    pruner = BracketPruner(6, 54)
    study = optuna.create_study(study_name="seed-0", sampler=Looking(), pruner=pruner)
    whole = optuna.create_study(study_name="seed-0", pruner=optuna.pruners.HyperbandPruner(6, 54, 3))
    whole.pruner._try_initialization(whole)
    slots = [0, 1, 1, 2, 3, 3, 3, *range(4, 40)]
    for slot in slots:
        study.enqueue_trial({}, user_attrs={"slot": slot})
        study.tell(study.ask(), 0.5)
    for _ in range(40):
        whole.tell(whole.ask(), 0.5)
    bracket = {trial.number: whole.pruner._get_bracket_id(whole, trial) for trial in whole.trials}
    assert set(bracket.values()) == {0, 1, 2}
    for slot, others in seen:
        assert others == {other for other in range(slot + 1) if bracket[other] == bracket[slot]}


def test_retry_outside_of_a_range_that_was_narrowed_keeps_its_parameters_over_further_resumes(
    tmp_path: Path,
) -> None:
    sweep = Sweep(tmp_path / "narrowed", sampler="random", pruner="none")
    spec = sweep.begun(0)
    lr = FloatRange(low=1e-2, high=1e-1, default=2e-2, log=True)
    parameters = (replace(one, domain=lr) if one.name == "lr" else one for one in SPACE.parameters)
    sweep.space = replace(SPACE, parameters=tuple(parameters))
    for _ in range(2):
        sweep.cut(spec, "process")
        spec = sweep.begun(0, same=spec)
        assert spec.params["lr"] == 1e-3


@pytest.mark.parametrize("name", ["asha", "hyperband"])
def test_pruning_at_rungs_is_optunas_own_where_nothing_was_cut(name: str) -> None:
    """Ours follow slots and reports, Optuna's numbers and notes: without cuts that is the same."""
    epochs, first = 54, first_rung_epoch(54)
    theirs = {
        "asha": optuna.pruners.SuccessiveHalvingPruner(min_resource=first, reduction_factor=3),
        "hyperband": optuna.pruners.HyperbandPruner(first, epochs, reduction_factor=3),
    }
    chance = random.Random(3)
    curves = [[chance.random() for _ in range(epochs)] for _ in range(60)]
    ends = []
    for pruner in (PRUNERS[name](epochs), theirs[name]):
        study = optuna.create_study(study_name="seed-0", direction="maximize", pruner=pruner)
        ends.append([pruned_after(study, slot, curve) for slot, curve in enumerate(curves)])
    assert ends[0] == ends[1]
    assert len(set(ends[0])) > 2


def pruned_after(study: optuna.Study, slot: int, curve: list[float]) -> int:
    trial = study.ask()
    trial.set_user_attr("slot", slot)
    for epoch, value in enumerate(curve, start=1):
        trial.report(value, epoch)
        if slot != 0 and epoch < len(curve) and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return epoch
    study.tell(trial, curve[-1])
    return len(curve)
