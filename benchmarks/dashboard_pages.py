"""What the pages of the dashboard wait for: 2,000 runs, 20,000 metric rows, one sweep of 300 trials, SQLite.

    python benchmarks/dashboard_pages.py [home]     a home of an earlier call is used again

Prints how long it takes to read all runs the first time, to show them in a new process, to refresh with
nothing new and with 10 new and 2 running runs, to read the curves of the 300 trials, and to make each view.
Aim: after the first reading at most 0.5 s for whatever a page needs; 2 s for a new process, imports
included.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sweep.api.runs import open_runs
from sweep.paths import Home
from sweep.tracking.store import Store, open_store
from sweep.views.comparison import comparison
from sweep.views.lanes import lanes
from sweep.views.overview import other_runs, overview
from sweep.views.trials import TrialFilter, filtered, trial_lines, trials_of

T = TypeVar("T")

RUNS, LARGEST = 2_000, 300
TRIALS = 49
EPOCHS = 5
LOSS = "val_loss_segmentation"
METRICS = ("train_loss", "val_loss")
BEGAN_MS = 1_700_000_000_000
NEW_PROCESS = (
    "import sys; from sweep.api.runs import open_runs; from sweep.views.overview import overview; "
    "runs = open_runs(home=sys.argv[1]); print(len(runs.all()), len(overview(runs.all())))"
)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(sys.argv[1] if len(sys.argv) > 1 else folder)
        store = open_store(
            f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts", init_lock=home / "mlflow.lock"
        )
        if not store.client.search_runs([store.experiment_id], max_results=1):
            with _timed("making the home"):
                _fill(store)
        _forget(home)
        runs = open_runs(home=home)
        _said("reading all runs the first time", runs.refresh)
        largest = max(overview(runs.all()), key=lambda line: line.n_slots)
        ids = [run.run_id for run in trials_of(runs.all(), largest.run_id)]
        _said(f"curves of {len(ids)} trials, from MLflow", lambda: runs.curves(ids, [LOSS]))
        _measure(home, store)


def _measure(home: Path, store: Store) -> None:
    with _timed("a new process shows all sweeps, imports included"):
        subprocess.run([sys.executable, "-c", NEW_PROCESS, str(home)], check=True, stdout=subprocess.DEVNULL)
    runs = _said("opening the file of an earlier process", lambda: open_runs(home=home))
    _said("first refresh of a process", runs.refresh)
    _said("refresh, nothing new", runs.refresh)
    largest = max(overview(runs.all()), key=lambda line: line.n_slots)
    ids = [run.run_id for run in trials_of(runs.all(), largest.run_id)]
    _log(store, parent=largest.run_id, sweep=largest.name, numbers=range(300, 310))
    _log(store, parent=largest.run_id, sweep=largest.name, numbers=range(310, 312), status="RUNNING")
    _said("refresh, 10 new and 2 running runs", runs.refresh)
    _said("refresh, 2 running runs", runs.refresh)
    _said("reading all runs again, beside", lambda: runs.refresh(full=True))
    _said("curves of 300 trials, from the file", lambda: runs.curves(ids, [LOSS]))
    _said("curves of 300 trials, again", lambda: runs.curves(ids, [LOSS]))
    some = [run for run in runs.all() if run.run_id in set(ids[:10])]
    curves = runs.curves(ids[:10], [f"{name}_segmentation" for name in METRICS])
    _said("view: overview", lambda: overview(runs.all(), task="segmentation"))
    _said("view: other runs", lambda: other_runs(runs.all()))
    lines = _said("view: 300 trials", lambda: trial_lines(runs.all(), largest.run_id))
    _said("view: filtered", lambda: filtered(lines, TrialFilter(states=frozenset({"complete"}), text="unet")))
    _said("view: comparison of 10 runs", lambda: comparison(some, curves, known=runs.all()))
    _said("view: lanes of 300 trials", lambda: lanes(trials_of(runs.all(), largest.run_id), now_ms=BEGAN_MS))


def _fill(store: Store) -> None:
    client, n_made, number = store.client, 0, 0
    sizes = [LARGEST]
    while sum(sizes) + len(sizes) + TRIALS + 1 <= RUNS - 100:
        sizes.append(TRIALS)
    for number, n_trials in enumerate(sizes):
        params = {"objective": "val_loss_segmentation", "direction": "minimize", "trials": str(n_trials)}
        tags = {"sweep.kind": "sweep", "sweep.name": f"sweep-{number}", "sweep.task": "segmentation"}
        parent = _run(store, tags=tags | {"sweep.state": "complete"}, params=params, at_ms=BEGAN_MS)
        _log(store, parent=parent, sweep=f"sweep-{number}", numbers=range(n_trials))
        client.set_terminated(parent, status="FINISHED", end_time=BEGAN_MS + 1_000_000)
        n_made += n_trials + 1
    while n_made < RUNS:
        run_id = _run(store, tags={}, params={"task_type": "detection"}, at_ms=BEGAN_MS + n_made)
        _curves(store, run_id, task="detection")
        client.set_terminated(run_id, status="FINISHED", end_time=BEGAN_MS + n_made + 1000)
        n_made += 1


def _log(store: Store, *, parent: str, sweep: str, numbers: range, status: str = "FINISHED") -> None:
    for number in numbers:
        params = {
            "task_type": "segmentation",
            "segmentation_model_name": ("unet", "tiny_unet")[number % 2],
            "common_lr": str(10 ** -(1 + number % 5)),
            "common_batch_size": str(2 ** (number % 5)),
            "common_epochs": str(EPOCHS),
        }
        tags = {
            "mlflow.parentRunId": parent,
            "sweep.kind": "trial",
            "sweep.name": sweep,
            "sweep.trial": str(number),
            "sweep.slot": str(number),
            "sweep.trial_uid": f"{sweep}-{number}",
            "sweep.state": "complete" if status == "FINISHED" else "running",
        }
        is_new = number >= LARGEST
        at_ms = time.time_ns() // 1_000_000 if is_new else BEGAN_MS + 2000 * number
        run_id = _run(store, tags=tags, params=params, at_ms=at_ms)
        _curves(store, run_id, task="segmentation")
        if status == "FINISHED":
            store.client.set_terminated(run_id, status=status, end_time=at_ms + 1500)


def _run(store: Store, *, tags: dict[str, str], params: dict[str, str], at_ms: int) -> str:
    from mlflow.entities import Param

    run = store.client.create_run(store.experiment_id, start_time=at_ms, tags=tags)
    store.client.log_batch(run.info.run_id, params=[Param(*pair) for pair in params.items()])
    return str(run.info.run_id)


def _curves(store: Store, run_id: str, *, task: str) -> None:
    from mlflow.entities import Metric

    points = [
        Metric(f"{name}_{task}", 1 / step, BEGAN_MS + step, step)
        for name in METRICS
        for step in range(1, EPOCHS + 1)
    ]
    store.client.log_batch(run_id, metrics=points)


def _forget(home: Path) -> None:
    shutil.rmtree(Home.at(home).runs, ignore_errors=True)


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - began:.3f} s", flush=True)


def _said(what: str, doing: Callable[[], T]) -> T:
    with _timed(what):
        return doing()


if __name__ == "__main__":
    main()
