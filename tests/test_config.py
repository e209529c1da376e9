"""The config: precedence, origins, faults of all sources at once, and nothing secret in what is shown."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep import catalog
from sweep.config import Loaded, SweepConfig, load
from sweep.config.schema import KEYS
from sweep.errors import InputError
from sweep.redaction import redacted

FLAGS_OF_THE_CONTRACT = """
task trials data format space name metric epochs image-size workers executor device sampler pruner seed
timeout trial-timeout target patience max-latency-ms max-failures max-retries keep weights trainer
promote set home storage tracking-uri report
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "sweep.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def loaded(environ: dict[str, str] | None = None, file: Path | None = None, **flags: object) -> Loaded:
    return load({"task": "segmentation"} | flags, environ or {}, file)


def faults_of(environ: dict[str, str] | None = None, file: Path | None = None, **flags: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(flags, environ or {}, file)
    head, *faults = str(caught.value).splitlines()
    assert re.fullmatch(r"settings: \d+ faults?", head)
    return [fault.strip() for fault in faults]


def test_config_has_exactly_the_flags_of_the_contract() -> None:
    ours = {"max-size-mb", "stall-timeout"}
    assert {key.replace("_", "-") for key in KEYS} - ours == set(FLAGS_OF_THE_CONTRACT.split())


def test_no_parameter_of_a_search_space_has_the_name_of_a_config_key() -> None:
    options = {option.name for trainer in catalog.TRAINERS for option in trainer.options}
    options |= {option.name for model in catalog.MODELS for option in model.options} | {"model_name"}
    assert not options & set(KEYS)


def test_config_with_only_a_task_has_the_defaults_of_the_contract() -> None:
    result = loaded()
    assert (result.config.trials, result.config.data, result.config.workers) == (50, "demo", "auto")
    assert (result.config.sampler, result.config.pruner, result.config.executor) == ("tpe", "median", "local")
    assert (result.config.home, result.config.promote, result.config.set) == ("mlruns", True, {})
    assert result.origins["trials"] == "default"
    assert result.origins["task"] == "flag --task"


def test_config_prefers_flag_to_environment_to_file_to_default_and_knows_each_origin(tmp_path: Path) -> None:
    file = written(tmp_path, "task: segmentation\ntrials: 1\nepochs: 1\nseed: 1\n")
    environ = {"SWEEP_TRIALS": "2", "SWEEP_EPOCHS": "2", "SWEEP_HOME": "/somewhere", "PATH": "/bin"}
    result = load({"trials": 3, "keep": None}, environ, file)
    assert (result.config.trials, result.config.epochs, result.config.seed) == (3, 2, 1)
    assert (result.config.home, result.config.keep) == ("/somewhere", 3)
    assert result.origins["trials"] == "flag --trials"
    assert result.origins["epochs"] == "env SWEEP_EPOCHS"
    assert result.origins["seed"] == f"file {file} line 4"
    assert result.origins["home"] == "env SWEEP_HOME"
    assert result.origins["keep"] == "default"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1d", 86400), ("2.5", 2.5), (7, 7), ("0.5s", 0.5)],
)
def test_timeout_is_read_as_seconds(text: object, seconds: float) -> None:
    assert loaded(timeout=text).config.timeout == seconds


@pytest.mark.parametrize("text", ["", "abc", "30x", "-5", "0", "0s", "nan", "inf", True])
def test_timeout_that_is_no_time_above_0_is_refused(text: object) -> None:
    assert faults_of(task="segmentation", timeout=text)[0].startswith("timeout (flag --timeout): ")


@given(st.integers(32, 4096), st.integers(32, 4096))
def test_image_size_is_width_then_height(width: int, height: int) -> None:
    assert loaded(image_size=f"{width}x{height}").config.image_size == (width, height)


