"""Search spaces: what can be written, what is drawn, and what is told about faults."""
# ruff: noqa: E501  (a table of faults and messages reads best one a line)

import json
import re
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sweep import catalog
from sweep.errors import InputError
from sweep.records import ParamValue
from sweep.search_space import Fixed, SearchSpace, builtin_names, check_metric, fix, load_space
from sweep.searching.searcher import OptunaDraw

TINY, LRASPP = "tiny_unet", "lraspp_mobilenet_v3_large"
HEAD = "task: segmentation\nepochs: 5\nlong_side_px: 128\nparameters:\n"
TWO_MODELS = f"  model_name: {{type: categorical, choices: [{TINY}, {LRASPP}], default: {TINY}}}\n"
DOCS = Path(__file__).resolve().parents[1] / "docs" / "search-spaces.md"

Written = Callable[..., SearchSpace]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Loads a space from its text."""

    def write(text: str, **more: str) -> SearchSpace:
        file = tmp_path / "mine.yaml"
        file.write_text(text, encoding="utf-8")
        return load_space(str(file), **more)  # type: ignore[arg-type]

    return write


class Recorder:
    """A draw that takes the highest value and the last choice, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, tuple[object, ...]] = {}

    def float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        self.asked[name] = ("float", low, high, step, log)
        return high

    def int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        self.asked[name] = ("int", low, high, step, log)
        return high

    def categorical(self, name: str, choices: tuple[ParamValue, ...]) -> ParamValue:
        self.asked[name] = ("categorical", *choices)
        return choices[-1]


