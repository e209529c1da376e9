"""The gate before Production: its rules, its words, and what a worker finds out about real packages."""

import dataclasses
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rccar_models.cache import open_split, prepare
from rccar_models.evaluation import evaluate
from rccar_models.export import package
from rccar_models.formats import open_data
from rccar_models.predictor import CARD, load_predictor
from sweep.executors.alone import judge_alone
from sweep.judgement import Judgement, JudgeRequest
from sweep.promotion import RULES, Case, Limits, decide
from sweep.workshop.judging import judge
from tests.small_demo import SIZES, a_request, small_cache, trained

BETTER: dict[str, Any] = {"champion_value": 0.7, "low": 0.02, "high": 0.08}


def a_judgement(**changes: Any) -> Judgement:
    values: dict[str, Any] = {
        "trial_uid": "uid",
        "metric": "miou_segmentation",
        "task": "segmentation",
        "scores": {"miou_segmentation": 0.75, "val_loss_segmentation": 0.4},
        "value": 0.75,
        "n_images": 40,
        "n_true_classes": 5,
        "n_predicted_classes": 5,
    }
    return Judgement(**(values | changes))


def a_case(judgement: Judgement, **changes: Any) -> Case:
    values: dict[str, Any] = {"logged": {"miou_segmentation": 0.75}, "digest": "d1"}
    return Case(judgement=judgement, **(values | changes))


def against(judgement: Judgement, **changes: Any) -> Case:
    return a_case(judgement, **({"champion": "3", "champion_digest": "d1"} | changes))


# Rules


def test_sound_first_model_passes() -> None:
    decision = decide(a_case(a_judgement()))
    assert decision.has_passed
    assert decision.evidence.why == "promoted with miou 0.7500 as the first champion"
    assert (decision.evidence.ground, decision.notes) == ("first champion", ())


def test_model_that_is_better_by_more_than_noise_passes_with_numbers() -> None:
    decision = decide(against(a_judgement(**BETTER)))
    assert decision.has_passed
    assert decision.evidence.why == (
        "promoted: miou 0.7500 against 0.7000 of version 3 over 40 validation images, improvement +0.0500, "
        "95 % interval +0.0200 to +0.0800"
    )
    assert decision.evidence.ground == "same data"


@pytest.mark.parametrize("low", [0.0, -0.001])
def test_interval_that_reaches_0_keeps_the_champion(low: float) -> None:
    decision = decide(against(a_judgement(**(BETTER | {"low": low}))))
    assert (decision.rule, decision.is_forcible) == ("better", True)
    assert decision.evidence.why == (
        "champion kept: miou 0.7500 against 0.7000 of version 3 over 40 validation images, improvement "
        f"+0.0500, 95 % interval {low:+.4f} to +0.0800; its lower end must be above 0"
    )
    assert decision.forced.why.startswith("against the gate: miou 0.7500 against 0.7000 of version 3")


def test_smaller_loss_is_an_improvement() -> None:
    judgement = a_judgement(
        metric="val_loss_segmentation", maximise=False, value=0.4, champion_value=0.5, low=0.05, high=0.2
    )
    assert "val_loss 0.4000 against 0.5000 of version 3" in decide(against(judgement)).evidence.why
    assert "improvement +0.1000" in decide(against(judgement)).evidence.why


def test_champion_of_other_data_is_said_to_be_re_evaluated() -> None:
    evidence = decide(against(a_judgement(**BETTER), champion_digest="d2")).evidence
    assert evidence.ground == "re-evaluated"
    assert "over 40 validation images that are new to version 3" in evidence.why


@pytest.mark.parametrize("digest", ["", "d2"])
def test_unknown_digests_are_never_called_the_same_data(digest: str) -> None:
    case = against(a_judgement(**BETTER), digest=digest, champion_digest="")
    assert decide(case).evidence.ground == "re-evaluated"


