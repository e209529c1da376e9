"""Names in figures: short, and as different as the classes and runs that they name."""

import pytest

from sweep.evaluation import ClassFigures, Evaluation
from sweep.figures.classes import class_bars, class_radar
from sweep.figures.confusion import confusion_matrix
from sweep.figures.theme import distinct

LANES = ("lane_marking_solid", "lane_marking_dashed", "road", "lane_marking_dotted_white_left",
         "lane_marking_dotted_white_right")  # fmt: skip
SWEEP = "a-sweep-with-a-name-that-is-longer-than-a-legend"


def an_evaluation(*names: str) -> Evaluation:
    classes = tuple(ClassFigures(name=name, n_true=1, figures={"iou": 0.5}) for name in names)
    cells = tuple(tuple(int(row == column) for column in range(len(names))) for row in range(len(names)))
    return Evaluation(
        trial_uid="u", task="segmentation", classes=classes, confusion=cells, confusion_names=names
    )


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("road", "a long name"), ["road", "a long …"]),
        (("lanes_m_solid", "lanes_m_dashed"), ["lane…lid", "lane…hed"]),
        (("xx_yyyy_1_tail", "xx_yyyy_2_tail"), ["…_1_tail", "…_2_tail"]),
        (("xx_yyyy_1_longtail", "xx_yyyy_2_longtail"), ["xx_yyyy…", "xx_yyyy… 2"]),
        (("a", "a", "a 2"), ["a", "a 2", "a 2 2"]),
        (("<b>", "&"), ["&lt;b&gt;", "&amp;"]),
        ((), []),
    ],
)
def test_names_are_cut_where_it_tells_them_apart(names: tuple[str, ...], shown: list[str]) -> None:
    assert distinct(names, 8) == shown


def test_runs_keep_the_end_of_their_names() -> None:
    names = [f"{SWEEP} / trial-{number:03}" for number in (7, 8)]
    alike = [4 * letter + 9 * "x" + "07" for letter in "ab"]
    assert distinct(alike, 8, keeps_end=True) == ["aaaa…x07", "bbbb…x07"]
    assert distinct(names, 14, keeps_end=True) == ["…d / trial-007", "…d / trial-008"]


def test_every_class_has_a_bar_a_spoke_and_a_row_of_its_own() -> None:
    evaluation = an_evaluation(*LANES)
    (bars,) = class_bars({"a": evaluation}, "iou").data
    assert len(set(bars.y)) == len(LANES)
    (radar,) = class_radar({"a": evaluation}, "iou").data
    assert len(set(radar.theta)) == len(LANES)
    assert len(radar.theta) == len(LANES) + 1  # and back to the first
    (cells,) = confusion_matrix(evaluation, normalised=False).data
    assert len(set(cells.x)) == len(LANES)


@pytest.mark.parametrize("draw", [class_bars, class_radar])
def test_trials_of_a_sweep_with_a_long_name_are_a_trace_each(draw: object) -> None:
    runs = {f"{SWEEP} / trial-{number:03}": an_evaluation(*LANES) for number in (7, 8)}
    figure = draw(runs, "iou")  # type: ignore[operator]
    assert [trace.name[-9:] for trace in figure.data] == ["trial-007", "trial-008"]
    assert all(trace.name[0] == "…" and len(trace.name) <= 40 for trace in figure.data)


def test_a_class_has_one_name_over_all_runs() -> None:
    runs = {"a": an_evaluation(*LANES), "b": an_evaluation(*reversed(LANES))}
    first, second = class_bars(runs, "iou").data
    assert set(first.y) == set(second.y)
