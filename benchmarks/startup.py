"""How long a user waits: `sweep --help`, and the first trial on a fresh and on an existing home.

    python benchmarks/startup.py [demo|FOLDER]

Aim: help under 0.5 s; first trial within 15 s on a fresh home and 8 s on an existing one (two cores).
"""

import subprocess
import sys
import tempfile
import time

COMMAND = [sys.executable, "-m", "sweep.cli.main"]


def seconds_to_first_trial(data: str, home: str) -> float:
    """Start a sweep of one short trial and stop the watch when it says that the trial started.

    Args:
        data: "demo" or a folder.
        home: of the sweep.

    Returns:
        Seconds since the command.
    """
    words = ["run", "--task", "segmentation", "--data", data, "--trials", "2"]
    began = time.perf_counter()
    words += ["--epochs", "1", "--home", home]
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, text=True) as sweep:
        waited = 0.0
        for line in sweep.stdout or ():
            if line.startswith("trial-000 ") and not waited:
                waited = time.perf_counter() - began
    return waited


def main() -> None:
    """Measure and print."""
    data = sys.argv[1] if len(sys.argv) > 1 else "demo"
    helps = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([*COMMAND, "--help"], stdout=subprocess.DEVNULL, check=True)
        helps.append(time.perf_counter() - began)
    print(f"sweep --help          {sorted(helps)[2]:6.2f} s (median of 5)")
    with tempfile.TemporaryDirectory() as home:
        print(f"first trial, fresh    {seconds_to_first_trial(data, home):6.2f} s")
        for _ in range(2):
            print(f"first trial, existing {seconds_to_first_trial(data, home):6.2f} s")


if __name__ == "__main__":
    main()
