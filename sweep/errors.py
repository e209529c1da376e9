"""Errors of the office, each with the exit code of CLI.md.

A message has three parts: what is wrong (with the value), where, and how to mend it.
"""


class SweepError(Exception):
    """Root of all errors that this package raises on purpose."""

    exit_code = 1


class InputError(SweepError):
    """A flag, file or data set is wrong; nothing was started."""

    exit_code = 2


class UnavailableError(SweepError):
    """A database, server or disk cannot be used."""

    exit_code = 4


class WorkerError(SweepError):
    """Workers cannot be started or keep dying."""


class PromotionError(SweepError):
    """The best model could not be packaged, registered or promoted."""
