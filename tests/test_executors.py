"""Both executors behind one contract, and what only real worker processes can suffer."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweep.executors.inline import InlineExecutor
from sweep.executors.local import LocalExecutor
from sweep.executors.oom_killer import VMSTAT, OomKiller
from sweep.executors.worker_process import worker_environment
from sweep.ports import Executor, Offer
from sweep.records import Action, EpochReport, Event, Status, TrialResult, TrialSpec, Verdict
from sweep.workshop.jobs import run_job
from tests.conftest import ROOT
from tests.making import a_spec

PATIENCE_S = 60.0
Hire = Callable[[int], LocalExecutor]


class Listener:
    """Takes in events and answers with one action, or with what a test says."""

    def __init__(self, answer: Callable[[EpochReport], Action] = lambda _: Action.CONTINUE) -> None:
        self.events: list[Event] = []
        self._answer = answer

    def __call__(self, event: Event) -> Verdict | None:
        self.events.append(event)
        if not isinstance(event, EpochReport):
            return None
        return Verdict(trial_uid=event.trial_uid, action=self._answer(event), run_until_epoch=event.epoch + 1)

    @property
    def results(self) -> list[TrialResult]:
        return [event for event in self.events if isinstance(event, TrialResult)]

    @property
    def epochs(self) -> list[int]:
        return [event.epoch for event in self.events if isinstance(event, EpochReport)]

    def until_results(self, executor: Executor, n: int) -> list[TrialResult]:
        waited = 0.0
        while len(self.results) < n:
            executor.pump(self, 0.5)
            waited += 0.5
            assert waited < PATIENCE_S * 4, f"no result; heard {self.events}"
        return self.results


@pytest.fixture
def hire(tmp_path: Path) -> Iterator[Hire]:
    hired: list[LocalExecutor] = []

    def make(n: int) -> LocalExecutor:
        offers = tuple(Offer(n_threads=1, device="cpu") for _ in range(n))
        hired.append(LocalExecutor(offers=offers, logs=tmp_path / "logs", trainer="stand_in"))
        return hired[-1]

    yield make
    for executor in hired:
        executor.close()


@pytest.fixture(params=["inline", "local"])
def executor(request: pytest.FixtureRequest, hire: Hire) -> Executor:
    if request.param == "local":
        return hire(1)
    return InlineExecutor(run_job=run_job, n_threads=1, device="cpu")


def faulty(fault: str, slot: int = 0, **params: float) -> TrialSpec:
    return a_spec(
        slot, params={**a_spec().params, "fault": fault, "fault_epoch": 2, "fault_share": 1.0, **params}
    )


def test_trial_reports_every_epoch_and_then_its_result(executor: Executor) -> None:
    listener = Listener()
    assert executor.offer() == Offer(n_threads=1, device="cpu")
    assert executor.submit(a_spec())
    assert executor.offer() is None
    assert not executor.submit(a_spec(1))
    (result,) = listener.until_results(executor, 1)
    assert listener.epochs == [1, 2, 3, 4]
    assert (result.status, result.epochs) == (Status.COMPLETE, 4)
    assert executor.offer() is not None


@pytest.mark.parametrize(("action", "status"), [(Action.PRUNE, Status.PRUNED), (Action.STOP, Status.STOPPED)])
def test_verdict_ends_the_trial_at_that_epoch(executor: Executor, action: Action, status: Status) -> None:
    listener = Listener(lambda report: action if report.epoch == 2 else Action.CONTINUE)
    executor.submit(a_spec())
    (result,) = listener.until_results(executor, 1)
    assert (result.status, listener.epochs) == (status, [1, 2])


@pytest.mark.parametrize(
    ("fault", "reason"), [("raise", "exception: RuntimeError"), ("nan", "nan_loss"), ("oom", "out_of_memory")]
)
def test_failure_in_training_is_a_result_and_the_next_trial_runs(
    executor: Executor, fault: str, reason: str
) -> None:
    listener = Listener()
    executor.submit(faulty(fault))
    (failed,) = listener.until_results(executor, 1)
    assert failed.status is Status.FAILED
    assert failed.reason.startswith(reason)
    assert not failed.retryable
    executor.submit(a_spec(1))
    assert listener.until_results(executor, 2)[1].status is Status.COMPLETE


def test_interrupt_is_let_in_while_a_job_runs_inline_and_not_while_a_report_is_handled() -> None:
    heard: list[object] = []
    executor = InlineExecutor(run_job=run_job, n_threads=1, device="cpu", let_interrupt=heard.append)

    def handle(event: Event) -> Verdict | None:
        heard.append(type(event).__name__)
        return Listener()(event)

    executor.submit(a_spec(until_epoch=1))
    executor.pump(handle, 0.0)
    assert heard == [True, False, "EpochReport", True, False, "TrialResult"]


def test_interrupt_that_no_signal_of_the_sweep_sent_goes_through_the_inline_executor() -> None:
    def interrupted(_job: object, _report: object) -> TrialResult:
        raise KeyboardInterrupt

    executor = InlineExecutor(run_job=interrupted, n_threads=1, device="cpu")
    executor.submit(a_spec())
    with pytest.raises(KeyboardInterrupt):
        executor.pump(Listener(), 0.0)


def test_worker_that_exits_is_replaced_and_its_trial_failed_with_the_exit_code(hire: Hire) -> None:
    executor, listener = hire(1), Listener()
    executor.submit(faulty("exit"))
    (failed,) = listener.until_results(executor, 1)
    assert failed.status is Status.FAILED
    assert failed.reason.startswith("worker_died(17)")
    executor.submit(a_spec(1))
    assert listener.until_results(executor, 2)[1].status is Status.COMPLETE


def test_killed_worker_is_replaced_and_its_trial_may_be_retried(hire: Hire) -> None:
    executor = hire(2)

    def kill_at_2(report: EpochReport) -> Action:
        if report.trial_uid == victim.trial_uid and report.epoch == 2:
            os.kill(executor.worker_pids[0], signal.SIGKILL)
        return Action.CONTINUE

    listener, victim = Listener(kill_at_2), a_spec(0)
    executor.submit(victim)
    executor.submit(a_spec(1))
    results = {result.trial_uid: result for result in listener.until_results(executor, 2)}
    assert results["uid-1-0"].status is Status.COMPLETE
    assert results[victim.trial_uid].status is Status.FAILED
    assert results[victim.trial_uid].reason.startswith("worker_killed(-9)")
    assert results[victim.trial_uid].retryable


def test_out_of_memory_gets_a_fresh_worker_and_an_exception_does_not(hire: Hire) -> None:
    executor, listener = hire(1), Listener()
    first = executor.worker_pids
    executor.submit(faulty("raise"))
    listener.until_results(executor, 1)
    assert executor.worker_pids == first
    executor.submit(faulty("oom", 1))
    listener.until_results(executor, 2)
    assert executor.worker_pids != first


def killing(executor: LocalExecutor, number: signal.Signals, before: Callable[[], object] = list) -> Listener:
    def kill(report: EpochReport) -> Action:
        if report.epoch == 2:
            before()
            os.kill(executor.worker_pids[0], number)
        return Action.CONTINUE

    return Listener(kill)


@pytest.mark.parametrize(("attempt", "is_retryable"), [(0, True), (1, False)])
def test_worker_ended_by_the_oom_killer_is_told_apart_and_retried_once(
    tmp_path: Path, attempt: int, is_retryable: bool
) -> None:
    vmstat = tmp_path / "vmstat"
    vmstat.write_text("pgfault 12\noom_kill 3\n")
    executor = LocalExecutor(
        offers=(Offer(n_threads=1, device="cpu"),),
        logs=tmp_path / "logs",
        trainer="stand_in",
        vmstat=vmstat,
    )
    listener = killing(executor, signal.SIGKILL, lambda: vmstat.write_text("pgfault 13\noom_kill 4\n"))
    try:
        executor.submit(a_spec(attempt=attempt))
        (result,) = listener.until_results(executor, 1)
    finally:
        executor.close()
    assert (result.status, result.retryable) == (Status.FAILED, is_retryable)
    assert result.reason == "out_of_memory: the system's OOM killer ended the worker process"


def test_kernel_counts_what_its_oom_killer_ends() -> None:
    if not VMSTAT.exists():
        pytest.skip("this system has no /proc/vmstat")
    assert re.search(r"^oom_kill \d+$", VMSTAT.read_text(), re.MULTILINE)
    assert not OomKiller(VMSTAT.with_name("no-such-file")).has_struck()


def test_crash_of_native_code_ends_its_trial_alone_with_a_hint_and_is_retried_once(hire: Hire) -> None:
    executor = hire(1)
    listener = killing(executor, signal.SIGSEGV)
    executor.submit(a_spec())
    (result,) = listener.until_results(executor, 1)
    assert result.reason.startswith("worker_killed(-11): the worker process ended by SIGSEGV")
    assert "damaged image" in result.reason
    assert result.retryable
    executor.submit(a_spec(attempt=1))
    assert not listener.until_results(executor, 2)[1].retryable


NO_ROOM = """
import resource, sys
from pathlib import Path
from sweep.errors import WorkerError
from sweep.executors.local import LocalExecutor
from sweep.ports import Offer
from sweep.records import Action, EpochReport, TrialResult, Verdict
from tests.making import a_spec