def test_champion_of_other_classes_is_no_rival_and_said_so() -> None:
    decision = decide(against(a_judgement(no_rival="it knows other classes (road, sky)")))
    assert decision.has_passed
    assert decision.evidence.ground == "no rival"
    assert decision.notes == ("version 3 in Production is no rival: it knows other classes (road, sky)",)


def test_champion_whose_files_are_gone_is_no_rival_and_said_so_loudly() -> None:
    trouble = "version 3 in Production cannot be used: the files of m version 3 are gone from /a"
    decision = decide(against(a_judgement(), trouble=trouble))
    assert decision.has_passed
    assert decision.evidence.why == f"promoted with miou 0.7500 without a rival: {trouble}"
    assert trouble in decision.notes


def test_password_in_what_is_wrong_with_the_champion_is_hidden() -> None:
    decision = decide(against(a_judgement(), trouble="gone from https://me:S3CR3T@host/a"))
    assert "S3CR3T" not in str(decision)


@pytest.mark.parametrize(
    ("changes", "rule", "words", "is_forcible"),
    [
        ({"reason": "exception: PackageError: torn"}, "loads", "cannot be loaded and scored", False),
        (
            {"scores": {"miou_segmentation": 0.75, "val_loss_segmentation": math.nan}},
            "finite",
            "val_loss_segmentation is not a finite number",
            False,
        ),
        (
            {"scores": {"miou_segmentation": 0.7502}},
            "reproduces",
            "miou_segmentation is 0.750200, but 0.750000 was logged",
            False,
        ),
        ({"n_true_classes": 1, "n_predicted_classes": 1}, "truth", "shows one class only", True),
        ({"n_true_classes": 0}, "truth", "meaningless", True),
        ({"n_predicted_classes": 1}, "alive", "every pixel with one class, where the truth has 5", True),
        ({"task": "detection", "n_true_classes": 0}, "truth", "shows no object", True),
        ({"task": "detection", "n_predicted_classes": 0}, "alive", "finds no box in 40", True),
        (BETTER | {"n_images": 1}, "better", "noise cannot be told from 1 validation image", True),
    ],
)
def test_unsound_model_is_refused_with_the_rule_it_broke(
    changes: dict[str, Any], rule: str, words: str, is_forcible: bool
) -> None:
    decision = decide(against(a_judgement(**(BETTER | changes))))
    assert (decision.rule, decision.is_forcible) == (rule, is_forcible)
    assert decision.evidence.why.startswith("champion kept: ")
    assert words in decision.evidence.why
    first = decide(a_case(a_judgement(**(changes | {"champion_value": None, "low": None}))))
    if rule != "better":
        assert first.evidence.why.startswith("not promoted: ")


def test_rounding_of_the_logged_metric_is_no_fault() -> None:
    assert decide(a_case(a_judgement(scores={"miou_segmentation": 0.75009}))).has_passed


def test_detector_of_one_class_is_sound() -> None:
    judgement = a_judgement(task="detection", n_true_classes=1, n_predicted_classes=1)
    assert decide(a_case(judgement)).has_passed


def test_few_images_are_mentioned() -> None:
    notes = decide(against(a_judgement(**(BETTER | {"n_images": 8})))).notes
    assert notes == ("8 validation images are few: the interval is rough",)


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


# What a worker finds out


@dataclasses.dataclass(frozen=True)
class Packages:
    """Real packages of the demo, and the cache they are judged on."""

    cache: Path
    root: Path
    checkpoints: dict[str, Path]

    def request(self, candidate: str, champion: str = "", **changes: Any) -> JudgeRequest:
        values: dict[str, Any] = {
            "trial_uid": "uid",
            "candidate": str(self.root / candidate),
            "champion": str(self.root / champion) if champion else "",
            "data_ref": str(self.cache),
            "metric": "miou_segmentation",
            "maximise": True,
            "n_resamples": 200,
        }
        return JudgeRequest(**(values | changes))


