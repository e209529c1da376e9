"""What a trial costs the thread that writes to MLflow: 10 epochs of 5 metrics, full child run, SQLite.

    python benchmarks/scribe_throughput.py [trials]

Prints the CPU and wall time of a trial when a hundred of them are waiting (batched), how it grows with the
trials that are there already, its cost when each epoch is written by itself as in a slow sweep, what telling
costs the coordinator, and how soon a run id is known.
Aim: at most 30 ms of CPU a trial when batched; trial 1,000 at most twice trial 100; a run id within 50 ms.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

from sweep.records import EpochReport, Objective, Status, SweepRecord, TrialResult, TrialSpec
from sweep.tracking.scribe import Scribe
from sweep.tracking.store import Store, open_store

EPOCHS = 10
METRICS = ("train_loss", "val_loss", "pixel_acc", "miou", "dice")
MIOU = Objective("miou_segmentation", maximise=True)
HUNDRED = 100
LONG_S = 600.0


def main() -> None:
    """Measure and print."""
    n_hundreds = max(1, int(sys.argv[1]) // HUNDRED) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        began = time.perf_counter()
        store = open_store(
            f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts", init_lock=home / "init.lock"
        )
        _show("import of MLflow and a fresh database", 1000 * (time.perf_counter() - began))
        _latency(store, home)
        batched = [_hundred(store, home, index) for index in range(n_hundreds)]
        for word, costs in zip(("CPU time", "wall time"), zip(*batched, strict=True), strict=True):
            _show(f"batched, a trial, {word}", sum(costs) / len(costs))
            print("  by hundreds:", ", ".join(f"{cost:.1f}" for cost in costs), "ms")
            print(f"  the last hundred to the first: {costs[-1] / costs[0]:.2f}")
        _epoch_by_epoch(store, home)


def _latency(store: Store, home: Path) -> None:
    scribe = _scribe(store, home, "latency")
    waits = []
    for number in range(5):
        time.sleep(1)  # idle, as between the trials of a real sweep
        began = time.perf_counter()
        scribe.started(_spec("latency", number))
        scribe.wait_for_run(f"latency-{number}", LONG_S)
        waits.append(time.perf_counter() - began)
    scribe.close(LONG_S)
    _show("run id known after started(), idle", 1000 * sorted(waits)[2])


def _hundred(store: Store, home: Path, index: int) -> tuple[float, float]:
    """Milliseconds of CPU and of wall time a trial, of a hundred that wait before the store opens."""
    name, gate = f"batched-{index}", threading.Event()

    def opened() -> Store:
        gate.wait()
        return store

    scribe = Scribe(home / f"{name}.jsonl", opened, param_name=lambda _, param: f"common_{param}")
    scribe.sweep_started(SweepRecord(name=name, task="segmentation", objective=MIOU, config="{}"))
    began = time.perf_counter()
    for number in range(HUNDRED):
        _tell(scribe, _spec(name, number))
    if index == 0:
        _show("telling it, a trial", 1000 * (time.perf_counter() - began) / HUNDRED)
    began, cpu_before = time.perf_counter(), time.process_time()
    gate.set()
    scribe.close(LONG_S)  # the only thread at work meanwhile is the scribe's
    cpu_s, wall_s = time.process_time() - cpu_before, time.perf_counter() - began
    return 1000 * cpu_s / HUNDRED, 1000 * wall_s / HUNDRED


def _epoch_by_epoch(store: Store, home: Path) -> None:
    scribe = _scribe(store, home, "slow")
    [thread] = [thread for thread in threading.enumerate() if thread.name == "scribe"]
    clock = time.pthread_getcpuclockid(thread.ident or 0)
    before = time.clock_gettime(clock)
    for number in range(3):
        _tell(scribe, _spec("slow", number), pause_s=0.3)
    cost_ms = 1000 * (time.clock_gettime(clock) - before) / 3
    scribe.close(LONG_S)
    _show("epoch by epoch, a trial, CPU time", cost_ms)


def _scribe(store: Store, home: Path, name: str) -> Scribe:
    scribe = Scribe(home / f"{name}.jsonl", lambda: store, param_name=lambda _, param: f"common_{param}")
    scribe.sweep_started(SweepRecord(name=name, task="segmentation", objective=MIOU, config="{}"))
    scribe.ready(LONG_S)
    return scribe


def _tell(scribe: Scribe, spec: TrialSpec, pause_s: float = 0.0) -> None:
    scribe.started(spec)
    for epoch in range(1, EPOCHS + 1):
        time.sleep(pause_s)
        metrics = {f"{name}_segmentation": epoch / 10 for name in METRICS}
        scribe.progress(EpochReport(trial_uid=spec.trial_uid, epoch=epoch, metrics=metrics))
    scribe.finished(
        TrialResult(trial_uid=spec.trial_uid, status=Status.COMPLETE, value=1.0, best_epoch=EPOCHS)
    )
    scribe.sweep_progress({"trials_complete": float(spec.number)})


def _spec(name: str, number: int) -> TrialSpec:
    return TrialSpec(
        trial_uid=f"{name}-{number}",
        slot=number,
        number=number,
        task="segmentation",
        trainer="stand_in",
        model="tiny_unet",
        params={"lr": 0.01, "weight_decay": 1e-4, "batch_size": 8},
        seed=number,
        until_epoch=EPOCHS,
        objectives=(MIOU,),
        folder="",
    )


def _show(what: str, cost_ms: float) -> None:
    print(f"{what:40s} {cost_ms:9.2f} ms")


if __name__ == "__main__":
    main()
