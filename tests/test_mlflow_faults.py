"""A real `mlflow server` behind a proxy that is slow, fails or loses replies, and one that dies for good."""

import json
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest

from sweep.errors import UnavailableError
from sweep.records import EpochReport, SweepRecord
from sweep.tracking.scribe import Scribe
from sweep.tracking.store import Store, open_store
from tests.conftest import Cli, start_sweep
from tests.making import MIOU, a_result, a_spec
from tests.mlflow_server import MlflowServer
from tests.proxy import Answer, Policy, Proxy

pytestmark = pytest.mark.long
LONG_S = 120.0
Behind = Callable[[Policy], tuple[Proxy, Store]]


def as_it_is(_method: str, _path: str, _count: int) -> Answer:
    return Answer()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    running = MlflowServer(tmp_path_factory.mktemp("server"))
    running.start()
    yield running
    running.kill()


@pytest.fixture
def behind(server: MlflowServer, tmp_path: Path) -> Iterator[Behind]:
    """Opens the server through a proxy that begins to misbehave then."""
    proxies = []

    def make(policy: Policy) -> tuple[Proxy, Store]:
        proxy = Proxy(server.url)
        proxies.append(proxy)
        store = open_store(proxy.url, artifacts=tmp_path / "artifacts", init_lock=tmp_path / "init.lock")
        proxy.asked.clear()
        proxy.policy = policy
        return proxy, store

    yield make
    for proxy in proxies:
        proxy.close()


def tell(folder: Path, store: Store, name: str, n_epochs: int = 5) -> tuple[Scribe, float]:
    """A sweep of two trials; gives the longest time that telling one thing took."""
    scribe = Scribe(folder / "spool.jsonl", lambda: store, param_name=lambda _, key: f"common_{key}")
    longest = 0.0
    scribe.sweep_started(
        SweepRecord(name=name, task="segmentation", objective=MIOU, config="{}", data_digest="d" * 64)
    )
    for slot in range(2):
        spec = a_spec(slot, trial_uid=f"{name}-{slot}")
        scribe.started(spec)
        for number in range(1, n_epochs + 1):
            report = EpochReport(
                trial_uid=spec.trial_uid, epoch=number, metrics={"miou_segmentation": number / 10}
            )
            began = time.monotonic()
            scribe.progress(report)
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.02)
        scribe.finished(a_result(spec))
    scribe.sweep_finished(status="FINISHED", why="done", tags={})
    return scribe, longest


