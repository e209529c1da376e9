"""A hyperparameter-sweep orchestrator for the vision of small autonomous cars.

`run_sweep` runs a sweep, `load_sweep` looks at one, `load_model` opens a registered model; each is imported
when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.api import load_model, load_sweep, run_sweep

__all__ = ["load_model", "load_sweep", "run_sweep"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sweep' has no attribute {name!r}")
    # By name: a static import would make every floor that imports `sweep.x` import the top floor.
    return getattr(import_module("sweep.api"), name)
