"""Every model, found by itself: each module here that exports `MODELS` adds to the list. No torch."""

from importlib import import_module
from pkgutil import iter_modules

from rccar_models.models.definition import BuildRequest, BuiltModel, ModelDef


def _found() -> dict[str, ModelDef]:
    models: dict[str, ModelDef] = {}
    for module in sorted(iter_modules(__path__), key=lambda info: info.name):
        for model in getattr(import_module(f"{__name__}.{module.name}"), "MODELS", ()):
            models[model.name] = model
    return models


MODELS = _found()

__all__ = ["MODELS", "BuildRequest", "BuiltModel", "ModelDef"]
