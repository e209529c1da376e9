"""What the command line, notebooks and tests call; each part is imported when first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.api.models import load_model
    from sweep.api.report import RunReport
    from sweep.api.results import SweepResults, load_sweep
    from sweep.api.run import run_sweep

_HOME = {
    "RunReport": "report",
    "load_model": "models",
    "run_sweep": "run",
    "SweepResults": "results",
    "load_sweep": "results",
}

__all__ = ["RunReport", "SweepResults", "load_model", "load_sweep", "run_sweep"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sweep.api' has no attribute {name!r}")
    # `sweep data ...` must not wait for Optuna, which only a sweep needs.
    return getattr(import_module(f"sweep.api.{_HOME[name]}"), name)
