"""How the best model does by class and by frame."""

from collections.abc import Sequence

from sweep import evaluation
from sweep.evaluation import ClassFigures, Evaluation
from sweep.report.blocks import Block, Cell, Gallery, Paragraph, Picture, Plot, Section, Table
from sweep.report.material import Material
from sweep.report.words import score

MAIN = {"segmentation": "iou", "detection": "f1_50"}
MOST_CONFUSED = 40
_TITLES = {
    "iou": "IoU",
    "dice": "Dice",
    "precision": "precision",
    "recall": "recall",
    "precision_50": "precision",
    "recall_50": "recall",
    "f1_50": "F1 at IoU 0.5",
    "map_50": "AP at IoU 0.5",
    "map": "AP 0.5 to 0.95",
}


def by_class(material: Material) -> Section:
    """Figures of each class, and what is taken for what.

    Args:
        material: of the report.

    Returns:
        A table with the best and the worst class marked, a plot of it, and the confusion matrix.
    """
    found = material.evaluation
    if not found.classes:
        return Section(key="classes", title="By class", blocks=(_nothing(found),))
    main = MAIN.get(found.task, "")
    blocks: list[Block] = [_ranking(found.classes, main), _table(found.classes, main, task=found.task)]
    for name, alt, width_px in (
        ("classes", "figures of each class as bars", 0),
        ("confusion", "how often each true class was taken for each other one", 520),
    ):
        if name in material.figures.by_name:
            blocks.append(
                Plot(
                    key=name,
                    alt=f"Plot: {alt}",
                    figure=material.figures.by_name[name],
                    title=material.figures.titles.get(name, ""),
                    width_px=width_px,
                )
            )
        elif name == "confusion" and evaluation.CONFUSION in material.pictures:
            picture = Picture(source=material.pictures[evaluation.CONFUSION], alt="Confusion matrix")
            blocks.append(Gallery(pictures=(picture,), is_wide=True))
        elif why := material.figures.missing.get(name):
            blocks.append(Paragraph(text=f"Not shown: {why}.", tone="note"))
    return Section(key="classes", title="By class", blocks=tuple(blocks))


def frames(material: Material) -> Section:
    """The best and the worst frames.

    Args:
        material: of the report.

    Returns:
        Pictures with truth and prediction side by side.
    """
    found, blocks = material.evaluation, list[Block]()
    for group, words in (("worst", "Worst"), ("best", "Best")):
        chosen = sorted((one for one in found.frames if one.group == group), key=lambda one: one.rank)
        pictures = tuple(
            Picture(
                source=material.pictures[one.picture],
                alt=f"{words} frame {one.rank}, {one.name}: truth beside prediction",
                caption=f"{one.rank}. {one.name}: {score(one.score)}",
            )
            for one in chosen
            if one.picture in material.pictures
        )
        if pictures:
            blocks += [Paragraph(text=f"{words} frames, the {group} first:"), Gallery(pictures=pictures)]
    if not blocks and evaluation.MONTAGE in material.pictures:
        picture = Picture(source=material.pictures[evaluation.MONTAGE], alt="Best and worst frames")
        blocks.append(Gallery(pictures=(picture,), is_wide=True))
    if blocks:
        what = "F1 at IoU 0.5" if found.task == "detection" else "mean IoU"
        blocks.insert(0, Paragraph(text=_about_frames(found, what)))
    return Section(key="frames", title="Best and worst frames", blocks=tuple(blocks) or (_nothing(found),))


def _about_frames(found: Evaluation, score_name: str) -> str:
    text = (
        "Each picture is a frame, its truth and the prediction, from left to right; click to enlarge it. The "
        f"number is {score_name} of that frame alone. The worst ones say what to label next."
    )
    if found.frames_differ:
        return f"{text} Of frames that look alike only one is shown, as long as there are others."
    return f"{text} They were chosen by score alone: neighbours of one scene may stand beside each other."


def _nothing(found: Evaluation) -> Paragraph:
    return Paragraph(
        text=f"Not shown: {found.reason or 'the best trial was not evaluated image by image'}.", tone="note"
    )


def _ranking(classes: Sequence[ClassFigures], main: str) -> Paragraph:
    ranked = _ranked(classes, main)
    never = [one.name for one in ranked if not one.figures[main]]
    absent = [one.name for one in classes if main not in one.figures]
    text = ""
    if len(ranked) > 1:
        text = (
            f"Best: {ranked[0].name} ({_TITLES[main]} {score(ranked[0].figures[main])}). "
            f"Worst: {ranked[-1].name} ({score(ranked[-1].figures[main])})."
        )
    if never:
        text += f" Never right: {', '.join(never)}."
    if absent:
        text += f" Not defined for {', '.join(absent)}: no such thing in the truth nor in the answers."
    return Paragraph(text=text.strip() or "One class only.")


def _ranked(classes: Sequence[ClassFigures], main: str) -> list[ClassFigures]:
    return sorted((one for one in classes if main in one.figures), key=lambda one: -one.figures[main])


def _table(classes: Sequence[ClassFigures], main: str, *, task: str) -> Table:
    names = list(dict.fromkeys(name for one in classes for name in one.figures))
    ranked = _ranked(classes, main)
    marks = {ranked[0].name: "best", ranked[-1].name: "worst"} if len(ranked) > 1 else {}
    whole = sum(one.n_true for one in classes) or 1
    counted = "pixels" if task == "segmentation" else "objects"
    rows = tuple(
        (
            Cell(text=one.name, mark=marks.get(one.name, "")),
            *(Cell(text=score(one.figures.get(name)), number=one.figures.get(name, -1.0)) for name in names),
            Cell(text=f"{one.n_true:,}", number=one.n_true),
            Cell(text=f"{one.n_true / whole:.1%}", number=one.n_true),
        )
        for one in classes
    )
    heads = ("class", *(_TITLES.get(name, name) for name in names), f"true {counted}", "share")
    return Table(caption="Figures of each class on the validation split", heads=heads, rows=rows)
