"""Pictures of the data in the sweep's own run: drawn beside the trials, once for each frame cache.

A process of low priority draws them, so that neither the first trial nor an answer to a worker waits:
importing matplotlib and drawing take two seconds of a core. A later sweep finds them in the cache.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweep.executors.worker_process import worker_environment
from sweep.orchestrator.stopping import StopRequest
from sweep.ports import Observer
from sweep.wiring import Desk
from sweep.workshop.data.pictures import picture_files

FOLDER = "data"
PATIENCE_S = 60.0
"""How long the end of the trials waits for the pictures; a large set on a busy machine takes that long."""


@contextmanager
def data_pictures(desk: Desk, *, observer: Observer, stop: StopRequest) -> Iterator[None]:
    """Bring pictures of the data into MLflow while trials run.

    Args:
        desk: everything that is open; the sweep's own run has been started.
        observer: told if they cannot be made.
        stop: a signal means not to wait for them.

    Yields:
        Nothing; at the end the pictures are on their way, or the user knows why not.
    """
    if not desk.plan.data_ref:  # the stand-in trains on nothing
        yield
        return
    folder = Path(desk.plan.data_ref)
    if all(file.is_file() for file in picture_files(folder)):
        _log(desk, folder)
        yield
        return
    command = [sys.executable, "-m", "sweep.workshop.data.pictures", str(folder)]
    making = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=worker_environment(os.environ, 1),
        start_new_session=True,  # a Ctrl-C in the terminal reaches the coordinator alone
    )
    said: list[str] = []
    logging = threading.Thread(target=_await, args=(making, said, desk, folder), daemon=True)
    logging.start()
    try:
        yield
        _settle(logging, observer=observer, stop=stop)
    finally:
        making.kill()
        logging.join()
    if said and stop.signal_number is None:
        observer.notice(f"the data could not be drawn: {said[0]}")


def _await(making: "subprocess.Popen[str]", said: list[str], desk: Desk, folder: Path) -> None:
    _, errors = making.communicate()
    if making.returncode == 0:
        _log(desk, folder)
    else:
        said.append((errors.strip().splitlines() or ["it took too long"])[-1])


def _log(desk: Desk, folder: Path) -> None:
    for file in picture_files(folder):
        desk.scribe.artifact(None, file, FOLDER)


def _settle(logging: threading.Thread, *, observer: Observer, stop: StopRequest) -> None:
    if stop.signal_number is not None or not logging.is_alive():
        return
    observer.phase("drawing the data")
    try:
        logging.join(PATIENCE_S)
    except KeyboardInterrupt:  # the end of the sweep sees the request, and goes on without pictures
        return
