"""Doubts about the best model: leaked drives, chance in training, classes it misses, trials too short."""

from collections.abc import Iterator

from sweep.report.blocks import Code, Paragraph
from sweep.report.classes import MAIN
from sweep.report.commands import check_command, resume_command, seeds_command
from sweep.report.material import Material
from sweep.report.words import listed, number_of, score

LOW = 0.1
"""Of a score that is 1 where nothing is wrong."""
MANY_CLASSES = 3  # a third of them


def leaks(material: Material) -> Iterator[Paragraph]:
    """Say whether val is of drives that are in train too.

    Args:
        material: of the report.

    Yields:
        What was found, or that nobody looked, with the command that does.
    """
    if material.summary.best is None or not material.record.data_digest:
        return
    if material.leak:
        text = material.leak[:1].upper() + material.leak[1:]
        yield Paragraph(text=f"{text}.", tone="warning")
        return
    command = check_command(material)
    look = f" Run `{command}`." if command else ""
    if material.leak_unknown:
        text = "Whether val has frames of drives that are in train too was not checked"
        yield Paragraph(text=f"{text} ({material.leak_unknown}).{look}", tone="note")
        return
    yield Paragraph(
        text="By their looks no frames of val come from drives that are in train too. A look at small frames "
        "does not find every such drive."
    )


def chance_in_training(material: Material) -> Iterator[Paragraph]:
    """Say what the interval does not cover.

    Args:
        material: of the report.

    Yields:
        A sentence.
    """
    if material.summary.best is None:
        return
    before, after = "", ""
    if material.evaluation.low is not None:
        before = "The interval covers the choice of validation frames only. "
        after = ", and it may lie outside the interval"
    yield Paragraph(
        text=f"{before}Each trial was trained once: the same parameters with another seed give another "
        f"score{after}. By how much was not measured; the command below finds out.",
        tone="note",
    )


def other_seeds(material: Material) -> Iterator[Code]:
    """Offer the command that measures chance in training.

    Args:
        material: of the report.

    Yields:
        The best trial again, with other seeds.
    """
    if material.summary.best is not None:
        yield Code(
            caption="How much does chance in training move the score? The best trial again, with other seeds",
            text=seeds_command(material),
            is_command=True,
        )


def usefulness(material: Material) -> Iterator[Paragraph]:
    """Say where the best of all trials is still of little use.

    Args:
        material: of the report.

    Yields:
        Warnings.
    """
    best = material.summary.best
    if best is None:
        return
    value = best[1].value
    if material.record.objective.maximise and value is not None and value < LOW:
        yield Paragraph(
            text=f"{material.metric} {score(value)} is low, 1 is perfect: the best of these trials is hardly "
            "of use yet. Longer trials and more labelled frames help most.",
            tone="warning",
        )
    main = MAIN.get(material.evaluation.task, "")
    rated = [one for one in material.evaluation.classes if main in one.figures and one.n_true]
    never = [one.name for one in rated if not one.figures[main]]
    if never:
        count = f"{len(never)} of {number_of(len(rated), 'class', 'classes')}"
        yield Paragraph(
            text=f"{count} {_are(len(never))} never right: {listed(never, most=8)}. The car would not see "
            f"{'it' if len(never) == 1 else 'them'}.",
            tone="warning" if len(never) * MANY_CLASSES >= len(rated) else "note",
        )


def too_short(material: Material) -> Iterator[Paragraph]:
    """Say that the best trial was still improving when it ended.

    Args:
        material: of the report.

    Yields:
        A sentence.
    """
    if is_still_improving(material) and material.summary.best is not None:
        spec, result = material.summary.best
        yield Paragraph(
            text=f"The best epoch of the best trial was its last ({result.best_epoch} of "
            f"{spec.until_epoch}): it was still improving. Longer trials may be better, and rank otherwise.",
            tone="note",
        )


def is_still_improving(material: Material) -> bool:
    """Whether the best trial's best epoch was its last.

    Args:
        material: of the report.
    """
    best = material.summary.best
    return best is not None and 1 < best[0].until_epoch == best[1].best_epoch


def stopped_ahead(material: Material) -> Iterator[Paragraph]:
    """Name a trial that was stopped or cut while it was better than the best.

    Args:
        material: of the report.

    Yields:
        A sentence with the command that goes on with it.
    """
    if material.state != "running" and material.summary.ahead_told:
        yield Paragraph(
            text=f"{material.summary.ahead_told}. Go on with it: `{resume_command(material)}`.",
            tone="warning",
        )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