@pytest.mark.parametrize(
    "text", ["160", "160x", "x120", "31x120", "160x4097", "160x120x3", "-160x120", "1.5x2", 160]
)
def test_image_size_that_is_none_is_refused(text: object) -> None:
    assert faults_of(task="segmentation", image_size=text)[0].startswith("image_size (flag --image-size): ")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("task", "segmentaton", "did you mean segmentation?"),
        ("trials", 0, "0 is below the smallest allowed value 1"),
        ("trials", -3, "below"),
        ("trials", "many", "'many' is not a number"),
        ("trials", 2.5, "2.5 is not a whole number"),
        ("trials", True, "True is not a number"),
        ("workers", 0, "write auto, or how many processes"),
        ("workers", "autoo", "write auto, or how many processes"),
        ("executor", "lokal", "did you mean local?"),
        ("device", "cuda:x", "known: auto, cpu, cuda, cuda:0"),
        ("device", "gpu", "did you mean cpu?"),
        ("sampler", "tpee", "did you mean tpe?"),
        ("pruner", "medain", "did you mean median?"),
        ("format", "cocoo", "did you mean coco?"),
        ("trainer", "standin", "did you mean stand_in?"),
        ("metric", "mious", "did you mean miou?"),
        ("metric", "map_50", "unknown metric of segmentation"),
        ("weights", "defualt", "did you mean default?"),
        ("weights", "/no/such/file.pt", "an existing file"),
        ("seed", 2**31, "above"),
        ("target", "nan", "is not a finite number"),
        ("patience", 0, "below"),
        ("keep", 0, "below"),
        ("max_retries", -1, "below"),
        ("promote", "perhaps", "neither true nor false"),
        ("name", 7, "is not text"),
        ("confirm", 3, "unknown key 'confirm'"),
        ("max_latency_ms", 0, "0 is not above 0"),
    ],
)
def test_wrong_value_is_named_with_its_flag_and_mend(key: str, value: object, words: str) -> None:
    (fault,) = faults_of(**({"task": "segmentation"} | {key: value}))
    assert fault.startswith(f"{key} (flag --{key.replace('_', '-')}): ")
    assert words in fault


def test_existing_weights_file_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "w.pt"
    file.touch()
    assert loaded(weights=str(file)).config.weights == str(file)


def test_missing_task_says_how_to_give_it() -> None:
    assert faults_of() == ["task: missing; write --task segmentation or --task detection"]


def test_faults_of_all_sources_are_shown_at_once_each_with_its_origin(tmp_path: Path) -> None:
    file = written(tmp_path, "trails: 3\ntrials: 0\nseed: yes\nset: {lr: [1]}\nepochs: 3\n")
    faults = faults_of(
        {"SWEEP_SAMPLER": "tpp", "SWEEP_TRAILS": "1"}, file, task="detection", keep=0, trials=5
    )
    starts = [
        f"seed (file {file} line 3): yes may mean",
        f"trails (file {file} line 1): unknown key 'trails'; did you mean trials?",
        f"lr (file {file} line 4): expected a single value",
        f"trials (file {file} line 2): 0 is below",  # also though a flag overrides it
        "trails (env SWEEP_TRAILS): unknown; did you mean SWEEP_TRIALS?",
        "sampler (env SWEEP_SAMPLER): unknown sampler 'tpp'; did you mean tpe?",
        "keep (flag --keep): 0 is below",
    ]
    assert len(faults) == len(starts)
    assert all(fault.startswith(start) for fault, start in zip(faults, starts, strict=True)), faults


def test_variable_of_another_program_is_left_alone() -> None:
    assert loaded({"SWEEP_UPSTREAM_BUILD": "1", "SWEEPS": "2", "SWEEP_EPOCHS": " "}).config.epochs is None


def test_set_reaches_config_keys_and_keeps_the_rest_for_the_search_space(tmp_path: Path) -> None:
    file = written(tmp_path, "set: {lr: 1e-3, flip: 0.5}\n")
    result = loaded(
        {"SWEEP_SET": "lr=2e-3 blur=0"},
        file,
        set=["lr=3e-3", "trials=7", "image-size=64x48", "model_name=tiny_unet"],
    )
    assert (result.config.trials, result.config.image_size) == (7, (64, 48))
    assert result.config.set == {"lr": 3e-3, "flip": 0.5, "blur": 0, "model_name": "tiny_unet"}
    assert result.origins["trials"] == "flag --set"
    assert result.origins["set.lr"] == "flag --set"
    assert result.origins["set.blur"] == "env SWEEP_SET"
    assert result.origins["set.flip"] == f"file {file} line 1"


@pytest.mark.parametrize(
    ("assignments", "words"),
    [
        (["lr"], "expected key=value, e.g. lr=1e-3"),
        (["=3"], "expected key=value"),
        (["lr="], "expected a single value"),
        (["lr=yes"], "write true or false"),
        (["lr=010"], "plain decimal"),
        (["lr=1", "lr=2"], "given twice, as 1 (flag --set) and as 2"),
        (["trials=0"], "below the smallest"),
    ],
)
def test_wrong_assignment_is_refused(assignments: list[str], words: str) -> None:
    assert words in faults_of(task="segmentation", set=assignments)[0]


@pytest.mark.parametrize("text", ["lr='1", 'lr=1 loss="dice', "lr=1\\"])
def test_set_of_the_environment_with_an_open_quote_is_a_fault_beside_the_others(text: str) -> None:
    broken, other = faults_of({"SWEEP_SET": text, "SWEEP_KEEP": "many"}, task="segmentation")
    assert broken.startswith(f"set (env SWEEP_SET): {text!r} cannot be split into words: No ")
    assert other.startswith("keep (env SWEEP_KEEP)")


