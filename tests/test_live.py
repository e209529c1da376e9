"""The live view as a terminal of some width shows it."""

import io

import pytest
from rich.console import Console

from sweep.cli.live import LineObserver, LiveObserver, QuietObserver
from sweep.cli.view import SweepView
from sweep.records import EpochReport, Status, SweepRecord
from tests.making import MIOU, a_result, a_spec

PARAMS = {
    "lr": 3.16e-3,
    "weight_decay": 1.23e-2,
    "batch_size": 16,
    "width": 12,
    "loss": "ce_dice",
    "colour": 0.315,
}


ENDING = "stopping after the running epochs; press Ctrl-C again to end now"


def last_picture(width: int, ending: str = "") -> str:
    """What stays on the screen of a sweep with one trial that ended and two that run."""
    console = Console(width=width, height=40, record=True, file=io.StringIO(), force_terminal=True)
    observer = LiveObserver(console)
    record = SweepRecord(name="night", task="segmentation", objective=MIOU, config="{}", total_slots=50)
    done, retried, fresh = (
        a_spec(slot, attempt=attempt, until_epoch=50, model="lraspp_mobilenet_v3_large", params=PARAMS)
        for slot, attempt in ((0, 0), (7, 1), (8, 0))
    )
    observer.sweep_started(record)
    with observer.shown():
        for spec in (done, retried, fresh):
            observer.trial_started(spec)
        observer.epoch(EpochReport(trial_uid=retried.trial_uid, epoch=12, metrics={MIOU.metric: 0.61234}))
        observer.trial_finished(done, a_result(done, 0.5432))
        console.clear()
        if ending:
            observer.ending(ending)
    return console.export_text()


@pytest.mark.parametrize("width", [80, 100, 120])
def test_live_view_shows_name_epoch_metric_time_counts_and_eta_at_any_usual_width(width: int) -> None:
    lines = last_picture(width).splitlines()
    (header,) = [line for line in lines if line.startswith("running")]
    assert header.split() == ["running", "epoch", "miou", "time", "parameters"]
    (row,) = [line for line in lines if line.startswith("trial-007-r1")]
    assert row.split()[:6] == ["trial-007-r1", "12/50", "0.6123", "0", "s", "lraspp_mobilenet_v3_large"]
    (other,) = [line for line in lines if line.startswith("trial-008 ")]
    assert other.split()[1] == "0/50"
    text = " ".join(" ".join(lines).split())
    for part in (
        "1/50",
        "1 complete",
        "0 pruned",
        "0 failed",
        "elapsed 0 s",
        "left about",
        "best miou 0.5432 trial-000",
    ):
        assert part in text
    assert max(map(len, lines)) <= width


def test_live_view_of_a_sweep_that_is_ending_says_so_and_has_no_eta() -> None:
    shown = last_picture(100, ENDING)
    assert ENDING in shown
    assert "left about" not in shown.partition(ENDING)[2]


def test_lines_of_a_sweep_that_is_ending_say_so_and_have_no_eta(capsys: pytest.CaptureFixture[str]) -> None:
    observer = LineObserver()
    observer.sweep_started(
        SweepRecord(name="night", task="segmentation", objective=MIOU, config="{}", total_slots=50)
    )
    observer.ending(ENDING)
    observer.trial_finished(a_spec(0), a_result(a_spec(0), None, status=Status.STOPPED, reason="interrupted"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == ENDING
    assert lines[2].endswith("[0/50]")  # its slot is open


def test_quiet_view_says_on_stderr_that_ctrl_c_was_heard(capsys: pytest.CaptureFixture[str]) -> None:
    QuietObserver().ending(ENDING)
    assert capsys.readouterr() == ("", f"{ENDING}\n")


def test_slot_that_runs_again_is_not_counted_as_ended() -> None:
    view = SweepView()
    config = '{"max_retries": 1}'
    view.started(SweepRecord(name="night", task="segmentation", objective=MIOU, config=config, total_slots=8))
    stopped, died = a_spec(0), a_spec(1)
    view.trial_finished(stopped, a_result(stopped, None, status=Status.STOPPED))
    crash = {"status": Status.FAILED, "reason": "worker_killed(-9)", "retryable": True}
    view.trial_finished(died, a_result(died, None, **crash))
    assert view.closed_slots == set()
    again = a_spec(1, attempt=1)
    view.trial_finished(again, a_result(again, None, **crash))
    assert view.closed_slots == {1}


@pytest.mark.parametrize(
    ("closed", "n_again", "said"),
    [
        (range(8), 0, "nothing is left to train: all 8 trials have ended; --extra N adds some"),
        (range(6), 2, "going on: 6 of 8 trials have ended; 2 of the others had begun, and run again"),
        (range(6), 0, "going on: 6 of 8 trials have ended"),
    ],
)
def test_sweep_that_goes_on_says_what_is_left(
    capsys: pytest.CaptureFixture[str], closed: range, n_again: int, said: str
) -> None:
    observer = LineObserver()
    observer.sweep_started(
        SweepRecord(name="night", task="segmentation", objective=MIOU, config="{}", total_slots=8)
    )
    observer.sweep_resumed([(a_spec(slot), a_result(a_spec(slot))) for slot in closed], n_again)
    assert capsys.readouterr().out.splitlines()[1] == said
