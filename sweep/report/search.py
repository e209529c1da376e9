"""How the search went: history, importance, maps of the parameters, curves, and whether pruning was right."""

from collections.abc import Iterator

from sweep.records import Status
from sweep.report.blocks import Block, Paragraph, Plot, Section
from sweep.report.material import Material
from sweep.report.pruning import PruningFacts, Rival, pruning_facts
from sweep.report.words import listed, number_of, span

WIDE_PX = 720
FEWEST_FOR_A_LINE = 2
"""Complete trials from which on the best so far is a line."""


def searching(material: Material) -> list[Section]:
    """Everything about the search itself.

    Args:
        material: of the report.

    Returns:
        History, importance, maps, curves with pruning.
    """
    metric = material.metric
    return [
        _plotted(
            material,
            "history",
            "History",
            [("history", f"{metric} of each trial in the order of the trials, with the best so far", 0)],
            before=_about_history(material),
        ),
        _plotted(
            material,
            "importance",
            "What mattered",
            [("importance", f"how much of the differences in {metric} each parameter explains", 0)],
            before=f"How much of the differences in {metric} each parameter explains. With few trials this "
            "is a hint, not a measurement.",
        ),
        _plotted(
            material,
            "maps",
            "Where the good values are",
            [
                ("parallel", "each trial as a line through its parameters, coloured by its score", WIDE_PX),
                ("slices", "the score over each parameter, a dot a trial", WIDE_PX),
                ("contour", "the score over pairs of the parameters that mattered most", WIDE_PX),
            ],
            before="Each trial as a line through its parameters, then the score over each parameter by "
            "itself, then over pairs of those that mattered most.",
        ),
        _curves(material),
    ]


def _about_history(material: Material) -> str:
    if len(material.having(Status.COMPLETE)) < FEWEST_FOR_A_LINE:
        return "Each mark is a trial, at its value or its best epoch's."
    return (
        "Each mark is a trial, the line is the best so far. A line that is flat for long says that more "
        "trials of this space will hardly help."
    )


def _plotted(
    material: Material, key: str, title: str, plots: list[tuple[str, str, int]], *, before: str
) -> Section:
    found = [
        Plot(
            key=name,
            alt=f"Plot: {alt}",
            figure=material.figures.by_name[name],
            title=material.figures.titles.get(name, ""),
            width_px=width_px,
        )
        for name, alt, width_px in plots
        if name in material.figures.by_name
    ]
    # Several that are missing for one reason are one piece of news.
    reasons = dict.fromkeys(
        material.figures.missing.get(name, "this plot could not be made")
        for name, _, _ in plots
        if name not in material.figures.by_name
    )
    blocks: list[Block] = [Paragraph(text=before)] if found else []
    blocks += [*found, *(Paragraph(text=f"Not shown: {why}.", tone="note") for why in reasons)]
    return Section(key=key, title=title, blocks=tuple(blocks))


def _curves(material: Material) -> Section:
    facts = pruning_facts(material.trials, material.record.objective)
    plots = _plotted(
        material,
        "curves",
        "Curves, and whether pruning was right",
        [("curves", f"{material.metric} by epoch, of complete and pruned trials", 0)],
        before=f"{material.metric} by epoch of every trial, those that ran to their end and those that were "
        "cut.",
    )
    judged = _judged(facts, str(material.config.get("pruner")))
    told = (Paragraph(text=text, tone=tone) for text, tone in judged)
    return Section(key=plots.key, title=plots.title, blocks=(*told, *plots.blocks))


def _judged(facts: PruningFacts, pruner: str) -> Iterator[tuple[str, str]]:
    if not facts.n_pruned:
        why = " (--pruner none)" if pruner == "none" else ""
        yield f"No trial was pruned{why}.", ""
        return
    yield (
        f"{number_of(facts.n_pruned, 'trial')} ended early, which saved about {span(facts.saved_s)} of "
        f"training on top of the {span(facts.spent_s)} spent: {facts.share:.0%} of what all of them would "
        "have taken.",
        "",
    )
    if not facts.n_judged:
        yield "No complete trial has a value where they ended: whether that was right is open.", "note"
        return
    if facts.ahead:
        yield (
            f"{_named(facts.ahead)} {_was(facts.ahead)} ahead of the later best trial at the same epoch: "
            "pruning may have cost a rival. Try --pruner patient, or none.",
            "warning",
        )
    if facts.near:
        they = "it" if len(facts.near) == 1 else "they"
        yield (
            f"{_named(facts.near)} {_was(facts.near)} among the best quarter at the epoch where {they} "
            "ended: close, but behind the later best trial.",
            "note",
        )
    if not facts.ahead and not facts.near:
        whom = "it was not" if facts.n_judged == 1 else f"none of {facts.n_judged} was"
        yield (
            f"By its last value {whom} among the best quarter of the complete trials at the same epoch: "
            "pruning was right, as far as that can be seen.",
            "",
        )


def _named(rivals: tuple[Rival, ...]) -> str:
    told = (
        f"{one.run_name} ({one.value:.4f}, the best {one.standing:.4f}, epoch {one.epoch})" for one in rivals
    )
    return listed([*told], most=3)


def _was(rivals: tuple[Rival, ...]) -> str:
    return "was" if len(rivals) == 1 else "were"