offers = (Offer(n_threads=1, device="cpu"),)
executor = LocalExecutor(offers=offers, logs=Path(sys.argv[1]), trainer="stand_in")

def handle(event):
    if isinstance(event, TrialResult):
        print("told:", event.reason)
    elif isinstance(event, EpochReport):
        return Verdict(trial_uid=event.trial_uid, action=Action.CONTINUE, run_until_epoch=9)

executor.submit(a_spec(params={**a_spec().params, "fault": "exit", "fault_epoch": 2, "fault_share": 1.0}))
highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))
try:
    while True:
        executor.pump(handle, 0.5)
except WorkerError as error:
    print(error)
executor.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/fd")
def test_too_many_open_files_are_named_and_the_end_of_the_trial_is_told_first(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told, error = done.stdout.splitlines()
    assert told.startswith("told: worker_died(17)")
    assert "Too many open files" in error
    assert "what has ended so far is kept" in error


def test_hanging_trial_is_killed_after_its_grace_and_not_retried(hire: Hire) -> None:
    executor, listener = hire(1), Listener()
    executor.submit(faulty("hang"))
    while 1 not in listener.epochs:
        executor.pump(listener, 0.5)
    executor.cancel("uid-0-0", grace_s=0.3, reason="trial_timeout: too long")
    (result,) = listener.until_results(executor, 1)
    assert (result.status, result.reason, result.retryable) == (
        Status.FAILED,
        "trial_timeout: too long",
        False,
    )


def test_close_ends_all_workers_even_in_the_middle_of_an_epoch(hire: Hire) -> None:
    executor, listener = hire(2), Listener()
    executor.submit(faulty("hang"))
    while 1 not in listener.epochs:
        executor.pump(listener, 0.5)
    pids = executor.worker_pids
    executor.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_worker_that_cannot_start_says_why_in_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('this numpy is broken')")
    (tmp_path / "psutil.py").write_text("raise ImportError('this psutil is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", "")
    executor = LocalExecutor(
        offers=(Offer(n_threads=1, device="cpu"),), logs=tmp_path / "logs", trainer="torch"
    )
    try:
        executor.submit(a_spec())
        (result,) = Listener().until_results(executor, 1)
    finally:
        executor.close()
    assert result.reason.startswith("worker_died(1)")
    assert "broken" in result.reason


def test_worker_environment_holds_threads_but_no_addresses_or_credentials() -> None:
    given = {
        "PATH": "/bin",
        "MLFLOW_RUN_ID": "abc",
        "MLFLOW_TRACKING_PASSWORD": "S3CR3T",
        "SWEEP_STORAGE": "postgresql://u:S3CR3T@h/d",
        "PGPASSWORD": "S3CR3T",
        "AWS_SECRET_ACCESS_KEY": "S3CR3T",
        "OMP_NUM_THREADS": "64",
    }
    environment = worker_environment(given, 2)
    assert "S3CR3T" not in str(environment)
    assert "MLFLOW_RUN_ID" not in environment
    assert (environment["PATH"], environment["OMP_NUM_THREADS"]) == ("/bin", "2")
