"""What all functions on data share: errors translated for the office, names checked, progress told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rccar_models.errors import RccarModelsError
from sweep import catalog
from sweep.errors import InputError, UnavailableError

Progress = Callable[[int, int], None]
"""Told (done, total) frames."""


def unheard(done: int, total: int) -> None:
    """Tell nobody how far it is."""


def check_task(task: str | None) -> None:
    """Refuse a task that there is not.

    Args:
        task: its name, None for any.

    Raises:
        InputError: there is no such task; the message has the near one.
    """
    if task is not None:
        catalog.TASKS.get(task)


@contextmanager
def data_errors(writing: str = "") -> Iterator[None]:
    """Translate what the workshop raises about data.

    Args:
        writing: what is being written, for messages about the disk.

    Yields:
        Nothing.

    Raises:
        InputError: the data cannot be used; the message lists every fault.
        UnavailableError: the disk is full or read-only.
    """
    try:
        yield
    except RccarModelsError as error:
        raise InputError(str(error)) from error
    except OSError as error:
        raise UnavailableError(f"{writing or 'a file'} cannot be written or read: {error}") from error
