"""What a report says of pruning: what it saved, and what can and cannot be said of whether it was right."""

from collections.abc import Iterator

from sweep.report.blocks import Paragraph
from sweep.report.material import Material
from sweep.report.pruning import FEWEST_COMPLETE, PruningFacts, Rival, pruning_facts
from sweep.report.sparse import never_complete
from sweep.report.words import listed, number_of, span


def pruning_told(material: Material) -> Iterator[Paragraph]:
    """Judge pruning in words.

    Args:
        material: of the report.

    Yields:
        What it saved, then what speaks against it, then what is open.
    """
    facts = pruning_facts(material.trials, material.record.objective)
    if not facts.n_pruned:
        why = " (--pruner none)" if material.config.get("pruner") == "none" else ""
        yield Paragraph(text=f"No trial was pruned{why}.")
        return
    yield Paragraph(
        text=f"{number_of(facts.n_pruned, 'trial')} ended early, which saved about {span(facts.saved_s)} of "
        f"training on top of the {span(facts.spent_s)} spent: {facts.share:.0%} of what all of them would "
        "have taken."
    )
    if facts.ahead:
        yield Paragraph(
            text=f"{_named(facts.ahead)} {_was(facts.ahead)} ahead of the later best trial at the same "
            "epoch: pruning may have cost a rival. Try --pruner patient, or none.",
            tone="warning",
        )
    for one in never_complete(material):
        yield Paragraph(
            text=f"All {one.n_pruned} trials with {one.name} {one.value} were pruned: how good it is at its "
            "end is not known. It may start slowly and overtake.",
            tone="warning",
        )
    if facts.late is not None:
        late = facts.late
        yield Paragraph(
            text=f"The best trial itself was behind at epoch {late.epoch}, where others were cut: "
            f"{late.run_name} had {late.value:.4f}, and the best quarter of the {facts.n_complete} complete "
            f"trials began at {late.standing:.4f}. Another late one may have been lost.",
            tone="note",
        )
    yield from _verdict(facts)


def _verdict(facts: PruningFacts) -> Iterator[Paragraph]:
    if not facts.n_judged:
        text = "No complete trial has a value where they ended: whether that was right is open."
        yield Paragraph(text=text, tone="note")
    elif facts.n_complete < FEWEST_COMPLETE:
        count = number_of(facts.n_complete, "trial")
        text = (
            f"Whether pruning was right cannot be said: {count} completed, and {FEWEST_COMPLETE} are needed "
            "to compare with their best quarter."
        )
        yield Paragraph(text=text, tone="note")
    elif facts.near:
        they = "it" if len(facts.near) == 1 else "they"
        text = (
            f"{_named(facts.near)} {_was(facts.near)} among the best quarter at the epoch where {they} "
            "ended: close, but behind the later best trial."
        )
        yield Paragraph(text=text, tone="note")
    elif not facts.ahead:
        whom = "the pruned trial was not" if facts.n_judged == 1 else f"none of {facts.n_judged} was"
        text = (
            f"By its last value {whom} among the best quarter of the {facts.n_complete} complete trials at "
            "the same epoch: nothing speaks against pruning. How those that were cut would have ended, "
            "nobody knows."
        )
        yield Paragraph(text=text)


def _named(rivals: tuple[Rival, ...]) -> str:
    told = (
        f"{one.run_name} ({one.value:.4f}, the best {one.standing:.4f}, epoch {one.epoch})" for one in rivals
    )
    return listed([*told], most=3)


def _was(rivals: tuple[Rival, ...]) -> str:
    return "was" if len(rivals) == 1 else "were"
