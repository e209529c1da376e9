"""The answer: what won, how good it is, how much was gained, how fast it is, where it is."""

from sweep.report.blocks import Block, Code, Facts, Paragraph, Section, Tile
from sweep.report.material import Material
from sweep.report.words import number_of, parameter, score
from sweep.summary import effective_params, why_none_completed


def lead(material: Material) -> tuple[str, str]:
    """Say what came of the sweep.

    Args:
        material: of the report.

    Returns:
        A sentence, and its tone.
    """
    best = material.summary.best
    if best is None:
        trials = [(trial.spec, trial.ending) for trial in material.ended]
        if material.state == "running":
            return "The sweep is running, and no trial has completed yet.", "note"
        if not trials:
            return "No trial has ended, so there is no best model.", "warning"
        return f"There is no best model: {why_none_completed(trials)}.", "warning"
    spec, result = best
    so_far = "So far the best" if material.state == "running" else "The best"
    text = f"{so_far} is {spec.model} with {material.metric} {score(result.value)}{_interval(material)}."
    if material.state != "running" and material.summary.ahead_told:
        return f"{text} But {material.summary.ahead_told}.", "note"
    return text, ""


def tiles(material: Material) -> tuple[Tile, ...]:
    """The answer in numbers.

    Args:
        material: of the report.

    Returns:
        Model, score, gain and latency; none without a complete trial.
    """
    best = material.summary.best
    if best is None:
        return ()
    spec, result = best
    size = f", {result.n_parameters:,} parameters" if result.n_parameters else ""
    return (
        Tile(title="best model", value=spec.model, detail=f"{spec.run_name}{size}"),
        Tile(
            title=f"{material.metric}, {_direction(material)} is better",
            value=score(result.value),
            detail=_interval(material).lstrip(" (").rstrip(")") or f"epoch {result.best_epoch}",
        ),
        Tile(title="gain over the default", value=_gain(material), detail=_gain_from(material)),
        Tile(title="latency, one frame on a CPU", value=_latency(material), detail=_latency_of(material)),
    )


def answer(material: Material) -> Section:
    """The first section.

    Args:
        material: of the report.

    Returns:
        Facts of the best trial and of the place where it is.
    """
    best = material.summary.best
    blocks: list[Block] = []
    if best is None:
        blocks.append(Paragraph(text="No trial completed, so there is no best model and nothing to load."))
        blocks.append(Facts(rows=(("trials", counts(material)), ("ended", _ending(material)))))
        return Section(key="answer", title="The answer", blocks=tuple(blocks))
    spec, result = best
    rows = [
        ("trial", f"{spec.run_name}, its best epoch {result.best_epoch} of {spec.until_epoch}"),
        ("score", f"{material.record.objective.metric} {score(result.value)}{_interval(material)}"),
        ("gain over the default configuration", _gain_line(material)),
        ("latency", _latency_line(material)),
        *((name, parameter(value)) for name, value in effective_params(spec).items()),
        ("where it is", where(material)),
        ("checkpoint", material.places.checkpoint or "none"),
        ("trials", counts(material)),
        ("ended", _ending(material)),
    ]
    blocks.append(Facts(rows=tuple(rows)))
    if material.places.load_command:
        blocks.append(
            Code(
                caption="Load it from Python, in any folder",
                text=f"import sweep\n\npredictor = {material.places.load_command}",
                is_command=True,
            )
        )
    return Section(key="answer", title="The answer", blocks=tuple(blocks))


def where(material: Material) -> str:
    """Say where the best model is, or why it is nowhere.

    Args:
        material: of the report.

    Returns:
        A sentence.
    """
    model, kept = material.notes.get("sweep.model", ""), material.notes.get("sweep.not_promoted", "")
    if model:
        name, _, version = model.rpartition("/")
        registered = f"registered as {name} version {version}"
        return f"{registered}, not in Production: {kept}" if kept else f"{registered}, in Production"
    if material.state == "running":
        return "the sweep is running; its best model is registered at the end"
    return f"in no registry: {kept or 'the sweep did not come to its end'}"


def counts(material: Material) -> str:
    """How many trials ended how.

    Args:
        material: of the report.

    Returns:
        E.g. `18 complete, 6 pruned; 1 attempt ran again; 24 slots asked for`.
    """
    found = [material.summary.counted] if material.summary.counted else []
    running = len(material.trials) - len(material.ended)
    if running:
        found.append(f"{running} {'running' if material.state == 'running' else 'cut'}")
    return f"{', '.join(found) or 'none ended'}; {number_of(material.summary.n_slots, 'slot')} asked for"


def _ending(material: Material) -> str:
    return f"{material.state}: {material.why}" if material.why else material.state


def _direction(material: Material) -> str:
    return "larger" if material.record.objective.maximise else "smaller"


def _interval(material: Material) -> str:
    found = material.evaluation
    if found.low is None or found.high is None:
        return ""
    images = number_of(found.n_images, "validation image")
    return f" ({found.confidence:.0%} interval {score(found.low)} to {score(found.high)}, {images})"


def _gain(material: Material) -> str:
    gain = material.summary.gain
    return "unknown" if gain is None else f"{gain:+.4f}"


def _gain_from(material: Material) -> str:
    best, default = material.summary.best, material.summary.default
    if default is None or default[1].value is None:
        return "the default configuration did not complete"
    if best is not None and best[0].slot == 0:
        return "the default configuration itself is the best"
    if material.summary.gain is None:
        return "the default configuration was scored on the data as it was before"
    return f"from {score(default[1].value)}"


def _gain_line(material: Material) -> str:
    gain, default = material.summary.gain, material.summary.default
    told = _gain_from(material)
    if gain is None or default is None or not default[1].value or told.startswith("the"):
        return told
    return f"{gain:+.4f} ({gain / abs(default[1].value):+.1%}), {told}"


def _latency(material: Material) -> str:
    found = material.evaluation.latency_ms
    return "not measured" if found is None else f"{found:.1f} ms"


def _latency_of(material: Material) -> str:
    found = material.evaluation
    if found.latency_ms is None:
        return found.reason
    size = f" at {found.image_size[0]} × {found.image_size[1]} px" if len(found.image_size) == 2 else ""
    # Each worker evaluates a trial of its own, and nobody notes how many of them do so at a time.
    beside = "" if material.config.get("workers") == 1 else ", perhaps beside other workers"
    return f"{number_of(found.latency_threads, 'thread')}{size}, measured at the sweep's end{beside}"


def _latency_line(material: Material) -> str:
    found = material.evaluation.latency_ms
    if found is None:
        reason = material.evaluation.reason
        return f"not measured{f': {reason}' if reason else ''}"
    return f"{found:.1f} ms for one frame on a CPU, {_latency_of(material)} ({1000 / found:.0f} frames/s)"