def faults_of(written: Written, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        written(text)
    head, *faults = str(caught.value).splitlines()
    assert re.search(r"mine\.yaml: \d+ faults?$", head)
    assert head.split(": ")[-1].startswith(str(len(faults)))
    return [fault.strip() for fault in faults]


# what is drawn


def test_suggest_asks_for_every_kind_with_its_range(written: Written) -> None:
    space = written(
        HEAD
        + f"  model_name: {TINY}\n"
        + "  lr: {type: float, low: 1e-4, high: 0.1, log: true, default: 1e-3}\n"
        + "  colour: {type: float, low: 0, high: 0.6, step: 0.2, default: 0.2}\n"
        + "  scale: {type: float, low: 0, high: 0.5, default: 0.2}\n"
        + "  width: {type: int, low: 4, high: 16, step: 4, default: 8}\n"
        + "  batch_size: {type: int, low: 2, high: 32, log: true, default: 8}\n"
        + "  loss: {type: categorical, choices: [ce, dice], default: ce}\n"
        + "  flip: 0.5\n"
        + "  blur: {type: fixed, value: 0}\n"
    )
    draw = Recorder()
    params = space.suggest(draw)
    assert draw.asked == {
        "lr": ("float", 1e-4, 0.1, None, True),
        "colour": ("float", 0.0, 0.6, 0.2, False),
        "scale": ("float", 0.0, 0.5, None, False),
        "width": ("int", 4, 16, 4, False),
        "batch_size": ("int", 2, 32, 1, True),
        "loss": ("categorical", "ce", "dice"),
    }
    assert params["model_name"] == TINY
    assert (params["flip"], params["blur"], params["loss"]) == (0.5, 0, "dice")
    assert [type(params[name]) for name in ("lr", "width", "colour")] == [float, int, float]


CONDITIONAL = (
    HEAD
    + "  width: {type: int, low: 6, high: 10, step: 2, default: 8, when: {model_name: tiny_unet}}\n"
    + TWO_MODELS
    + "  lr: {type: float, low: 1e-3, high: 3e-2, log: true, default: 1e-2,\n"
    + f"       by_model: {{{LRASPP}: {{low: 1e-4, high: 1e-3, default: 5e-4}}}}}}\n"
)


def test_suggest_draws_a_models_own_range_under_its_own_name_and_delivers_it_as_lr(written: Written) -> None:
    draw = Recorder()
    params = written(CONDITIONAL).suggest(draw)  # the last model is drawn: lraspp
    assert draw.asked[f"lr@{LRASPP}"] == ("float", 1e-4, 1e-3, None, True)
    assert params == {"model_name": LRASPP, "lr": 1e-3}


def test_suggest_leaves_out_a_parameter_whose_condition_fails_and_orders_parents_first(
    written: Written,
) -> None:
    space = written(CONDITIONAL)
    assert space.parameters[0].name == "model_name"
    assert space.default() == {"model_name": TINY, "width": 8, "lr": 1e-2}
    assert "width" not in space.suggest(Recorder())


def test_conditions_hold_only_together_and_along_the_chain(written: Written) -> None:
    space = written(
        HEAD
        + TWO_MODELS
        + "  loss: {type: categorical, choices: [ce, dice], default: ce, when: {model_name: tiny_unet}}\n"
        + "  scale: {type: float, low: 0, high: 0.2, default: 0.1, when: {loss: [dice], model_name: tiny_unet}}\n"
        + "  crop: {type: float, low: 0, high: 0.2, default: 0.1, when: {loss: [ce, dice]}}\n"
    )
    assert space.default() == {"model_name": TINY, "loss": "ce", "crop": 0.1}
    assert space.suggest(Recorder()) == {"model_name": LRASPP}


def test_stored_gives_what_was_drawn_so_that_an_enqueued_default_comes_back(written: Written) -> None:
    space = written(CONDITIONAL + "  flip: 0.5\n")
    for wanted in (space.default(), {"model_name": LRASPP, "lr": 5e-4, "flip": 0.5}):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        study.enqueue_trial(dict(space.stored(wanted)))
        assert space.suggest(OptunaDraw(study.ask())) == wanted
    assert space.stored(wanted) == {"model_name": LRASPP, f"lr@{LRASPP}": 5e-4}


@pytest.mark.parametrize("name", builtin_names())
def test_builtin_space_gives_optuna_one_distribution_per_name_and_only_accepted_values(name: str) -> None:
    space = load_space(name)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    seen: dict[str, object] = {}
    for _ in range(30):
        trial = study.ask()
        params = space.suggest(OptunaDraw(trial))
        for drawn, distribution in trial.distributions.items():
            assert seen.setdefault(drawn, distribution) == distribution
        options = catalog.options_for(space.trainer, space.task, [str(params.pop("model_name"))])
        assert not [text for key, value in params.items() if (text := options[key].fault_of(value))]


@pytest.mark.parametrize("name", builtin_names())
def test_builtin_space_cites_the_source_of_its_defaults_and_its_grid_can_be_walked(name: str) -> None:
    text = (Path(__file__).resolve().parents[1] / "search_spaces" / f"{name}.yaml").read_text()
    assert re.search(r"#.*(Loshchilov|fast\.ai)", text)
    space = load_space(name)
    assert space.grid()[0] == space.default()
    assert set(space.models()) <= set(catalog.models_of(space.task))


def test_demo_spaces_vary_what_the_user_is_promised() -> None:
    for task in catalog.TASKS.names():
        asked = Recorder()
        load_space(f"demo_{task}", task=task).suggest(asked)
        assert {"lr", "weight_decay", "batch_size", "model_name"} <= set(asked.asked)


def test_no_builtin_space_for_users_data_mirrors_by_default() -> None:
    """Tracks and signs have a direction: a mirrored frame would keep the label of the other one."""
    for name in builtin_names():
        space = load_space(name)
        if space.trainer == "stand_in" or name.startswith("demo_"):
            continue
        option = catalog.options_for(space.trainer, space.task, space.models())["flip"]
        assert space.default().get("flip", option.default) == 0, name


def test_space_that_does_not_speak_of_mirroring_does_not_mirror() -> None:
    for task in catalog.TASKS.names():
        assert catalog.trainer_options("torch", task)["flip"].default == 0


# grid


def test_grid_is_the_default_then_every_point_of_the_conditional_space(written: Written) -> None:
    space = written(CONDITIONAL)
    # tiny_unet: 3 learning rates x 3 widths; lraspp: 3 learning rates. Geometric middle of 1e-3 and 3e-2: 5.477e-3.
    # The default (lr 1e-2) is not a point of the grid and comes first.
    grid = space.grid()
    assert len(grid) == 1 + 9 + 3
    assert grid[0] == space.default()
    assert grid[1] == {"model_name": TINY, "width": 6, "lr": 1e-3}
    assert grid[2] == {"model_name": TINY, "width": 6, "lr": pytest.approx(5.4772e-3, rel=1e-4)}
    assert [point["lr"] for point in grid[-3:]] == [1e-4, pytest.approx(3.1623e-4, rel=1e-4), 1e-3]
    assert not any("width" in point for point in grid[-3:])


def test_grid_holds_the_default_once(written: Written) -> None:
    space = written(
        HEAD
        + f"  model_name: {TINY}\n  scale: {{type: float, low: 0.0, high: 0.3, step: 0.1, default: 0.2}}\n"
    )
    assert [point["scale"] for point in space.grid()] == [0.2, 0.0, 0.1, 0.3]


def test_grid_too_large_to_be_meant_is_refused(written: Written) -> None:
    space = written(
        HEAD
        + f"  model_name: {TINY}\n"
        + "  batch_size: {type: int, low: 1, high: 200, default: 8}\n"
        + "  scale: {type: float, low: 0.0, high: 0.5, step: 0.001, default: 0.2}\n"
    )
    with pytest.raises(InputError, match="more than 10,000 points"):
        space.grid()


# identity


def test_fingerprint_changes_with_what_is_drawn_and_with_nothing_else(written: Written) -> None:
    space = written(CONDITIONAL)
    assert written(CONDITIONAL + "description: other words\n").fingerprint() == space.fingerprint()
    assert written(CONDITIONAL.replace("high: 10", "high: 12")).fingerprint() != space.fingerprint()
    assert written(CONDITIONAL.replace("low: 1e-4", "low: 2e-4")).fingerprint() != space.fingerprint()
    assert written(CONDITIONAL.replace("default: 8", "default: 6")).fingerprint() != space.fingerprint()


@pytest.mark.parametrize("name", builtin_names())
def test_space_written_as_json_and_read_again_is_the_same(name: str, written: Written) -> None:
    space = load_space(name)
    again = written(
        yaml.safe_dump(json.loads(json.dumps(space.to_dict())), sort_keys=False), trainer="stand_in"
    )
    assert again.fingerprint() == space.fingerprint()
    assert again.parameters == space.parameters


# faults


def test_faults_of_a_file_are_shown_all_at_once_with_lines_and_near_names(written: Written) -> None:
    faults = faults_of(
        written,
        "task: segmentation\n"  # 1
        "epochs: 0\n"  # 2
        "long_side_px: 128\n"  # 3
        "paramters: {}\n"  # 4
        "parameters:\n"  # 5
        "  model_name: {type: categorical, choices: [tiny_unit, tiny_unet], default: tiny_unet}\n"  # 6
        "  lr:\n"  # 7
        "    type: float\n"  # 8
        "    low: 0.0\n"  # 9
        "    high: 0.1\n"
        "    log: true\n"
        "    default: 1e-3\n"
        "  wieght_decay: 1e-2\n"  # 13
        "  batch_size: {type: integer, low: 1, high: 8, default: 4}\n"  # 14
        "  flip: yes\n",  # 15
    )
    assert faults == [
        "epochs (line 2): 0 is not between 1 and 100000",
        "paramters (line 4): unknown key 'paramters'; did you mean parameters? "
        "known: task, trainer, description, epochs, long_side_px, parameters",
        f"model_name (line 6): unknown model 'tiny_unit'; did you mean tiny_unet? "
        f"known: {', '.join(catalog.models_of('segmentation'))}",
        "lr.low (line 9): 0.0 with log: true; a log range starts above 0, e.g. 1e-6",
        *[fault for fault in faults if "wieght_decay" in fault],
        "batch_size.type (line 14): unknown type 'integer'; did you mean int? known: float, int, categorical, fixed",
        "flip (line 15): yes may mean a truth value or a word; write true or false, or put it in quotes",
    ]
    assert faults[4].startswith(
        "wieght_decay (line 13): unknown parameter 'wieght_decay'; did you mean weight_decay?"
    )


FAULTS = {
    "lr: {type: float, low: 0.1, high: 0.01, default: 0.1}": "lr.low (line 6): 0.1 is not below high 0.01",
    "lr: {type: float, low: 1e-4, high: 1e-2}": "lr.default (line 6): missing; the defaults together",
    "lr: {type: float, low: 1e-4, high: 1e-2, default: 1}": "lr.default (line 6): 1 lies outside 0.0001 to 0.01",
    'lr: {type: float, low: "1e-4", high: 1e-2, default: 1e-3}': "'1e-4' is text, not a number; remove the quotes",
    "lr: {type: float, low: abc, high: 1e-2, default: 1e-3}": "lr.low (line 6): 'abc' is text, not a number",
    "lr: {type: float, low: 1e-4, high: 5, default: 1e-3}": "lr.high (line 6): 5.0 is above the largest allowed",
    "lr: .nan": "lr (line 6): .nan is not a finite number",
    "lr: 1e999": "lr (line 6): 1e999 is not a finite number",
    "lr: [1e-3]": "lr (line 6): expected a fixed value, or a mapping",
    "lr: 2": "lr (line 6): 2 is above the largest allowed value 1",
    "lr: {type: float, low: 0.1, high: 1.0, log: true, step: 0.1, default: 0.1}": "lr.step (line 6): cannot be",
    "scale: {type: float, low: 0.0, high: 0.5, step: 0.2, default: 0.2}": "scale.high (line 6): 0.5 is not low plus",
    "scale: {type: float, low: 0.0, high: 0.4, step: 0.2, default: 0.1}": "scale.default (line 6): 0.1 is not low",
    "scale: {type: float, low: 0.0, high: 0.4, log: 1, default: 0.1}": "scale.log (line 6): 1 is neither true nor",
    "scale: {type: float, lo: 0.0, high: 0.4, default: 0.1}": "scale.lo (line 6): unknown key 'lo'; did you mean low?",
    "batch_size: {type: float, low: 4, high: 8, default: 4}": "batch_size.type (line 6): batch_size takes whole",
    "batch_size: {type: int, low: 4, high: 8.5, default: 4}": "batch_size.high (line 6): 8.5 is not a whole number",
    "batch_size: {type: int, low: 4, high: 8, step: 0, default: 4}": "batch_size.step (line 6): 0 is not above 0",
    "batch_size: {type: categorical, choices: [], default: 4}": "batch_size.choices (line 6): expected a list",
    "batch_size: {type: categorical, choices: [4, 4], default: 4}": "4 stands there twice",
    "batch_size: {type: categorical, choices: [4, 8], default: 16}": "16 is not among the choices 4, 8",
    "batch_size: {type: categorical, choices: [0, 8], default: 8}": "batch_size.choices (line 6): 0 is below",
    "batch_size: 010": "batch_size (line 6): 010 may be read as another number",
    "batch_size: 1:30": "batch_size (line 6): 1:30 may be read as another number",
    "loss: {type: int, low: 0, high: 2, default: 1}": "loss.type (line 6): loss is one of ce, dice, ce_dice",
    "loss: dise": "loss (line 6): 'dise' is not one of ce, dice, ce_dice",
    "width: 8": f"width (line 6): {LRASPP} would ignore it; add when: {{model_name: {TINY}}}",
    "width: {type: fixed, value: 8, when: {model_nam: tiny_unet}}": "width.when.model_nam (line 6): no parameter of",
    "width: {type: fixed, value: 8, when: {model_name: tiny_unett}}": "never 'tiny_unett'; did you mean tiny_unet?",
    "width: {type: fixed, value: 99, when: {model_name: tiny_unet}}": "width (line 6): 99 is above the largest",
    "crop: {type: fixed, value: 0.1, when: {crop: 0.1}}": "crop.when (line 6): depends in a circle on crop",
    f"crop: {{type: fixed, value: 0.1, by_model: {{{TINY}: 0.9}}}}": f"crop.by_model.{TINY} (line 6): 0.9 is above",
    "crop: {type: fixed, value: 0.1, by_model: {unet_resnet18: 0.2}}": "unknown model of this space 'unet_resnet18'",
    "lr: 1e-3\n  lr: 1e-2": "lr (line 7): written twice, first in line 6; keep one",
    "lr: &a 1e-3\n  weight_decay: *a": "line 7, column 17: the alias *a is not allowed",
    "lr: !!python/object/apply:os.system [echo]": "line 6, column 7: the tag",
    "lr: {type: float": "line",
}


@pytest.mark.parametrize("line", FAULTS)
def test_fault_in_a_parameter_is_named_with_its_line_and_mend(line: str, written: Written) -> None:
    text = HEAD + TWO_MODELS + f"  {line}\n"
    assert FAULTS[line] in "\n".join(faults_of(written, text))


def test_child_of_a_faulty_parent_is_no_fault_of_its_own(written: Written) -> None:
    text = (
        HEAD
        + f"  model_name: {TINY}\n"
        + "  loss: {type: categoric, choices: [ce, dice], default: ce}\n"
        + "  crop: {type: fixed, value: 0.1, when: {loss: ce}}\n"
    )
    (fault,) = faults_of(written, text)
    assert fault.startswith("loss.type (line 6): unknown type 'categoric'; did you mean categorical?")


def test_faults_of_conditions_are_shown_beside_all_others(written: Written) -> None:
    text = (
        HEAD
        + f"  model_name: {TINY}\n"  # 5
        + "  loss: {type: categorical, choices: [ce, dice], default: ce}\n"
        + "  lr: {type: float, low: 1e-4, hihg: 1e-2, default: 1e-3, when: {loss: focal}}\n"  # 7
        + "  crop: {type: fixed, value: 0.9, when: {loss: focal}}\n"  # 8
        + "  fliip: {type: flaot, when: {los: ce}}\n"  # 9
        + "  scal: 0.1\n"  # 10
        + "  width: 99\n"  # 11
    )
    found = "\n".join(faults_of(written, text))
    for part in (
        "lr.hihg (line 7): unknown key 'hihg'; did you mean high?",
        "lr.when.loss (line 7): loss is never 'focal'; it may be: ce, dice",
        "crop.when.loss (line 8): loss is never 'focal'; it may be: ce, dice",
        "crop (line 8): 0.9 is above the largest allowed value 0.5",
        "fliip.type (line 9): unknown type 'flaot'; did you mean float?",
        "fliip.when.los (line 9): no parameter of this name is declared; did you mean loss?",
        "fliip (line 9): unknown parameter 'fliip'; did you mean flip?",
        "scal (line 10): unknown parameter 'scal'; did you mean scale?",
        "width (line 11): 99 is above the largest allowed value 16",
    ):
        assert part in found


def test_faulty_condition_does_not_make_models_seem_to_ignore_a_parameter(written: Written) -> None:
    text = (
        HEAD
        + TWO_MODELS
        + f"  loss: {{type: fixed, value: ce, when: {{model_nam: {TINY}}}}}\n"
        + "  width: {type: fixed, value: 8, when: {loss: ce}}\n"
    )
    (fault,) = faults_of(written, text)
    assert fault.startswith("loss.when.model_nam (line 6): no parameter of this name is declared")


def test_parameters_are_judged_although_the_models_name_is_wrong(written: Written) -> None:
    text = HEAD + "  model_name: tiny_unit\n  width: 99\n  lrr: 1\n"
    model, width, lrr = faults_of(written, text)
    assert "did you mean tiny_unet?" in model
    assert width == "width (line 6): 99 is above the largest allowed value 16"
    assert "did you mean lr?" in lrr


def test_condition_on_a_range_is_refused(written: Written) -> None:
    text = (
        HEAD
        + f"  model_name: {TINY}\n"
        + "  scale: {type: float, low: 0, high: 0.3, default: 0.1}\n"
        + "  crop: {type: fixed, value: 0.1, when: {scale: 0.1}}\n"
    )
    assert faults_of(written, text) == [
        "crop.when.scale (line 7): scale is a range; a condition needs a categorical or fixed parameter"
    ]


def test_circle_of_two_conditions_is_refused(written: Written) -> None:
    text = (
        HEAD
        + f"  model_name: {TINY}\n"
        + "  scale: {type: categorical, choices: [0.1, 0.2], default: 0.1, when: {crop: 0.1}}\n"
        + "  crop: {type: categorical, choices: [0.1, 0.2], default: 0.1, when: {scale: 0.1}}\n"
    )
    assert any("depends in a circle" in fault for fault in faults_of(written, text))


def test_parameter_of_another_task_is_told_so(written: Written) -> None:
    text = HEAD.replace("segmentation", "detection") + "  model_name: small_ssd\n  loss: ce\n"
    assert faults_of(written, text) == [
        "loss (line 6): belongs to segmentation, and this space is for detection; drop it"
    ]


def test_model_of_another_task_is_told_so(written: Written) -> None:
    assert "small_ssd is a model for detection" in faults_of(written, HEAD + "  model_name: small_ssd\n")[0]


@pytest.mark.parametrize("text", ["", "task: segmentation\n", HEAD, HEAD + "  lr: 1e-3\n"])
def test_space_without_its_keys_says_which_are_missing(text: str, written: Written) -> None:
    assert any("model_name is missing" in fault for fault in faults_of(written, text))


def test_file_that_is_no_mapping_too_large_too_deep_or_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    for content, word in (
        (b"- a\n", "expected lines of the form"),
        (b"a: " + b"x" * 1_000_001, "larger than"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "nested deeper than 12 levels"),
        (b"a: \xff\xfe", "not UTF-8"),
        (b"a: 1\n---\nb: 2\n", "document"),
        (b"a: \x00", "line|special characters"),
    ):
        file.write_bytes(content)
        with pytest.raises(InputError, match=word):
            load_space(str(file))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(" \n\t:-[]{}&*!|>'\"%@`#,?0aeyn1.~<="), max_size=60))
