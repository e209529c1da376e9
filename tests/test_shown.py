"""What the summary of a run says."""

import ast
import dataclasses
from pathlib import Path

import pytest

from sweep.api.report import RunReport
from sweep.cli.shown import show_report
from sweep.ports import Champion
from sweep.summary import summarise
from tests.making import a_plan, a_result, a_spec

CHAMPION = Champion(name="rccar-segmentation", version="2", run_id="run", promoted=True, value=0.81138)


def a_report(champion: Champion | None) -> RunReport:
    trials = [(a_spec(0), a_result(a_spec(0), 0.5)), (a_spec(1), a_result(a_spec(1), 0.81138))]
    return RunReport(
        summary=summarise(a_plan(), trials, "all 2 trials ended"),
        home=Path("/home/me/mlruns"),
        tracking_uri="sqlite:////home/me/mlruns/mlflow.db",
        storage="sqlite:////home/me/mlruns/optuna.db",
        champion=champion,
        kept="",
        elapsed_s=61.0,
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "version 2 (0.8114), in Production"),
        ({"replaced": "1"}, "version 2 (0.8114), in Production, in place of version 1"),
        (
            {"replaced": "1", "replaced_value": 0.2384},
            "version 2 (0.8114), in Production, in place of version 1 (0.2384)",
        ),
        ({"value": None, "promoted": False}, "version 2, registered"),
    ],
)
def test_line_of_the_model_has_the_scores_that_can_be_compared(
    changes: dict[str, object], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_report(a_report(dataclasses.replace(CHAMPION, **changes)))  # type: ignore[arg-type]
    assert f"model: rccar-segmentation {line}\n" in capsys.readouterr().out


def test_summary_of_an_interrupted_sweep_says_where_the_best_checkpoint_lies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = a_spec(1)
    trials = [(spec, a_result(spec, 0.8, checkpoint="/home/me/mlruns/sweeps/s/trials/1/best.pt"))]
    summary = summarise(a_plan(), trials, "interrupted by SIGINT")
    report = dataclasses.replace(a_report(None), summary=summary, kept="the sweep was interrupted")
    show_report(report)
    shown = capsys.readouterr().out
    assert "not promoted: the sweep was interrupted\n" in shown
    assert "  the best trial's checkpoint: /home/me/mlruns/sweeps/s/trials/1/best.pt\n" in shown
    assert "  put it forward as it is: sweep promote a-sweep --home /home/me/mlruns\n" in shown
    assert dataclasses.replace(report, champion=CHAMPION).promote_command == ""


def test_time_of_a_resumed_sweep_is_told_to_be_of_its_last_part(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(dataclasses.replace(a_report(None), elapsed_s=5.0, is_resumed=True))
    assert "after 5 s since it was resumed (" in capsys.readouterr().out


@pytest.mark.parametrize("home", ['/home/me/the "good" runs', "/home/me/it's", "C:\\new"])
@pytest.mark.parametrize("store", ["sqlite:///{}/mlflow.db", "file:///elsewhere/it's"])
def test_command_that_loads_the_model_is_python_whatever_the_home_is_called(home: str, store: str) -> None:
    report = dataclasses.replace(a_report(CHAMPION), home=Path(home), tracking_uri=store.format(home))
    call = ast.parse(report.load_command, mode="eval").body
    assert isinstance(call, ast.Call)
    given = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    assert given in ({"home": home}, {"tracking_uri": "file:///elsewhere/it's"})


def test_commands_of_the_summary_open_servers_on_loopback_for_exact_hosts() -> None:
    commands = a_report(None).commands
    assert next(iter(commands.values())) == "sweep ui --home /home/me/mlruns"
    assert commands["optuna-dashboard"].startswith("optuna-dashboard --host 127.0.0.1 sqlite:")
    assert commands["MLflow"].endswith(
        "--host 127.0.0.1 --port 5000 --allowed-hosts localhost:5000,127.0.0.1:5000"
    )
