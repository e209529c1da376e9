"""Seeded chaos: a real sweep in real processes meets faults and is resumed until it is done.

    python -m tests.chaos --rounds 100 --seed 0

After every fault the invariants of `sweep doctor` are checked, and what a cut broke is mended by `--fix`
every other time. The seed is printed, so that what happened can happen again. Needs Linux: processes
are found in /proc.
"""

import argparse
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sweep.api.doctor import examine
from sweep.searching.storage import open_storage
from sweep.searching.study_reader import StudyFacts, read_study
from tests.conftest import clean_environment
from tests.mlflow_server import MlflowServer
from tests.proxy import Answer, Proxy

NAME = "chaos"
N_SLOTS = 8
MOST_RESUMES = 8
WAIT_S = 60.0
SERVED_SHARE = 0.3
FIXED_SHARE = 0.5
FINISHED = ("COMPLETE", "PRUNED")


class Served:
    """A real MLflow server behind a network that can be made to misbehave.

    Args:
        root: where its database lies.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir()
        self.server = MlflowServer(root)
        self.server.start()
        self.proxy = Proxy(self.server.url)

    def for_a_while(self, answer: Answer, seconds: float) -> None:
        """Let writes meet the same trouble for some time."""
        self.proxy.policy = lambda method, _path, _count: answer if method == "POST" else Answer()
        time.sleep(seconds)
        self.proxy.policy = lambda _method, _path, _count: Answer()

    def close(self) -> None:
        self.proxy.close()
        self.server.kill()


@dataclass(slots=True)
class Bed:
    """A home with one sweep that is tormented.

    Args:
        root: folder of everything.
        chance: decides what happens when.
        n_workers: of the sweep.
        served: an MLflow server and the proxy before it; MLflow's own file without them.
        log: what was done.
    """

    root: Path
    chance: random.Random
    n_workers: int = 2
    served: "Served | None" = None
    log: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / "mlruns"

    def start(self) -> "subprocess.Popen[str]":
        """Run the sweep, or go on with it."""
        if (self.home / "sweeps" / NAME / "config.json").exists():
            words = ["resume", NAME, "--max-retries", "20"]
        else:
            words = ["run", "--task", "segmentation", "--trainer", "stand_in", "--name", NAME, "--seed", "3"]
            words += ["--trials", str(N_SLOTS), "--workers", str(self.n_workers), "--max-retries", "20"]
            words += ["--set", "epoch_s=0.03"]
        if self.served:
            words += ["--tracking-uri", self.served.proxy.url]
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "sweep.cli.main", *words],
            cwd=self.root,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def study(self) -> StudyFacts | None:
        """The study as it stands."""
        if not (self.home / "optuna.db").exists():
            return None
        url = f"sqlite:///{self.home / 'optuna.db'}"
        return read_study(open_storage(url, init_lock=self.home / "optuna.lock"), NAME)


Fault = Callable[[Bed, "subprocess.Popen[str]"], None]


def kill_coordinator(_: Bed, running: "subprocess.Popen[str]") -> None:
    """Nobody can write anything down any more."""
    running.kill()


def kill_worker(bed: Bed, running: "subprocess.Popen[str]") -> None:
    """The trial is tried again by the same process."""
    workers = children(running.pid)
    if workers:
        os.kill(bed.chance.choice(workers), signal.SIGKILL)


def terminate(_: Bed, running: "subprocess.Popen[str]") -> None:
    """As systemd, Slurm and Kubernetes do."""
    running.terminate()


def interrupt_twice(_: Bed, running: "subprocess.Popen[str]") -> None:
    """An impatient person."""
    running.send_signal(signal.SIGINT)
    time.sleep(0.1)
    if running.poll() is None:
        running.send_signal(signal.SIGINT)


def pause_worker(bed: Bed, running: "subprocess.Popen[str]") -> None:
    """A laptop that sleeps for a moment."""
    workers = children(running.pid)
    if workers:
        pid = bed.chance.choice(workers)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(pid, signal.SIGCONT)


def lock_optuna(bed: Bed, _: "subprocess.Popen[str]") -> None:
    """Another program holds the database."""
    _lock(bed.home / "optuna.db", 1.0)


def lock_mlflow(bed: Bed, _: "subprocess.Popen[str]") -> None:
    """Another program holds the database."""
    _lock(bed.home / "mlflow.db", 1.0)


def stop_from_elsewhere(bed: Bed, _: "subprocess.Popen[str]") -> None:
    """Another terminal."""
    words = [sys.executable, "-m", "sweep.cli.main", "stop", NAME]
    subprocess.run(words, cwd=bed.root, env=clean_environment(), check=False, capture_output=True)


def kill_and_tear(bed: Bed, running: "subprocess.Popen[str]") -> None:
    """A power cut: the last line that was written is torn."""
    running.kill()
    running.wait()
    spool = bed.home / "sweeps" / NAME / "spool.jsonl"
    if spool.exists() and spool.stat().st_size > 20:
        os.truncate(spool, spool.stat().st_size - bed.chance.randint(1, 19))


def fill_the_disk(_: Bed, running: "subprocess.Popen[str]") -> None:
    """From now on no file grows: the same to a program as a disk without room, and no root is needed."""
    with suppress(ProcessLookupError):
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))


def kill_server(bed: Bed, _: "subprocess.Popen[str]") -> None:
    """MLflow is gone for a moment; nobody waits for it."""
    if bed.served:
        bed.served.server.kill()
        time.sleep(0.5)
        bed.served.server.start()


def answer_500(bed: Bed, _: "subprocess.Popen[str]") -> None:
    """A server in trouble."""
    if bed.served:
        bed.served.for_a_while(Answer(status=500), 1.0)


def drop_replies(bed: Bed, _: "subprocess.Popen[str]") -> None:
    """The server does what it is asked for, and nobody hears of it."""
    if bed.served:
        bed.served.for_a_while(Answer(is_lost=True), 1.0)


SERVER_FAULTS: dict[str, Fault] = {fault.__name__: fault for fault in (kill_server, answer_500, drop_replies)}
FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        kill_coordinator,
        kill_worker,
        terminate,
        interrupt_twice,
        pause_worker,
        lock_optuna,
        lock_mlflow,
        stop_from_elsewhere,
        kill_and_tear,
        fill_the_disk,
    )
}
EVERY = FAULTS | SERVER_FAULTS


def torment(bed: Bed, plan: list[str]) -> None:
    """Run a sweep to its end, with a fault in each of its first processes.

    Args:
        bed: where.
        plan: names of FAULTS, one a process.

    Raises:
        AssertionError: an invariant does not hold.
    """
    faults = list(plan)
    done: dict[str, float] = {}
    for _ in range(MOST_RESUMES):
        running = bed.start()
        if faults:
            _strike(bed, running, faults.pop(0))
        output, _ = running.communicate(timeout=WAIT_S * 2)
        assert not alive(running.pid), "a process of the sweep has outlived it"
        done = _checked_progress(bed, done)
        assert "Traceback" not in output, output
        _check(bed, done, was_cut=running.returncode < 0 or running.returncode == 4)
        if running.returncode == 0 and not faults:
            break
        assert _is_expected(bed, running.returncode), output
    else:
        raise AssertionError(f"not done after {MOST_RESUMES} processes: {bed.log}")
    study = bed.study()
    assert study is not None
    assert sorted(trial.slot for trial in study.trials if trial.state in FINISHED) == list(range(N_SLOTS))


def _is_expected(bed: Bed, code: int) -> bool:
    if code == 4:
        struck = [name for name in bed.log if name in EVERY]
        return struck[-1] in {"fill_the_disk", *SERVER_FAULTS}
    return code in {0, 130, 143, -signal.SIGKILL}


def _strike(bed: Bed, running: "subprocess.Popen[str]", name: str) -> None:
    """Wait until trials run, and a moment more."""
    assert running.stdout is not None
    seen = []
    for line in running.stdout:
        seen.append(line)
        if "started" in line:
            break
    else:
        return  # nothing was left to do
    time.sleep(bed.chance.uniform(0.0, 0.6))
    bed.log.append(name)
    EVERY[name](bed, running)


def _checked_progress(bed: Bed, before: dict[str, float]) -> dict[str, float]:
    """What has completed stays, with its value."""
    study = bed.study()
    now = {
        trial.uid: trial.value or 0.0
        for trial in (study.trials if study else ())
        if trial.state == "COMPLETE"
    }
    assert before.items() <= now.items()
    return now


def _check(bed: Bed, done: dict[str, float], *, was_cut: bool) -> None:
    """After a kill or a full disk what `doctor --fix` mends may be wrong, after everything else nothing."""
    uri = bed.served.server.url if bed.served else None
    seen = examine(environ={}, home=str(bed.home), tracking_uri=uri)
    wrong = [finding for finding in seen.findings if not (was_cut and finding.is_fixable)]
    assert not wrong, (bed.log, [str(finding) for finding in wrong])
    if seen.findings and bed.chance.random() < FIXED_SHARE:
        bed.log.append("doctor --fix")
        left = examine(environ={}, home=str(bed.home), tracking_uri=uri, fix=True).findings
        assert not left, (bed.log, [str(finding) for finding in left])
        _checked_progress(bed, done)


def children(pid: int) -> list[int]:
    """Ids of a process's children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> list[int]:
    """Workers whose coordinator has ended, after a moment to notice it."""
    end = time.monotonic() + 5.0
    marker = f"\0{pid}\0"
    while True:
        found = []
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = line.read_text()
            except OSError:
                continue
            if "sweep.executors.worker_main" in words and marker in words:
                found.append(int(line.parent.name))
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.05)


def _lock(file: Path, seconds: float) -> None:
    with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")


def main() -> None:
    """Torment as many sweeps as were asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for seed in range(given.seed, given.seed + given.rounds):
        chance = random.Random(seed)
        is_served = chance.random() < SERVED_SHARE
        plan = chance.choices(list(EVERY if is_served else FAULTS), k=chance.randint(1, 4))
        with tempfile.TemporaryDirectory(prefix="sweep-chaos-") as folder:
            served = Served(Path(folder) / "server") if is_served else None
            bed = Bed(Path(folder), chance, n_workers=chance.choice([1, 2]), served=served)
            print(f"seed {seed}: {', '.join(plan)}", flush=True)  # noqa: T201
            try:
                torment(bed, plan)
            finally:
                if served:
                    served.close()


if __name__ == "__main__":
    main()