def packed(task: str, cache: Path, root: Path, name: str, **changes: Any) -> Path:
    request = a_request(task, cache, root / f"{name}-trial", **changes)
    trained(request)
    package(request.checkpoint, root / name)
    return request.checkpoint


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    root = tmp_path_factory.mktemp("masks")
    cache = small_cache("segmentation", root / "cache", n_train=10, n_val=8)
    good = packed("segmentation", cache, root, "good", epochs=12)
    poor = packed("segmentation", cache, root, "poor", epochs=1, params={"lr": 1e-5, "batch_size": 4})
    return Packages(cache, root, {"good": good, "poor": poor})


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    root = tmp_path_factory.mktemp("boxes")
    cache = small_cache("detection", root / "cache", n_train=8, n_val=6)
    good = packed("detection", cache, root, "good", epochs=4)
    poor = packed("detection", cache, root, "poor", epochs=1, params={"lr": 1e-5, "batch_size": 4})
    return Packages(cache, root, {"good": good, "poor": poor})


def test_size_is_that_of_the_package_and_latency_is_measured_where_it_is_asked_for(masks: Packages) -> None:
    found = judge(masks.request("good", is_timed=True, n_resamples=2))
    files = [file for file in (masks.root / "good").rglob("*") if file.is_file()]
    assert found.size_mb == pytest.approx(sum(file.stat().st_size for file in files) / 1e6)
    assert found.latency_ms is not None
    assert found.latency_ms > 0
    assert judge(masks.request("good", n_resamples=2)).latency_ms is None