def test_flag_and_set_that_disagree_are_refused() -> None:
    assert (
        "given twice, as 5 (flag --trials) and as 7"
        in faults_of(task="segmentation", trials=5, set=["trials=7"])[0]
    )


def test_set_takes_a_mapping_from_python() -> None:
    assert loaded(set={"lr": 1e-3, "loss": "dice"}).config.set == {"lr": 1e-3, "loss": "dice"}


def test_set_that_no_space_could_take_is_a_fault_beside_those_of_other_settings(tmp_path: Path) -> None:
    file = written(tmp_path, "task: detection\nset: {loss: dice, lr: 7}\n")
    faults = faults_of(file=file, trials=0, set=["anchr=0.1", "width=30", "model_name=tiny_unet"])
    assert faults[:3] == [
        "trials (flag --trials): 0 is below the smallest allowed value 1",
        f"loss (file {file} line 2): belongs to segmentation, and this space is for detection; drop it",
        f"lr (file {file} line 2): 7 is above the largest allowed value 1",
    ]
    assert faults[3].startswith("anchr (flag --set): unknown parameter 'anchr'; did you mean anchor? known:")
    assert faults[4].startswith("model_name (flag --set): tiny_unet is a model for segmentation")
    assert len(faults) == 5


def test_faults_of_settings_and_of_the_search_space_are_shown_together(tmp_path: Path) -> None:
    space = written(
        tmp_path, "task: segmentation\nepochs: 3\nlong_side_px: 64\nparameters: {model_name: tiny}\n"
    )
    with pytest.raises(InputError) as caught:
        load({"task": "segmentation", "trials": 0, "space": str(space)}, {})
    head, trials, of_space, model = str(caught.value).splitlines()
    assert (head, of_space) == ("settings: 1 fault", f"{space}: 1 fault")
    assert "0 is below" in trials
    assert "did you mean tiny_unet?" in model


def test_config_is_frozen_and_refuses_unknown_keys() -> None:
    config = loaded().config
    with pytest.raises(ValueError, match="frozen"):
        config.trials = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="plugin"):
        SweepConfig.model_validate({"task": "detection", "plugin": "x.py"})


SECRET = "S3CR3T"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://team:S3CR3T@db.lan:5432/x", "postgresql+psycopg://team:***@db.lan:5432/x"),
        ("postgresql://team:S3CR3T/@:x@db/x", "postgresql://team:***@db/x"),
        ("https://S3CR3T@mlflow.lan", "https://***@mlflow.lan"),
        ("https://h/x?user=a&password=S3CR3T&b=1", "https://h/x?user=a&password=***&b=1"),
        ("postgresql://h/x?sslpassword=S3CR3T", "postgresql://h/x?sslpassword=***"),
        ("s3://b?aws_secret_access_key=S3CR3T", "s3://b?aws_secret_access_key=***"),
        ("cannot open redis://:S3CR3T@h/0, sorry", "cannot open redis://:***@h/0, sorry"),
    ],
)
def test_redacted_hides_the_secret_and_leaves_the_rest(url: str, shown: str) -> None:
    assert redacted(url) == shown


@pytest.mark.parametrize(
    "url",
    ["sqlite:///mlruns/optuna.db", "http://127.0.0.1:5000", "postgresql://team@db/x", "models:/a@production"],
)
def test_redacted_leaves_an_address_without_a_secret_alone(url: str) -> None:
    assert redacted(url) == url


def test_secrets_are_in_no_shown_form_of_a_config_but_in_the_config() -> None:
    url = f"postgresql://team:{SECRET}@db/x"
    result = loaded({"SWEEP_STORAGE": url}, tracking_uri=f"https://u:{SECRET}@h")
    assert result.config.storage == url
    assert SECRET not in str(result.table()) + json.dumps(result.config.to_dict())
    faults = faults_of(task="detection", storage=url, set=[f"storage={url}/other"])
    assert "given twice, as postgresql://team:***@db/x" in faults[0]
    assert SECRET not in str(faults)


def test_table_has_a_row_for_every_key_with_its_origin() -> None:
    rows = {
        key: (shown, origin) for key, shown, origin in loaded(image_size="160x120", set=["lr=1e-3"]).table()
    }
    assert set(rows) == (set(KEYS) - {"set"}) | {"set.lr"}
    assert rows["image_size"] == ("160x120", "flag --image-size")
    assert rows["set.lr"] == ("0.001", "flag --set")
    assert rows["promote"] == ("true", "default")


def test_config_written_as_json_and_read_again_is_the_same() -> None:
    config = loaded(image_size="160x120", timeout="30m", set=["lr=1e-3"], workers="3", target=0.8).config
    assert SweepConfig.model_validate(json.loads(json.dumps(config.to_dict()))) == config