def test_any_text_is_a_space_or_an_input_error(text: str) -> None:
    from sweep.documents import parse_document
    from sweep.search_space.reading import space_from

    with pytest.raises(InputError):
        space_from(parse_document(text, "x.yaml"), name="x")


# finding


def test_unknown_space_names_the_near_one_and_all_there_are() -> None:
    with pytest.raises(InputError, match="did you mean demo_segmentation\\? known: demo_detection"):
        load_space("demo_segmentaton")


def test_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load_space("nowhere.yaml")


def test_space_of_another_task_or_trainer_is_refused_with_the_flag_that_mends_it() -> None:
    with pytest.raises(InputError, match="is for detection, not for segmentation; use --task detection"):
        load_space("demo_detection", task="segmentation")
    with pytest.raises(InputError, match="add --trainer stand_in"):
        load_space("stand_in_segmentation", task="segmentation", trainer="torch")
    assert load_space("demo_detection", task="detection", trainer="stand_in").task == "detection"


# fixing


def test_fix_replaces_a_range_and_a_models_own_range(written: Written) -> None:
    space = fix(written(CONDITIONAL), {"lr": 2e-3})
    draw = Recorder()
    assert space.suggest(draw)["lr"] == 2e-3
    assert set(draw.asked) == {"model_name"}


