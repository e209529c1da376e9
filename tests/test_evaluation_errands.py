"""Errands: what workers do after the trials."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sweep.evaluation import EvaluateRequest, Evaluation
from sweep.executors.inline import InlineExecutor
from sweep.executors.local import LocalExecutor
from sweep.orchestrator.errands import Errands
from sweep.orchestrator.stopping import StopRequest
from sweep.ports import Offer
from sweep.records import EpochReport, Job, TrialResult, Verdict


def requests(n: int, folder: Path = Path("gone")) -> list[EvaluateRequest]:
    return [
        EvaluateRequest(
            trial_uid=f"uid-{index}",
            run_name=f"trial-00{index}",
            checkpoint=str(folder / "best.pt"),
            data_ref=str(folder),
            folder=str(folder / str(index)),
            metric="miou_segmentation",
            maximise=True,
        )
        for index in range(n)
    ]


def inline(work: Callable[[EvaluateRequest], Evaluation]) -> InlineExecutor:
    def run(job: Job, _: Callable[[EpochReport], Verdict]) -> TrialResult | Evaluation:
        assert isinstance(job, EvaluateRequest)
        return work(job)

    return InlineExecutor(run_job=run, n_threads=3, device="cpu")


def test_every_evaluation_is_told_once_and_runs_with_the_threads_of_its_worker() -> None:
    told: list[Evaluation] = []
    work = inline(lambda job: Evaluation(trial_uid=job.trial_uid, latency_threads=job.n_threads))
    Errands(work, StopRequest()).evaluate(requests(3), told.append)
    assert [(one.trial_uid, one.latency_threads) for one in told] == [
        ("uid-0", 3),
        ("uid-1", 3),
        ("uid-2", 3),
    ]


def test_stop_request_ends_the_evaluations_between_two_of_them(tmp_path: Path) -> None:
    stop, told = StopRequest(tmp_path / "stop"), []

    def tell(evaluation: Evaluation) -> None:
        told.append(evaluation)
        (tmp_path / "stop").write_text("")

    work = inline(lambda job: Evaluation(trial_uid=job.trial_uid))
    with pytest.raises(KeyboardInterrupt) as heard:
        Errands(work, stop).evaluate(requests(3), tell)
    assert heard.value.args == (signal.SIGTERM,)
    assert [one.trial_uid for one in told] == ["uid-0"]


@pytest.mark.slow
def test_workers_evaluate_side_by_side_and_one_that_dies_is_a_reason(tmp_path: Path) -> None:
    workers = LocalExecutor(
        offers=(Offer(n_threads=1, device="cpu"),) * 2, logs=tmp_path / "logs", trainer="stand_in"
    )
    told: list[Evaluation] = []
    try:
        for worker in workers._workers[:1]:
            worker._process.kill()
        Errands(workers, StopRequest()).evaluate(requests(3, tmp_path), told.append)
    finally:
        workers.close()
    assert {one.trial_uid for one in told} == {"uid-0", "uid-1", "uid-2"}
    reasons = sorted(one.reason for one in told)
    assert any("worker_killed" in reason for reason in reasons)
    assert sum("cannot read the checkpoint" in reason for reason in reasons) == 2
