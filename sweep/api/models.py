"""Opens registered models: the same predictor whatever the network and however it was packaged."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweep.workshop.models import Predictor


def load_model(uri: str, *, tracking_uri: str | None = None, home: str | Path | None = None) -> "Predictor":
    """Open a registered model.

    Its files are verified against the sha256 in the registry before anything is loaded, and nothing is
    ever unpickled.

    Args:
        uri: `models:/NAME/Production`, `models:/NAME@production`, `models:/NAME/3`, NAME (its champion), or
            a folder that a sweep packaged.
        tracking_uri: MLflow's store. None for the home's; if no home is given either, for
            SWEEP_TRACKING_URI, as in a sweep.
        home: where the default store lies; None for SWEEP_HOME, or `mlruns` without it.

    Returns:
        A predictor: `predict(images)` takes (H, W, 3) uint8 RGB frames of any size and returns masks
        (H, W) uint8 in the frame's size, or boxes in the frame's pixels.

    Raises:
        InputError: there is no such model.
        UnavailableError: the registry cannot be reached.
        PromotionError: its files are not the ones that were registered.
    """
    from sweep.workshop.models import open_predictor

    if Path(uri).is_dir():
        return open_predictor(Path(uri))
    from sweep.api.registry import open_models

    registry = open_models(
        home=home,
        tracking_uri=tracking_uri,
        mend='name the place of your sweeps: load_model(..., home="DIR") or tracking_uri="..."',
    )
    with tempfile.TemporaryDirectory() as folder:
        return open_predictor(registry.load(uri, into=Path(folder) / "model"))
