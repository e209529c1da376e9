"""Average precision (COCO) and the best F1 of boxes.

Average precision comes from faster-coco-eval's COCOeval. Precision, recall and F1 are those at the one
score threshold, over all classes together, that gives the highest F1 on the same data: a detector's best
threshold lies anywhere (often near 0.2), so a fixed one would compare thresholds, not detectors.
Boxes are xyxy in pixels. Labels count from 0. Shapes: N predicted, M true boxes.
Source: Lin et al., Microsoft COCO, ECCV 2014; cocodataset.org/#detection-eval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from numpy.typing import NDArray
from torch import Tensor

from rccar_models.metrics.matching import is_true_positive

# COCO's limit of detections per image and class.
MOST_DETECTIONS = 100
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class ImageBoxes:
    """Boxes of one image on the CPU.

    Args:
        boxes: (N, 4) float64 xyxy.
        labels: (N,) int64.
        scores: (N,) float64; ones for true boxes.
    """

    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """How good detections of at least one score are.

    Args:
        threshold: smallest score that counts.
        precision: share of detections that are right.
        recall: share of true boxes that were found.
        f1: their harmonic mean.
    """

    threshold: float
    precision: float
    recall: float
    f1: float


class DetectionMetrics:
    """Collects predictions of a split, then says how good they are.

    Without any true box there is nothing to find: every metric is 0 then, as it is without predictions.

    Args:
        n_classes: of the data set, without background.
    """

    def __init__(self, n_classes: int) -> None:
        self._n_classes = n_classes
        self._predicted: list[ImageBoxes] = []
        self._true: list[ImageBoxes] = []
        self._threshold = DEFAULT_THRESHOLD

    @property
    def threshold(self) -> float:
        """Score that gave the best F1 at the last `compute`; 0.5 if no detection was right."""
        return self._threshold

    def update(
        self, predictions: Sequence[Mapping[str, Tensor]], targets: Sequence[Mapping[str, Tensor]]
    ) -> None:
        """Take in some images.

        Args:
            predictions: per image `boxes` (N, 4), `scores` (N,), `labels` (N,) from 0, on any device.
            targets: per image `boxes` (M, 4), `labels` (M,) from 0.
        """
        for prediction, target in zip(predictions, targets, strict=True):
            self._predicted.append(on_cpu(prediction))
            self._true.append(on_cpu(target))

    def compute(self) -> dict[str, float]:
        """Say how good the predictions were.

        Returns:
            `map_detection` (mean over IoU 0.50 to 0.95 and the classes that occur in the truth),
            `map_50_detection`, `precision_50_detection`, `recall_50_detection`, `f1_50_detection`; in [0, 1].
        """
        point = best_operating_point(self._predicted, self._true)
        self._threshold = point.threshold
        return scores_of(point, coco_precision(self._predicted, self._true, self._n_classes))


def scores_of(point: OperatingPoint, precision: NDArray[np.float64]) -> dict[str, float]:
    """Sum up what was found out.

    Args:
        point: of the highest F1.
        precision: of `coco_precision`.

    Returns:
        See `DetectionMetrics.compute`.
    """
    return {
        "map_detection": mean_of_known(precision),
        "map_50_detection": mean_of_known(precision[:1]),
        "precision_50_detection": point.precision,
        "recall_50_detection": point.recall,
        "f1_50_detection": point.f1,
    }


def best_operating_point(predicted: Sequence[ImageBoxes], true: Sequence[ImageBoxes]) -> OperatingPoint:
    """Find the score threshold with the highest F1 at IoU 0.5, over all classes together.

    Args:
        predicted: detections per image.
        true: true boxes per image.

    Returns:
        The point; of equal ones the one with the highest threshold.
    """
    hits = [is_true_positive(found, wanted) for found, wanted in zip(predicted, true, strict=True)]
    n_true = sum(len(image.boxes) for image in true)
    if not n_true or not any(hit.any() for hit in hits):
        return OperatingPoint(DEFAULT_THRESHOLD, 0.0, 0.0, 0.0)
    scores = np.concatenate([image.scores for image in predicted])
    order = np.argsort(-scores, kind="stable")
    scores, n_right = scores[order], np.cumsum(np.concatenate(hits)[order])
    # Detections of one score come and go together: only the last of them is a threshold.
    last = np.append(scores[1:] < scores[:-1], True)
    scores, n_right, n_found = scores[last], n_right[last], np.arange(1, len(scores) + 1)[last]
    f1 = 2 * n_right / (n_found + n_true)
    best = int(np.argmax(f1))
    right = float(n_right[best])
    return OperatingPoint(float(scores[best]), right / float(n_found[best]), right / n_true, float(f1[best]))


def coco_precision(
    predicted: Sequence[ImageBoxes], true: Sequence[ImageBoxes], n_classes: int
) -> NDArray[np.float64]:
    """Find the precision at every recall, as COCO does.

    Args:
        predicted: detections per image.
        true: true boxes per image.
        n_classes: K, without background.

    Returns:
        (10 IoU thresholds, 101 recalls, K classes); -1 where a class has no true box.
    """
    evaluation = COCOeval_faster(_as_coco(true, n_classes), _as_coco(predicted, n_classes), iouType="bbox")
    evaluation.params.maxDets = [MOST_DETECTIONS]
    # Sizes are not told apart: three quarters of the work saved.
    evaluation.params.areaRng, evaluation.params.areaRngLbl = evaluation.params.areaRng[:1], ["all"]
    evaluation.evaluate()
    evaluation.accumulate()
    precision: NDArray[np.float64] = evaluation.eval["precision"][:, :, :, 0, 0]
    return precision


def mean_of_known(precision: NDArray[np.float64]) -> float:
    """Average precision of a part of `coco_precision`.

    Args:
        precision: of any shape; -1 where it is not defined.

    Returns:
        The mean of what is defined, 0 if nothing is.
    """
    known = precision[precision > -1]
    return float(known.mean()) if known.size else 0.0


def on_cpu(image: Mapping[str, Tensor]) -> ImageBoxes:
    """Take the boxes of one image out of torch.

    Args:
        image: `boxes` (N, 4), `labels` (N,) from 0 and, of detections, `scores` (N,), on any device.

    Returns:
        The same; true boxes get scores of 1.
    """
    labels = image["labels"].detach().cpu().numpy().astype(np.int64)
    scores = image["scores"].detach().cpu().double().numpy() if "scores" in image else np.ones(len(labels))
    return ImageBoxes(image["boxes"].detach().cpu().double().reshape(-1, 4).numpy(), labels, scores)


def _as_coco(images: Sequence[ImageBoxes], n_classes: int) -> COCO:
    annotations: list[dict[str, object]] = []
    for image_id, image in enumerate(images, start=1):
        sides = image.boxes[:, 2:] - image.boxes[:, :2]
        rows = np.concatenate((image.boxes[:, :2], sides), axis=1).tolist()
        for box, area, label, score in zip(
            rows, sides.prod(axis=1).tolist(), image.labels.tolist(), image.scores.tolist(), strict=True
        ):
            annotation = {
                "image_id": image_id,
                "category_id": label,
                "bbox": box,
                "area": area,
                "score": score,
            }
            # Ids start at 1: 0 marks "unmatched" inside the evaluation.
            annotations.append({"id": len(annotations) + 1, "iscrowd": 0, **annotation})
    return COCO(
        {
            "images": [{"id": index} for index in range(1, len(images) + 1)],
            "categories": [{"id": index} for index in range(n_classes)],
            "annotations": annotations,
        }
    )
