"""What a user sees who is wrong, curious or impatient."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.search_space import builtin_names, load_space
from tests.conftest import ROOT, Cli


@pytest.mark.parametrize(
    "words", [("--help",), ("run", "--help"), ("spaces", "--help"), ("version", "--help")]
)
def test_help_shows_and_imports_neither_torch_nor_mlflow_nor_optuna(words: tuple[str, ...]) -> None:
    code = (
        "import sys; sys.argv = ['sweep', *sys.argv[1:]]\n"
        "from sweep.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'mlflow', 'optuna', 'torchvision'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "Usage" in done.stdout
    assert done.stderr.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["run", "spaces", "version"])
def test_every_commands_help_has_an_example(cli: Cli, command: str) -> None:
    assert f"Example: sweep {command}" in cli(command, "--help").stdout


def test_faults_of_all_settings_are_shown_at_once_with_the_near_name(cli: Cli) -> None:
    done = cli("run", "--task", "segmantation", "--trials", "0", "--sampler", "tpee", SWEEP_KEEP="many")
    assert done.returncode == 2
    for part in ("segmentation", "--trials", "did you mean tpe?", "SWEEP_KEEP"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_parameter_of_set_is_answered_with_the_near_one(cli: Cli) -> None:
    done = cli("run", "--task", "segmentation", "--set", "learning_rat=1")
    assert done.returncode == 2
    assert "learning_rat" in done.stderr


def test_missing_data_folder_is_named_before_any_trial_and_no_folder_of_the_sweep_stays(
    cli: Cli, tmp_path: Path
) -> None:
    words = ("--data", "nowhere/at-all", "--name", "gone", "--executor", "inline")
    done = cli("run", "--task", "segmentation", *words)
    assert done.returncode == 2
    assert "nowhere/at-all" in done.stderr
    assert "trial-000" not in done.stdout
    assert not (tmp_path / "mlruns" / "sweeps" / "gone").exists()


def test_unsafe_name_is_refused(cli: Cli) -> None:
    done = cli("run", "--task", "segmentation", "--name", "../../etc")
    assert done.returncode == 2
    assert "letters, digits" in done.stderr


def test_home_that_is_a_file_is_unavailable(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = cli("run", "--task", "segmentation", "--trainer", "stand_in", "--home", "taken")
    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def test_server_that_is_down_is_said_at_once_without_its_password(cli: Cli) -> None:
    done = cli(
        "run",
        "--task",
        "segmentation",
        "--trainer",
        "stand_in",
        "--tracking-uri",
        "http://me:S3CR3T@127.0.0.1:9",
    )
    assert done.returncode == 4
    assert "127.0.0.1:9" in done.stderr
    assert "S3CR3T" not in done.stderr + done.stdout


def test_dry_run_shows_each_value_with_its_origin_and_starts_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("trials: 7\nseed: 5\n")
    done = cli(
        "run",
        "--task",
        "detection",
        "--config",
        "mine.yaml",
        "--seed",
        "9",
        "--dry-run",
        "--json",
        SWEEP_KEEP="2",
    )
    shown = json.loads(done.stdout)
    assert shown["trials"]["value"] == "7"
    assert "mine.yaml" in shown["trials"]["origin"]
    assert (shown["seed"]["value"], shown["seed"]["origin"]) == ("9", "flag --seed")
    assert (shown["keep"]["value"], shown["keep"]["origin"]) == ("2", "env SWEEP_KEEP")
    assert shown["pruner"]["origin"] == "default"
    assert not (tmp_path / "mlruns").exists()


def test_dry_run_says_what_is_decided_by_space_data_and_machine(cli: Cli, tmp_path: Path) -> None:
    done = cli("run", "--task", "segmentation", "--workers", "2", "--device", "cpu", "--dry-run", "--json")
    shown = json.loads(done.stdout)
    checked = shown.pop("checked")
    decided = {key: (row["value"], row["origin"]) for key, row in shown.items()}
    space = "space demo_segmentation"
    assert decided["space"] == ("demo_segmentation", "default")
    assert decided["metric"] == ("miou", "default")
    assert decided["epochs"] == ("6", space)
    assert decided["image_size"] == ("128x96", f"{space}: long side 128 px")
    assert decided["format"] == ("demo", "recognised")
    assert decided["name"] == ("demo-segmentation-DATE-TIME", "default")
    assert decided["storage"] == (f"sqlite:///{tmp_path / 'mlruns' / 'optuna.db'}", "home")
    assert "-" not in {value for value, _ in decided.values()}
    assert (checked["parameters"], checked["varied"]) == (11, 6)
    assert checked["frames"] == {"train": 160, "val": 48, "test": 48}


def test_dry_run_for_people_says_that_space_and_data_were_checked(cli: Cli) -> None:
    shown = cli("run", "--task", "segmentation", "--epochs", "3", "--dry-run").stdout
    assert "space checked: 11 parameters" in shown
    assert "data recognised: 160 train, 48 val, 48 test frames, classes background, road" in shown
    assert "flag --epochs" in shown


def test_dry_run_refuses_data_space_device_and_name_together(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "task: segmentation\nepochs: 2\nparameters: {model_name: tiny_unet}\n"
    )
    words = ["--data", "./missing", "--space", "mine.yaml", "--device", "cuda:99", "--name", "a/b"]
    done = cli("run", "--task", "segmentation", *words, "--dry-run")
    assert done.returncode == 2
    for part in ("./missing: 1 fault", "no such folder", "long_side_px", "--device cuda:99", "--name 'a/b'"):
        assert part in done.stderr


def test_dry_run_refuses_a_folder_that_is_no_data_set(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = cli("run", "--task", "segmentation", "--data", "empty", "--dry-run")
    assert done.returncode == 2
    assert "no known layout" in done.stderr


def test_spaces_lists_every_built_in_space_and_shows_one(cli: Cli) -> None:
    listed = cli("spaces").stdout
    shown = cli("spaces", "demo_segmentation").stdout
    assert "demo_segmentation" in listed
    assert "detection_gpu" in listed
    assert "tiny_unet" in shown
    assert "weight_decay" in shown


@pytest.mark.parametrize("name", builtin_names())
def test_space_is_shown_in_80_columns_with_every_name_in_one_piece(cli: Cli, name: str) -> None:
    shown = cli("spaces", name, COLUMNS="80").stdout
    assert max(map(len, shown.splitlines())) <= 80
    space = load_space(name)
    for word in (*space.models(), *(parameter.name for parameter in space.parameters)):
        assert word in shown.split()


def test_error_is_a_json_object_on_stdout_if_json_was_asked_for(cli: Cli) -> None:
    done = cli("run", "--task", "segmentation", "--sampler", "tpee", "--json")
    assert done.returncode == 2
    assert "did you mean tpe?" in json.loads(done.stdout)["error"]
    assert done.stderr.startswith("error: settings: 1 fault")
    assert not cli("run", "--task", "segmentation", "--sampler", "tpee").stdout


def test_version_names_the_packages_that_decide_about_results(cli: Cli) -> None:
    versions = json.loads(cli("version", "--json").stdout)
    assert {"python", "rccar-sweep", "torch", "optuna", "mlflow"} <= set(versions)


def test_help_of_run_says_the_defaults(cli: Cli) -> None:
    shown = " ".join(cli("run", "--help").stdout.split())
    assert "(default: 50)" in shown
    assert "(default: tpe)" in shown


def test_dry_run_checks_the_space_as_the_run_itself_does(cli: Cli) -> None:
    done = cli("run", "--task", "segmentation", "--dry-run", "--set", "widht=8")
    assert done.returncode == 2
    assert "did you mean width?" in done.stderr