def test_fix_adds_an_option_the_file_does_not_name(written: Written) -> None:
    space = fix(written(CONDITIONAL), {"flip": 0})
    assert space.default()["flip"] == 0
    only_lraspp = written(HEAD + TWO_MODELS + "  lr: 1e-3\n")
    width = fix(only_lraspp, {"width": 10}).parameter("width")
    assert width is not None
    assert (width.domain, width.when) == (Fixed(value=10), {"model_name": (TINY,)})


def test_fix_of_the_model_leaves_the_others_parameters_out_in_any_order(written: Written) -> None:
    space = fix(written(CONDITIONAL), {"model_name": TINY, "width": 10})
    assert space.models() == (TINY,)
    assert space.default() == {"model_name": TINY, "width": 10, "lr": 1e-2}
    assert "width" not in fix(written(CONDITIONAL), {"model_name": LRASPP}).default()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lrr": 1}, "lrr: unknown parameter 'lrr'; did you mean lr?"),
        ({"lr": 7}, "lr: 7 is above the largest allowed value 1"),
        ({"model_name": "tiny"}, "model_name: unknown model 'tiny'; did you mean tiny_unet?"),
        (
            {"model_name": LRASPP, "width": 8},
            f"width: no trial would use it, its condition never holds (models: {LRASPP})",
        ),
        (
            {"width": 8, "model_name": LRASPP},
            f"width: no trial would use it, its condition never holds (models: {LRASPP})",
        ),
    ],
)
def test_fix_that_no_trial_could_follow_is_refused(
    values: dict[str, ParamValue], words: str, written: Written
) -> None:
    with pytest.raises(InputError, match=r"--set: ") as caught:
        fix(written(CONDITIONAL), values)
    assert words in str(caught.value)


