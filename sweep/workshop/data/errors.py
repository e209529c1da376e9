"""The workshop's errors, translated for the office."""

from collections.abc import Iterator
from contextlib import contextmanager

from rccar_models.errors import RccarModelsError
from sweep.errors import InputError, UnavailableError


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
