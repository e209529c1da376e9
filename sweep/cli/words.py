"""Numbers as people read them."""

from collections.abc import Collection

from sweep.records import SweepRecord, TrialSpec


def duration(seconds: float) -> str:
    """A time span.

    Args:
        seconds: not negative.

    Returns:
        "42 s", "3 min 20 s", "2 h 05 min".
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def value(number: object) -> str:
    """A parameter's value.

    Args:
        number: of any kind.

    Returns:
        Floats with three significant digits, anything else as it is.
    """
    return f"{number:.3g}" if isinstance(number, float) else str(number)


def params_line(spec: TrialSpec, names: Collection[str] | None = None) -> str:
    """A trial's parameters in one line.

    Args:
        spec: the trial.
        names: of those to show, None for all.

    Returns:
        Model first, then `name=value`.
    """
    words = [spec.model] if names is None or "model_name" in names else []
    for name, number in spec.params.items():
        if names is None or name in names:
            words.append(f"{name}={value(number)}")
    return " ".join(words)


def short_metric(record: SweepRecord) -> str:
    """The objective's name without its task.

    Args:
        record: of the sweep.

    Returns:
        `miou` for `miou_segmentation`.
    """
    return record.objective.metric.removesuffix(f"_{record.task}")
