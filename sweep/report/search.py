"""How the search went: history, importance, maps of the parameters, curves, and whether pruning was right."""

from sweep.records import Status
from sweep.report.blocks import Block, Paragraph, Plot, Section
from sweep.report.material import Material
from sweep.report.pruning_told import pruning_told
from sweep.report.sparse import never_complete
from sweep.report.words import listed

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
    pairs = ", then over pairs of those that mattered most" if "contour" in material.figures.by_name else ""
    return [
        _plotted(
            material,
            "history",
            "History",
            [("history", f"{metric} of each trial in the order of the trials, with the best so far", 0)],
            before=_about_history(material),
        ),
        _mattered(material),
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
            f"itself{pairs}.",
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


def _mattered(material: Material) -> Section:
    found = _plotted(
        material,
        "importance",
        "What mattered",
        [("importance", f"how much of the differences in {material.metric} each parameter explains", 0)],
        before=f"How much of the differences in {material.metric} each parameter explains, among complete "
        "trials. With few of them this is a hint, not a measurement.",
    )
    absent = never_complete(material)
    if not absent:
        return found
    text = (
        f"Nothing is known of {listed([str(one) for one in absent])}: only complete trials are compared, "
        "and which of them completed may have mattered more than anything shown here."
    )
    return Section(
        key=found.key, title=found.title, blocks=(Paragraph(text=text, tone="note"), *found.blocks)
    )


def _curves(material: Material) -> Section:
    plots = _plotted(
        material,
        "curves",
        "Curves, and whether pruning was right",
        [("curves", f"{material.metric} by epoch, of complete and pruned trials", 0)],
        before=f"{material.metric} by epoch of every trial, those that ran to their end and those that were "
        "cut.",
    )
    return Section(key=plots.key, title=plots.title, blocks=(*pruning_told(material), *plots.blocks))
