"""Everything of MLflow: the scribe mirrors a sweep into it, the registry keeps its models.

Importing this package imports no MLflow. Its names are imported when first used: whoever looks at runs
waits neither for the scribe's records nor for the catalog of models.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.tracking.opening import open_registry, open_scribe
    from sweep.tracking.registry import ModelRegistry
    from sweep.tracking.run_fields import ParamName
    from sweep.tracking.scribe import Scribe

_HOME = {
    "ModelRegistry": "registry",
    "ParamName": "run_fields",
    "Scribe": "scribe",
    "open_registry": "opening",
    "open_scribe": "opening",
}

__all__ = ["ModelRegistry", "ParamName", "Scribe", "open_registry", "open_scribe"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sweep.tracking' has no attribute {name!r}")
    return getattr(import_module(f"sweep.tracking.{_HOME[name]}"), name)
