"""How a trained model does, frame by frame and class by class: what report and dashboard show of it.

Metric names are the logged ones (`miou_segmentation`). Written as `evaluation/evaluation.json` on a trial's
run in MLflow, with the pictures it names beside it.
"""

from dataclasses import dataclass, field

from sweep.json_record import Record

FOLDER = "evaluation"
FILE = "evaluation.json"
MONTAGE = "montage.png"
CONFUSION = "confusion_matrix.png"
NOTHING = "(nothing)"
"""Last in a detector's confusion matrix: an object that was not found, a box without an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRequest(Record):
    """Ask a worker to evaluate a checkpoint on the validation split.

    Args:
        trial_uid: whose checkpoint.
        run_name: of its MLflow run.
        checkpoint: its best checkpoint.
        data_ref: folder of the frame cache.
        folder: where the pictures go.
        metric: what is optimised.
        maximise: whether larger is better.
        n_resamples: draws of images, for the interval.
        confidence: of the interval.
        seed: of the trial.
        n_threads: CPU threads the worker may use.
    """

    trial_uid: str
    run_name: str
    checkpoint: str
    data_ref: str
    folder: str
    metric: str
    maximise: bool
    n_resamples: int = 1000
    confidence: float = 0.95
    seed: int = 0
    n_threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures(Record):
    """One class.

    Args:
        name: of the class.
        n_true: pixels (segmentation) or objects (detection) of it in the split.
        figures: by short name: `iou`, `dice`, `precision`, `recall` of a segmentation; `precision_50`,
            `recall_50`, `f1_50`, `map_50`, `map` of a detection. A figure that is not defined, since the
            class occurs neither in the truth nor in the answers, is left out.
    """

    name: str
    n_true: int
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFigures(Record):
    """One frame that is shown.

    Args:
        name: of the frame in its data set.
        group: "best" or "worst".
        rank: from 1 within its group.
        score: of this frame alone: mean IoU of a segmentation, F1 at IoU 0.5 of a detection.
        picture: file beside the evaluation, the frame with truth and prediction side by side.
    """

    name: str
    group: str
    rank: int
    score: float
    picture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation(Record):
    """A trial's best checkpoint on the validation split.

    Args:
        trial_uid: whose.
        run_name: of its MLflow run.
        task: "segmentation" or "detection".
        model: model name.
        metric: what is optimised.
        maximise: whether larger is better.
        value: by `metric`.
        low: lower end of its bootstrap interval over images, None if it cannot be said.
        high: upper end.
        confidence: of the interval.
        n_images: of the split.
        scores: every metric, by logged name.
        classes: figures of each class, in id order.
        confusion: counts, a row for each true class, a column for each predicted one: pixels, or objects at
            IoU 0.5.
        confusion_names: of rows and columns; a detector has `NOTHING` last.
        frames: the best and the worst.
        frames_differ: whether of frames that look alike only one is among them, as far as there are others.
        latency_ms: median time of one frame through the network on a CPU, batch 1.
        latency_threads: CPU threads of that.
        image_size: (width, height) of the network's input in pixels.
        score_threshold: of a detector's boxes, None for a segmentation.
        reason: why there is no evaluation; empty if there is one.
    """

    trial_uid: str
    run_name: str = ""
    task: str = ""
    model: str = ""
    metric: str = ""
    maximise: bool = True
    value: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    n_images: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    classes: tuple[ClassFigures, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    confusion_names: tuple[str, ...] = ()
    frames: tuple[FrameFigures, ...] = ()
    frames_differ: bool = False
    latency_ms: float | None = None
    latency_threads: int = 0
    image_size: tuple[int, ...] = ()
    score_threshold: float | None = None
    reason: str = ""
