"""The workshop's predictor behind the office's door: foreign errors become ours."""

from pathlib import Path

from rccar_models.errors import RccarModelsError
from rccar_models.predictor import Predictor, load_predictor
from sweep.errors import InputError

__all__ = ["Predictor", "open_predictor"]


def open_predictor(folder: Path) -> Predictor:
    """Open a packaged model.

    Args:
        folder: an MLflow model folder of ours.

    Returns:
        Its predictor, on the CPU.

    Raises:
        InputError: the folder is incomplete, altered or of an unknown format.
    """
    try:
        return load_predictor(folder)
    except RccarModelsError as error:
        raise InputError(f"{folder}: {error}") from error
