"""The catalog: names, near names, options, logged names; all of it without torch."""

import subprocess
import sys

import pytest

from sweep import catalog
from sweep.errors import InputError


@pytest.mark.parametrize(
    ("name", "guess"), [("tiny_unit", "tiny_unet"), ("TINY_UNET", "tiny_unet"), ("smal_ssd", "small_ssd")]
)
def test_catalog_with_misspelt_model_names_the_near_one_and_all_known(name: str, guess: str) -> None:
    with pytest.raises(InputError) as caught:
        catalog.MODELS.get(name)
    assert f"unknown model '{name}'; did you mean {guess}?" in str(caught.value)
    assert all(known in str(caught.value) for known in catalog.MODELS.names())


def test_catalog_with_a_name_like_no_other_offers_no_guess() -> None:
    assert catalog.near("zzzzzz", catalog.MODELS.names()) is None
    assert "did you mean" not in catalog.unknown("model", "zzzzzz", catalog.MODELS.names())


def test_catalog_knows_the_names_of_the_contract() -> None:
    assert set(catalog.TASKS.names()) == {"segmentation", "detection"}
    assert {"demo", "mask_folder", "coco", "yolo"} <= set(catalog.FORMATS.names())
    assert set(catalog.TRAINERS.names()) == {"torch", "stand_in"}
    assert set(catalog.SAMPLERS) == {"tpe", "gp", "random", "grid", "qmc"}
    assert set(catalog.PRUNERS) == {"median", "hyperband", "asha", "patient", "none"}


def test_samplers_and_pruners_of_the_catalog_are_the_ones_that_can_be_built() -> None:
    from sweep.searching.pruners import PRUNERS
    from sweep.searching.samplers import SAMPLERS

    assert set(SAMPLERS) == set(catalog.SAMPLERS)
    assert set(PRUNERS) == set(catalog.PRUNERS)


@pytest.mark.parametrize(
    ("task", "name", "logged"),
    [
        ("segmentation", None, "miou_segmentation"),
        ("detection", None, "f1_50_detection"),
        ("detection", "map_50", "map_50_detection"),
    ],
)
def test_metric_is_the_named_one_or_the_default_of_its_task(task: str, name: str | None, logged: str) -> None:
    assert catalog.metric_of(task, name).logged == logged


def test_metric_of_another_task_is_refused_with_those_of_this_one() -> None:
    with pytest.raises(InputError, match=r"unknown metric of detection 'miou'.*known: f1_50, map_50, map"):
        catalog.metric_of("detection", "miou")


@pytest.mark.parametrize(
    ("task", "param", "logged"),
    [
        ("segmentation", "epochs", "common_epochs"),
        ("segmentation", "batch_size", "common_batch_size"),
        ("detection", "lr", "common_lr"),
        ("detection", "weight_decay", "common_weight_decay"),
        ("segmentation", "model_name", "segmentation_model_name"),
        ("detection", "model_name", "detection_model_name"),
        ("segmentation", "flip", "common_flip"),
        ("segmentation", "loss", "segmentation_loss"),
        ("segmentation", "width", "segmentation_width"),
        ("detection", "width", "detection_width"),
    ],
)
def test_logged_param_name_is_the_one_of_the_contract(task: str, param: str, logged: str) -> None:
    assert catalog.logged_param_name(task, param) == logged


def test_options_for_a_model_are_the_trainers_of_the_task_and_its_own() -> None:
    options = catalog.options_for("torch", "detection", ["small_ssd"])
    assert {"lr", "weight_decay", "batch_size", "flip", "width", "anchor"} <= set(options)
    assert "loss" not in options  # belongs to segmentation
    assert "width" not in catalog.options_for("torch", "detection", ["ssdlite320_mobilenet_v3_large"])
    assert "fault" in catalog.options_for("stand_in", "detection", [])


@pytest.mark.parametrize("name", catalog.MODELS.names())
def test_no_option_of_a_model_hides_one_of_a_trainer(name: str) -> None:
    shared = {option.name for trainer in catalog.TRAINERS for option in trainer.options} | {"model_name"}
    assert not shared & {option.name for option in catalog.MODELS.get(name).options}


def test_catalog_spaces_and_config_import_no_torch_optuna_or_mlflow() -> None:
    code = """
import sys
from sweep import catalog, config, search_space
for each in (catalog.MODELS, catalog.TASKS, catalog.FORMATS, catalog.TRAINERS):
    assert each.names()
for name in search_space.builtin_names():
    search_space.load_space(name).default()
config.load({"task": "detection"}, {})
print(sorted({"torch", "torchvision", "optuna", "mlflow"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
