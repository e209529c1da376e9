"""MLflow's "model from code" for networks that torch.export cannot write; each such model holds a copy.

Needs the package `rccar-sweep` where it is loaded; the weights are a state_dict, nothing is unpickled.
"""

from pathlib import Path

import mlflow
import numpy as np
import torch
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from rccar_models.predictor import Predictor, load_predictor


class PackagedDetector(PythonModel):
    """Answers frames with boxes, in the form that torchvision's detectors use."""

    _predictor: Predictor

    def load_context(self, context: PythonModelContext) -> None:
        """Load the network.

        Args:
            context: knows where MLflow put the package.
        """
        self._predictor = load_predictor(Path(context.artifacts["predictor"]))

    # A bare ndarray: MLflow warns, at every load, about the type hints of which it can make no schema.
    def predict(
        self,
        context: PythonModelContext,
        model_input: np.ndarray,
        params: dict[str, object] | None = None,
    ) -> list[dict[str, list[object]]]:
        """Detect.

        Args:
            context: unused.
            model_input: (B, 3, H, W) float32 RGB in [0, 1].
            params: unused.

        Returns:
            One dict a frame: boxes xyxy in pixels, labels from 0, scores; best first.
        """
        del context, params
        found = self._predictor.raw_outputs(torch.from_numpy(np.array(model_input, np.float32)))
        return [{name: tensor.tolist() for name, tensor in one.items()} for one in found]


mlflow.models.set_model(PackagedDetector())