def test_better_and_worse_model_are_told_apart(masks: Packages) -> None:
    found = judge(masks.request("good", "poor"))
    assert found.reason == ""
    assert found.value is not None
    assert found.champion_value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.value > found.champion_value
    assert 0 < found.low <= found.value - found.champion_value <= found.high
    assert (found.n_images, found.task) == (8, "segmentation")
    back = judge(masks.request("poor", "good"))
    assert (back.low, back.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def test_scores_are_those_of_training(masks: Packages) -> None:
    predictor = load_predictor(masks.root / "good")
    expected = predictor.evaluate(open_split(masks.cache, "val"))
    found = judge(masks.request("good")).scores
    # Sums over batches and over frames are rounded otherwise.
    assert found == pytest.approx({name: expected[name] for name in found}, abs=1e-6)
    assert {"miou_segmentation", "val_loss_segmentation"} <= set(found)


def test_model_against_itself_is_not_better(masks: Packages) -> None:
    found = judge(masks.request("good", "good"))
    assert (found.low, found.high) == (0.0, 0.0)
    assert decide(against(found, logged={})).rule == "better"


def test_loss_is_compared_in_its_own_direction(masks: Packages) -> None:
    found = judge(masks.request("good", "poor", metric="val_loss_segmentation", maximise=False))
    assert found.value is not None
    assert found.champion_value is not None
    assert found.low is not None
    assert found.value < found.champion_value
    assert found.low > 0


@pytest.mark.long
def test_champion_of_another_input_size_is_judged_on_the_same_frames(masks: Packages, tmp_path: Path) -> None:
    index = open_data("demo", "segmentation")
    splits = {"train": index.splits["train"][:10], "val": index.splits["val"][:8]}
    larger = prepare(
        dataclasses.replace(index, splits=splits), image_size=(96, 72), cache_root=tmp_path / "cache"
    ).folder
    packed("segmentation", larger, tmp_path, "larger", epochs=8)
    assert load_predictor(tmp_path / "larger").card.image_size != SIZES["segmentation"]
    found = judge(masks.request("poor", champion=str(tmp_path / "larger")))
    assert (found.reason, found.no_rival) == ("", "")
    own = judge(
        dataclasses.replace(masks.request("x"), candidate=str(tmp_path / "larger"), data_ref=str(larger))
    )
    assert found.champion_value == pytest.approx(own.value, abs=0.15)
    assert found.champion_value != own.value


def edited(folder: Path, target: Path, **changes: Any) -> Path:
    """The same package with another card."""
    shutil.copytree(folder, target)
    card = json.loads((target / CARD).read_text())
    (target / CARD).write_text(json.dumps(card | changes))
    return target


@pytest.mark.parametrize("names", ["other", "order"])
def test_champion_of_other_classes_is_no_rival(masks: Packages, tmp_path: Path, names: str) -> None:
    classes = list(load_predictor(masks.root / "good").classes)
    wanted = [*classes[:-1], "sofa"] if names == "other" else [*classes[1:], classes[0]]
    champion = edited(masks.root / "good", tmp_path / "champion", classes=wanted)
    found = judge(masks.request("poor", champion=str(champion)))
    assert found.no_rival == f"it knows other classes ({', '.join(wanted)})"
    assert (found.champion_value, found.low, found.reason) == (None, None, "")


def test_both_are_judged_by_what_the_candidates_data_ignores(masks: Packages, tmp_path: Path) -> None:
    champion = edited(masks.root / "good", tmp_path / "champion", ignore_id=0)
    found = judge(masks.request("good", champion=str(champion)))
    assert (found.value, found.low, found.high) == (found.champion_value, 0.0, 0.0)


def test_champion_of_another_task_is_no_rival(masks: Packages, boxes: Packages) -> None:
    found = judge(masks.request("good", champion=str(boxes.root / "good")))
    assert found.no_rival == "it is made for detection"


def test_champion_that_cannot_be_loaded_is_no_rival(masks: Packages, tmp_path: Path) -> None:
    champion = torn(masks.root / "good", tmp_path / "champion")
    found = judge(masks.request("poor", champion=str(champion)))
    assert found.no_rival.startswith("it cannot be loaded: ")
    assert found.reason == ""


def torn(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    file = target / "network.pt2"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return target


def test_torn_candidate_is_refused_whatever_is_forced(masks: Packages, tmp_path: Path) -> None:
    found = judge(masks.request(str(torn(masks.root / "good", tmp_path / "torn"))))
    assert "PackageError" in found.reason
    decision = decide(a_case(found))
    assert (decision.rule, decision.is_forcible) == ("loads", False)


def test_model_of_one_class_is_degenerate(masks: Packages, tmp_path: Path) -> None:
    import torch

    from rccar_models import checkpoints

    state, info = checkpoints.load(masks.checkpoints["good"])
    last = [name for name in state if name.endswith("bias")][-1]
    state[last] = torch.full_like(state[last], -100.0).index_fill(0, torch.tensor([0]), 100.0)
    checkpoints.save(tmp_path / "best.pt", state=state, info=info)
    package(tmp_path / "best.pt", tmp_path / "flat")
    found = judge(masks.request(str(tmp_path / "flat")))
    assert found.n_predicted_classes == 1
    assert found.n_true_classes > 1
    assert decide(a_case(found, logged={})).rule == "alive"


@pytest.mark.parametrize("metric", ["f1_50_detection", "map_50_detection", "map_detection"])
def test_detectors_are_judged_by_their_boxes(boxes: Packages, metric: str) -> None:
    found = judge(boxes.request("good", "poor", metric=metric))
    assert found.reason == ""
    expected = load_predictor(boxes.root / "good").evaluate(open_split(boxes.cache, "val"))
    assert found.scores == pytest.approx({name: expected[name] for name in found.scores}, abs=1e-9)
    assert (found.n_images, found.metric) == (6, metric)
    assert found.low is not None
    assert found.high is not None
    assert found.value is not None
    assert found.champion_value is not None
    assert found.low <= found.value - found.champion_value <= found.high


def test_detectors_loss_comes_from_the_checkpoints(boxes: Packages) -> None:
    request = boxes.request(
        "good",
        "poor",
        metric="val_loss_detection",
        maximise=False,
        checkpoints=(str(boxes.checkpoints["good"]), str(boxes.checkpoints["poor"])),
    )
    found = judge(request)
    assert found.metric == "val_loss_detection"
    assert found.value is not None
    assert found.champion_value is not None
    assert found.value < found.champion_value
    assert found.low is not None
    assert found.low > 0
    # Frame by frame it is near the loss of batches, whose share of positive anchors is that of the batch.
    import torch

    from rccar_models import checkpoints

    network, info = checkpoints.restore(boxes.checkpoints["good"])
    logged = evaluate(
        network,
        open_split(boxes.cache, "val"),
        task="detection",
        classes=info.classes,
        ignore_id=None,
        device=torch.device("cpu"),
    ).metrics["val_loss_detection"]
    assert found.value == pytest.approx(logged, rel=0.3)


def test_without_the_champions_checkpoint_f1_decides_and_it_is_said(boxes: Packages) -> None:
    request = boxes.request(
        "good",
        "poor",
        metric="val_loss_detection",
        maximise=False,
        checkpoints=(str(boxes.checkpoints["good"]),),
    )
    found = judge(request)
    assert (found.metric, found.maximise) == ("f1_50_detection", True)
    assert found.notes == ("a checkpoint that could tell the validation loss is gone; F1 decides",)


def test_losses_of_other_families_are_not_compared(boxes: Packages, tmp_path: Path) -> None:
    champion = edited(
        boxes.root / "poor", tmp_path / "champion", model="fasterrcnn_mobilenet_v3_large_320_fpn"
    )
    request = boxes.request(
        "good",
        champion=str(champion),
        metric="val_loss_detection",
        maximise=False,
        checkpoints=tuple(map(str, boxes.checkpoints.values())),
    )
    found = judge(request)
    assert found.metric == "f1_50_detection"
    assert "families" in found.notes[0]


def test_missing_frames_are_a_reason(masks: Packages, tmp_path: Path) -> None:
    found = judge(masks.request("good", data_ref=str(tmp_path)))
    assert "no usable frame cache" in found.reason


@pytest.mark.long
def test_fresh_process_finds_out_the_same(masks: Packages, tmp_path: Path) -> None:
    request = masks.request("good", "poor")
    found = judge_alone(request, log=tmp_path / "gate.log")
    here = judge(request)
    assert found.reason == ""
    assert found.scores == pytest.approx(here.scores, abs=1e-5)
    assert found.low == pytest.approx(here.low, abs=1e-4)
    assert np.isfinite(list(found.scores.values())).all()


@pytest.mark.long
def test_process_that_takes_too_long_or_cannot_read_is_a_reason(masks: Packages, tmp_path: Path) -> None:
    late = judge_alone(masks.request("good"), log=tmp_path / "gate.log", timeout_s=0.1)
    assert late.reason.startswith("timeout: not done after 0.1 s")


def test_twin_of_the_champion_is_told_to_be_one() -> None:
    twin = a_judgement(champion_value=0.75, low=0.0, high=0.0)
    found = decide(Case(judgement=twin, logged={}, champion="3", champion_digest="d", digest="d"))
    assert not found.has_passed
    assert found.evidence.why.endswith("the two do the same on every image that was drawn")


@pytest.mark.parametrize(
    ("limits", "rule", "words"),
    [
        (
            Limits(latency_ms=20.0),
            "latency",
            "25.0 ms for a frame on this machine's CPU; --max-latency-ms allows 20",
        ),
        (Limits(size_mb=1.5), "size", "has 2.00 MB; --max-size-mb allows 1.5"),
        (Limits(latency_ms=25.0, size_mb=2.0), "", "promoted: miou"),
        (Limits(), "", "promoted: miou"),
    ],
)
def test_model_that_costs_too_much_is_kept_out_and_may_be_forced(
    limits: Limits, rule: str, words: str
) -> None:
    found = decide(against(a_judgement(**BETTER, latency_ms=25.0, size_mb=2.0), limits=limits))
    assert (found.rule, found.is_forcible) == (rule, True)
    assert words in found.evidence.why


def test_model_whose_latency_is_not_known_exceeds_every_limit() -> None:
    assert decide(against(a_judgement(**BETTER), limits=Limits(latency_ms=1e9))).rule == "latency"