def check_whole(store: Store, name: str, n_epochs: int = 5) -> None:
    runs = store.client.search_runs([store.experiment_id], f"tags.`sweep.name` = '{name}'")
    assert sorted(run.info.run_name for run in runs) == [name, "trial-000", "trial-001"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        if run.info.run_name != name:
            points = store.client.get_metric_history(run.info.run_id, "miou_segmentation")
            assert [point.step for point in points] == list(range(1, n_epochs + 1))


def test_slow_server_keeps_nobody_waiting_and_gets_everything(behind: Behind, tmp_path: Path) -> None:
    proxy, store = behind(lambda _method, _path, _count: Answer(delay_s=0.7))
    scribe, longest = tell(tmp_path, store, "slow")
    assert longest < 0.3  # one call of the server takes 0.7 s
    assert scribe.close(LONG_S)
    proxy.policy = as_it_is
    check_whole(store, "slow")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_answers_in_error_are_outlasted_and_nothing_is_lost_or_doubled(
    behind: Behind, tmp_path: Path, status: int
) -> None:
    # Of every call the first two attempts fail, whatever it is.
    proxy, store = behind(lambda _method, _path, count: Answer(status=status if count < 2 else 0))
    scribe, _ = tell(tmp_path, store, f"failing-{status}")
    assert scribe.close(LONG_S)
    assert proxy.troubles >= 4
    assert scribe.refusals == ()
    proxy.policy = as_it_is
    check_whole(store, f"failing-{status}")


def test_lost_replies_make_no_twins_and_no_double_points(behind: Behind, tmp_path: Path) -> None:
    chance = random.Random(5)

    def losing(_method: str, path: str, count: int) -> Answer:
        is_write = path.endswith(("runs/create", "runs/log-batch", "runs/update"))
        return Answer(is_lost=is_write and (count == 0 or chance.random() < 0.3))

    proxy, store = behind(losing)
    scribe, _ = tell(tmp_path, store, "lossy")
    assert scribe.close(LONG_S)
    assert proxy.troubles >= 3
    proxy.policy = as_it_is
    check_whole(store, "lossy")


def test_upload_that_keeps_failing_is_given_up_marked_and_holds_up_nothing(
    behind: Behind, tmp_path: Path
) -> None:
    _, store = behind(lambda method, _path, _count: Answer(status=500 if method == "PUT" else 0))
    (tmp_path / "best.pt").write_bytes(b"weights")
    scribe, _ = tell(tmp_path, store, "heavy")
    scribe.artifact("heavy-0", tmp_path / "best.pt", "checkpoints")
    assert scribe.close(LONG_S)
    run = store.client.get_run(str(scribe.run_id("heavy-0")))
    assert (run.info.status, run.data.tags["artifact"]) == ("FINISHED", "missing")
    names = {one.partition(" after 3 uploads")[0].split("/")[-1] for one in scribe.refusals}
    assert names == {"best.pt", "config.json"}
    check_whole(store, "heavy")


def test_upload_that_fails_twice_arrives(behind: Behind, tmp_path: Path) -> None:
    _, store = behind(lambda method, _path, count: Answer(status=503 if method == "PUT" and count < 2 else 0))
    (tmp_path / "best.pt").write_bytes(b"weights")
    scribe, _ = tell(tmp_path, store, "lucky")
    scribe.artifact("lucky-0", tmp_path / "best.pt", "checkpoints")
    assert scribe.close(LONG_S)
    run_id = str(scribe.run_id("lucky-0"))
    assert "artifact" not in store.client.get_run(run_id).data.tags
    files = [file.path for file in store.client.list_artifacts(run_id, "checkpoints")]
    assert files == ["checkpoints/best.pt"]


def test_foreign_host_header_is_refused_by_a_server_started_as_the_manual_says(server: MlflowServer) -> None:
    def status(host: str) -> int:
        asked = urllib.request.Request(f"{server.url}/api/2.0/mlflow/experiments/search?max_results=1")
        asked.add_header("Host", host)
        try:
            with urllib.request.urlopen(asked, timeout=30) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status(f"127.0.0.1:{server.port}") == 200
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", "10.0.0.1"):
        assert status(host) == 403


def test_server_listens_on_loopback_alone(server: MlflowServer) -> None:
    processes = [server.process, *server.process.children(recursive=True)]
    listening = {
        one.laddr.ip
        for process in processes
        for one in process.net_connections(kind="tcp")
        if one.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


KILLED_WHILE_TELLING = """
import sys, time
from pathlib import Path
from sweep.records import EpochReport, SweepRecord
from sweep.tracking.scribe import Scribe
from sweep.tracking.store import open_store
from tests.making import MIOU, a_spec

uri, folder = sys.argv[1], Path(sys.argv[2])
store = open_store(uri, artifacts=folder / "artifacts", init_lock=folder / "init.lock")
scribe = Scribe(folder / "spool.jsonl", lambda: store, param_name=lambda _, key: key)
scribe.sweep_started(SweepRecord(name="shot", task="segmentation", objective=MIOU, config="{}"))
spec = a_spec(0, trial_uid="shot-0")
scribe.started(spec)
for number in range(1, 301):
    scribe.progress(EpochReport(trial_uid="shot-0", epoch=number, metrics={"miou_segmentation": 0.5}))
print("told", flush=True)
time.sleep(60)
"""


def test_kill_while_metrics_are_on_their_way_loses_none_of_three_hundred(
    server: MlflowServer, behind: Behind, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_WHILE_TELLING, server.url, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "told\n"
    process.kill()
    process.wait()
    _, store = behind(as_it_is)
    later = Scribe(tmp_path / "spool.jsonl", lambda: store, param_name=lambda _, key: key)
    assert later.close(LONG_S)
    (run,) = store.client.search_runs([store.experiment_id], "tags.`sweep.trial_uid` = 'shot-0'")
    points = store.client.get_metric_history(run.info.run_id, "miou_segmentation")
    assert [point.step for point in points] == list(range(1, 301))


def test_server_that_dies_for_good_hides_no_reason_and_holds_up_no_trial(tmp_path: Path) -> None:
    dying = MlflowServer(tmp_path)
    dying.start()
    words = ["run", "--task", "segmentation", "--trainer", "stand_in", "--workers", "1", "--trials", "4"]
    words += ["--epochs", "3", "--name", "orphan", "--set", "fault=raise", "--set", "fault_epoch=3"]
    words += ["--max-failures", "9", "--set", "epoch_s=0.3", "--tracking-uri", dying.url]
    process = start_sweep(*words, folder=tmp_path)
    assert process.stdout is not None
    assert any("trial-000 started" in line for line in process.stdout)
    dying.kill()
    failed = 0
    for line in process.stdout:
        failed += " failed after epoch" in line
        if "writing to MLflow" in line:  # for a minute; nobody needs to wait for it here
            process.send_signal(signal.SIGINT)
            break
    _, stderr = process.communicate(timeout=120)
    assert failed == 4
    assert "Traceback" not in stderr
    home = tmp_path / "mlruns"
    study = optuna.load_study(study_name="orphan", storage=f"sqlite:///{home / 'optuna.db'}")
    assert len(study.trials) == 4
    for trial in study.trials:
        assert trial.user_attrs["reason"].startswith("exception: RuntimeError: the stand-in was told to")
    assert (home / "sweeps" / "orphan" / "spool.jsonl").read_text().count('"EpochReport"') == 8


def test_server_that_is_down_at_the_start_is_said_within_five_seconds(cli: Cli) -> None:
    began = time.monotonic()
    words = ("--trainer", "stand_in", "--tracking-uri", "http://me:S3CR3T@127.0.0.1:9", "--json")
    done = cli("run", "--task", "segmentation", *words)
    assert time.monotonic() - began < 5
    assert done.returncode == 4
    said: dict[str, Any] = json.loads(done.stdout)
    assert "MLflow server http://me:***@127.0.0.1:9 does not answer" in said["error"]
    assert UnavailableError.exit_code == 4
