"""The worker's roof: whatever goes wrong in a job becomes a reason, never the end of the worker."""

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rccar_models.errors import NonFiniteLossError, RccarModelsError
from sweep.errors import SweepError

T = TypeVar("T")

LONGEST_REASON = 500
"""Characters: enough for a message, and short enough for a tag and a table cell."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job did not end well.

    Args:
        reason: `word: detail` in one line; the word is out_of_memory, disk_full, device_error, nan_loss
            or exception.
    """

    reason: str


def attempt(work: Callable[[], T]) -> T | Failure:
    """Do a job's work.

    Args:
        work: the job, without arguments.

    Returns:
        What it returned, or why it failed.

    Raises:
        SweepError: the office failed while it was asked for a verdict: no fault of the job.
        ConnectionError: the coordinator is gone.
    """
    try:
        return work()
    except (SweepError, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001 (the one place in a worker: a failed trial is a result)
        if not isinstance(error, RccarModelsError):
            _log.exception("the job failed")
        return Failure(reason_of(error))


def reason_of(error: Exception) -> str:
    """Say in one line why a job failed.

    Args:
        error: what was raised.

    Returns:
        `word: detail`, at most LONGEST_REASON characters.
    """
    text = " ".join(str(error).split())
    if _is_out_of_memory(error):
        reason = f"out_of_memory: {text or 'the process has no memory left'}"
    elif _is_of_full_disk(error):
        reason = f"disk_full: {text}; make room, then go on with the sweep"
    elif _is_of_device(error):
        reason = f"device_error: {text}"
    elif isinstance(error, NonFiniteLossError):
        reason = f"nan_loss: {text}"
    else:
        reason = f"exception: {type(error).__name__}: {text}"
    return reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 3] + "..."


def _is_of_full_disk(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def _is_of_device(error: Exception) -> bool:
    # After a device-side assert the CUDA context of the process is lost: its worker is replaced.
    text = str(error).lower()
    known = ("cuda error", "cublas_status", "cudnn_status", "device-side assert", "nccl error")
    return isinstance(error, RuntimeError) and any(word in text for word in known)


def _is_out_of_memory(error: Exception) -> bool:
    # torch.OutOfMemoryError is a RuntimeError, and so is what the CPU allocator and cuDNN raise: told
    # apart by text, which also keeps torch out of the stand-in's workers.
    text = str(error).lower()
    known = ("out of memory", "can't allocate memory", "not enough memory", "cudnn_status_alloc_failed")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(w in text for w in known)
    )
