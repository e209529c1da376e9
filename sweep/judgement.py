"""What a worker finds out about a candidate for Production, and what is written down of it.

Metric names are the logged ones (`miou_segmentation`).
"""

from dataclasses import dataclass, field

from sweep.json_record import Record

N_RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRequest(Record):
    """Ask a worker to judge a packaged model, beside the champion if there is one.

    Args:
        trial_uid: the candidate's.
        candidate: folder of its package; its sha256 was verified.
        data_ref: folder of the frame cache; its validation split is what both are judged on.
        metric: what is optimised.
        maximise: whether larger is better.
        champion: folder of the champion's package; its sha256 was verified. Empty if there is no rival.
        checkpoints: the candidate's and the champion's `best.pt`, for a detector's validation loss only.
        n_resamples: draws of images.
        confidence: of the interval.
        seed: of the draws.
        n_threads: CPU threads the worker may use.
        is_timed: whether to measure how long the candidate takes for a frame.
    """

    trial_uid: str
    candidate: str
    data_ref: str
    metric: str
    maximise: bool
    champion: str = ""
    checkpoints: tuple[str, ...] = ()
    n_resamples: int = N_RESAMPLES
    confidence: float = CONFIDENCE
    seed: int = 0
    n_threads: int = 1
    is_timed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(Record):
    """What a worker found out.

    Args:
        trial_uid: the candidate's.
        metric: by which both were compared; another than was asked for where that one cannot be.
        maximise: whether larger is better.
        task: of the candidate.
        scores: of the candidate, computed of its loaded package.
        value: of the candidate by `metric`.
        champion_value: of the champion by `metric`, on the same images; None if it is no rival.
        low: lower end of the improvement's interval; above 0 is better, whatever the direction.
        high: upper end.
        n_images: of the validation split.
        n_true_classes: classes that occur in it.
        n_predicted_classes: classes the candidate answered with.
        no_rival: why the champion is none; empty if it is, or if there is no champion.
        notes: what else should be known.
        size_mb: of the candidate's package on disk, in megabytes (10**6 bytes).
        latency_ms: of the candidate, median of one frame on a CPU; None if it was not timed.
        reason: why the candidate could not be judged; empty if it was.
    """

    trial_uid: str
    metric: str = ""
    maximise: bool = True
    task: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    value: float | None = None
    champion_value: float | None = None
    low: float | None = None
    high: float | None = None
    n_images: int = 0
    n_true_classes: int = 0
    n_predicted_classes: int = 0
    no_rival: str = ""
    notes: tuple[str, ...] = ()
    size_mb: float = 0.0
    latency_ms: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Record):
    """On what a candidate was promoted or refused.

    Args:
        metric: that decided.
        maximise: whether larger is better.
        value: of the candidate.
        champion: version of the champion at that time, None if there was none.
        champion_value: its score on the same images, None if it was no rival.
        low: lower end of the improvement's interval.
        high: upper end.
        confidence: of the interval.
        n_images: judged on.
        digest: of the data set they are from.
        ground: "same data", "re-evaluated", "first champion" or "no rival".
        why: one sentence.
    """

    metric: str
    maximise: bool
    value: float | None = None
    champion: str | None = None
    champion_value: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = CONFIDENCE
    n_images: int = 0
    digest: str = ""
    ground: str = ""
    why: str = ""
