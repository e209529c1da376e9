"""What a trial costs beside its training: stand-in trials of 10 epochs and 5 metrics, full child runs.

Runs real sweeps in fresh homes, reads the trials' times back from MLflow's spool, and prints figures:

    python benchmarks/trial_overhead.py [trials]

Aim: at most 0.08 s of wall time a trial, and trial 1,000 at most twice trial 100.
"""

import sys
import tempfile
import time
from pathlib import Path

from sweep import run_sweep
from sweep.api.silent import Silent
from sweep.records import TrialResult, TrialSpec


class Clock(Silent):
    """Notes when each trial ended."""

    def __init__(self) -> None:
        self.first = 0.0
        self.ends: list[float] = []

    def trial_started(self, spec: TrialSpec) -> None:  # noqa: ARG002
        """Note the first start."""
        self.first = self.first or time.monotonic()

    def trial_finished(self, spec: TrialSpec, result: TrialResult) -> None:  # noqa: ARG002
        """Note an end."""
        self.ends.append(time.monotonic())


def main() -> None:
    """Run and print."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for sampler, workers in (("tpe", 2), ("tpe", 1), ("random", 1)):
        with tempfile.TemporaryDirectory() as folder:
            clock = Clock()
            began = time.monotonic()
            run_sweep(
                observer=clock,
                task="segmentation",
                trainer="stand_in",
                trials=trials,
                epochs=10,
                sampler=sampler,
                pruner="none",
                workers=workers,
                home=str(Path(folder) / "mlruns"),
            )
            whole = time.monotonic() - began
        starts = [clock.first, *clock.ends[:-1]]
        spans = [after - before for before, after in zip(starts, clock.ends, strict=True)]
        mean = sum(spans) / len(spans)
        line = f"{sampler:6} {workers} workers, {trials} trials: {mean * 1000:.1f} ms a trial"
        line += f", whole run {whole:.1f} s"
        if trials >= 1000:
            # Means of 100 trials: with two workers ends come in pairs, and single spans say little.
            early, late = sum(spans[50:150]) / 100, sum(spans[900:1000]) / 100
            line += f"; trials 50 to 150 {early * 1000:.1f} ms, 900 to 1,000 {late * 1000:.1f} ms"
            line += f", ratio {late / early:.2f}"
        print(line)


if __name__ == "__main__":
    main()
