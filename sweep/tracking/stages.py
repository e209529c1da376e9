"""MLflow's stages, which are on their way out: they follow the alias where a registry still has them."""

import warnings
from typing import TYPE_CHECKING

from sweep.tracking.model_address import ALIAS
from sweep.tracking.store import is_refusal

if TYPE_CHECKING:
    from mlflow import MlflowClient

STAGE = "Production"


def follow(client: "MlflowClient", model: str, version: str) -> str:
    """Put a version into the stage `Production` and archive the one that was there.

    Args:
        client: of the store.
        model: name of the registered model.
        version: the one that has the alias.

    Returns:
        Why there are no stages, for the user; empty if there are.

    Raises:
        MlflowException: the store cannot be used right now.
    """
    from mlflow.exceptions import MlflowException

    move = getattr(client, "transition_model_version_stage", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            if move is None:
                raise NotImplementedError("this MLflow has no stages")
            move(model, version, STAGE, archive_existing_versions=True)
        except (MlflowException, NotImplementedError) as error:
            if isinstance(error, MlflowException) and not is_refusal(error):
                raise
            return f"the registry has no stages ({error}); the alias {ALIAS!r} says who is in Production"
    return ""