def test_fix_of_a_parent_refuses_a_child_that_it_excludes(written: Written) -> None:
    space = written(
        HEAD
        + f"  model_name: {TINY}\n"
        + "  loss: {type: categorical, choices: [ce, dice], default: ce}\n"
        + "  crop: {type: float, low: 0, high: 0.2, default: 0.1, when: {loss: dice}}\n"
    )
    with pytest.raises(InputError, match="crop: no trial would use it"):
        fix(space, {"loss": "ce", "crop": 0.1})
    assert fix(space, {"loss": "dice", "crop": 0.2}).default()["crop"] == 0.2


def test_fix_shows_all_its_faults_at_once(written: Written) -> None:
    with pytest.raises(InputError, match="--set: 2 faults"):
        fix(written(CONDITIONAL), {"lr": 7, "flip": "much"})


# metric


def test_val_loss_of_detectors_of_several_families_is_refused(written: Written) -> None:
    mixed = load_space("detection_gpu")
    with pytest.raises(
        InputError, match=r"not comparable.*faster_rcnn: fasterrcnn_mobilenet_v3_large_320_fpn"
    ):
        check_metric(mixed, "val_loss")
    check_metric(mixed, "f1_50")
    check_metric(load_space("detection"), "val_loss")
    check_metric(load_space("segmentation_gpu"), "val_loss")
    check_metric(fix(mixed, {"model_name": "small_ssd"}), "val_loss")


# the page of the manual


def test_every_example_of_the_manual_is_read_and_the_faulty_one_says_what_the_page_says(
    written: Written,
) -> None:
    blocks = re.findall(r"```(\w*)\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
    examples = [text for kind, text in blocks if kind == "yaml"]
    assert len(examples) == 3
    for text in examples[:2]:
        written(text).default()
    shown = next(text for kind, text in blocks if not kind and "faults" in text)
    assert faults_of(written, examples[2]) == [line.strip() for line in shown.strip().splitlines()[1:]]


def test_every_line_of_the_table_of_kinds_is_a_parameter(written: Written) -> None:
    page = DOCS.read_text(encoding="utf-8")
    kinds = re.findall(r"\| `(\{type: .*?\})` \|", page)
    assert len(kinds) == 4
    names = ("scale", "lr", "batch_size", "loss")
    for name, kind in zip(names, kinds, strict=True):
        body = kind.replace("0.6", "0.5") if name == "scale" else kind
        written(HEAD + f"  model_name: {TINY}\n  {name}: {body}\n")
