"""Can it be trusted? What speaks for and against the answer, the worst first."""

from collections.abc import Iterator

from sweep.records import Status
from sweep.report.blocks import Block, Paragraph, Section
from sweep.report.commands import resume_command
from sweep.report.doubts import chance_in_training, leaks, other_seeds, stopped_ahead, too_short, usefulness
from sweep.report.material import Material
from sweep.report.words import listed, number_of, score

FEW_IMAGES = 20
FEW_TRIALS = 10


def trust(material: Material) -> Section:
    """What speaks for and against the answer.

    Args:
        material: of the report.

    Returns:
        Warnings first, then notes, then plain sentences.
    """
    found = [*stopped_ahead(material), *_warnings(material), *leaks(material), *usefulness(material)]
    found += [*_about_images(material), *chance_in_training(material), *too_short(material)]
    found += [*_about_gain(material), *_about_trials(material), *_about_gate(material), *_told(material)]
    order = {"warning": 0, "note": 1, "": 2}
    blocks: list[Block] = [*sorted(found, key=lambda one: order[one.tone]), *other_seeds(material)]
    return Section(
        key="trust",
        title="Can it be trusted?",
        blocks=tuple(blocks or [Paragraph(text="Nothing can be said before a trial has completed.")]),
    )


def _warnings(material: Material) -> Iterator[Paragraph]:
    if material.doubt:
        yield Paragraph(text=f"{_sentence(material.doubt)}.", tone="warning")
    if material.state == "running":
        yield Paragraph(text="The sweep is still running: all of this will change.", tone="warning")
    if material.state in {"cut", "stopped"} and not material.summary.ahead_told:
        yield Paragraph(
            text=f"The sweep did not come to its end; `{resume_command(material)}` goes on with it.",
            tone="warning",
        )
    if material.record.data_source == "" and material.summary.best is not None:
        yield Paragraph(
            text="The trainer stand_in trains nothing: these scores come out of a formula.", tone="warning"
        )


def _about_images(material: Material) -> Iterator[Paragraph]:
    found = material.evaluation
    if material.summary.best is None:
        return
    if found.value is None or not found.n_images:
        reason = f": {found.reason}" if found.reason else ""
        yield Paragraph(text=f"How sure the score is cannot be said{reason}.", tone="note")
        return
    images = number_of(found.n_images, "validation image")
    if found.low is None or found.high is None:
        yield Paragraph(text=f"The score is of {images}; there is no interval for it.", tone="note")
        return
    text = (
        f"Drawn again and again from the {images}, {material.metric} lies between {score(found.low)} and "
        f"{score(found.high)} in {found.confidence:.0%} of the draws."
    )
    yield Paragraph(text=text)
    if found.n_images < FEW_IMAGES:
        yield Paragraph(
            text=f"{images} are few: the interval itself is rough. Label more frames.", tone="warning"
        )


def _about_gain(material: Material) -> Iterator[Paragraph]:
    gain, found = material.summary.gain, material.evaluation
    if gain is None or found.low is None or found.high is None:
        return
    half = (found.high - found.low) / 2
    if 0 < gain < half:
        yield Paragraph(
            text=(
                f"The gain over the default configuration, {gain:+.4f}, is smaller than half of the "
                f"interval, {half:.4f}: it may be chance."
            ),
            tone="note",
        )


def _about_trials(material: Material) -> Iterator[Paragraph]:
    n_complete = len(material.having(Status.COMPLETE))
    if not n_complete:
        return
    if n_complete < FEW_TRIALS:
        yield Paragraph(
            text=f"Only {number_of(n_complete, 'trial')} completed: a better one may well exist.", tone="note"
        )
    yield Paragraph(
        text=(
            f"The best of {number_of(n_complete, 'trial')} was chosen on the validation images it is scored "
            "on, so the score is a little too good; a test split that no sweep has seen tells how much."
        )
    )
    n_failed = len(material.having(Status.FAILED))
    if n_failed:
        yield Paragraph(
            text=f"{number_of(n_failed, 'trial')} failed; the reasons are below.",
            tone="note" if n_failed < n_complete else "warning",
        )


def _about_gate(material: Material) -> Iterator[Paragraph]:
    if why := material.notes.get("sweep.gate_why"):
        yield Paragraph(text=f"The gate before Production said: {why}.")
    elif kept := material.notes.get("sweep.not_promoted"):
        yield Paragraph(text=f"Not in Production: {kept}.")


def _told(material: Material) -> Iterator[Paragraph]:
    """What trials warned of, each warning once with whose it is."""
    told: dict[str, list[str]] = {}
    for trial in material.ended:
        for note in trial.ending.notes:
            told.setdefault(note, []).append(trial.spec.run_name)
    for note, names in told.items():
        yield Paragraph(text=f"{_sentence(note)} ({listed(names, most=3)}).", tone="note")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".")
