"""Prints a worker's memory after 5, 25 and 50 trainings in one process: it must not grow with their number.

python benchmarks/worker_memory.py [TRIALS]
"""

import sys
import tempfile
from pathlib import Path

import psutil

from rccar_models.cache import prepare
from rccar_models.formats import open_data
from sweep.records import Action, Objective, TrialSpec, Verdict
from sweep.workshop import trial_runner

SIZES = {"segmentation": (128, 96), "detection": (160, 128)}
MODELS = {"segmentation": ("tiny_unet", "miou_segmentation"), "detection": ("small_ssd", "map_50_detection")}


def main(n_trials: int) -> None:
    """Train one epoch on the demo, again and again, each time with another configuration."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = {
            task: str(prepare(open_data("demo", task), image_size=size, cache_root=Path(scratch)).folder)
            for task, size in SIZES.items()
        }
        for number in range(1, n_trials + 1):
            task = "detection" if number % 2 else "segmentation"
            model, metric = MODELS[task]
            result = trial_runner.run(
                TrialSpec(
                    trial_uid=str(number),
                    slot=number,
                    number=number,
                    task=task,
                    trainer="torch",
                    model=model,
                    params={"batch_size": 4 + 4 * (number % 3), "width": 8 + number % 3},
                    seed=number,
                    until_epoch=1,
                    objectives=(Objective(metric, maximise=True),),
                    folder=f"{scratch}/trial",
                    data_ref=folders[task],
                ),
                lambda report: Verdict(trial_uid=report.trial_uid, action=Action.CONTINUE),
            )
            if number in {1, 2, 5, 10, 25, n_trials}:
                rss_mib = psutil.Process().memory_info().rss / 2**20
                print(
                    f"after {number:3d} trials: {rss_mib:7.1f} MiB ({result.status}{result.reason})",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
