"""Label Studio: JSON that is no export, and anything that has the outer shape of one."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rccar_models.errors import DataError
from rccar_models.faults import Fault
from rccar_models.formats import open_data, scan_data
from rccar_models.samples import DataIndex, Sample
from tests.data_folders import ls_result, ls_set, ls_task

BRUSH = [0, 0, 0, 192, 57, 27, 254, 39, 0, 191, 255, 124]
"""A brush code that is cut off."""


def opened(root: Path, task: str = "detection") -> DataIndex:
    return open_data(str(root), task)


def faults_of(root: Path, task: str = "detection") -> str:
    with pytest.raises(DataError) as caught:
        opened(root, task)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"annotations": [], "data": {}},\n x]', "json:2:2: not valid JSON"),
        ('[{"annotations": [{"result": [NaN]}]}]', "json:1:31: NaN is not a number"),
        ('[{"id": 1, "id": 2, "annotations": [], "data": {}}]', "the key 'id' stands twice"),
        ('[{"annotations": [], "data": {}, "x": ' + "[" * 100_000, "nested too deeply"),
        (
            '[{"annotations": 3, "completed_by": 1, "data": {}}, {"annotations": [], "result": 1}, 7]',
            "entry 3",
        ),
    ],
)
def test_json_that_is_no_export_is_refused_by_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults_of(ls_set(tmp_path, text))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)
NUMBERS = st.one_of(st.floats(-150, 250), SCALARS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KINDS = st.sampled_from(
    ["rectanglelabels", "polygonlabels", "brushlabels", "labels", "ellipselabels", "rectangle"]
)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects that have some of these keys, each with what belongs there or with anything."""
    return st.fixed_dictionaries({}, optional={key: value | ANYTHING for key, value in fields.items()})


NAMES = st.lists(st.sampled_from(["cone", "car"]) | SCALARS, max_size=2)
PLACE: dict[str, st.SearchStrategy[Any]] = {
    "x": NUMBERS,
    "y": NUMBERS,
    "width": NUMBERS,
    "height": NUMBERS,
    "rotation": NUMBERS,
    "points": st.lists(st.lists(NUMBERS, max_size=3), max_size=5),
    "rle": st.lists(st.integers(0, 255), max_size=30) | st.just(BRUSH),
    "rectanglelabels": NAMES,
    "polygonlabels": NAMES,
    "brushlabels": NAMES,
    "labels": NAMES,
}
RESULT = some(id=SCALARS, type=KINDS, value=some(**PLACE), original_width=st.just(8), image_rotation=NUMBERS)
ANNOTATION = some(id=SCALARS, result=st.lists(RESULT, max_size=3), was_cancelled=st.booleans())
ADDRESS = st.sampled_from(["a.png", "s3://x/b.png", "http://[", "?"]) | st.text(max_size=5)
TASK = some(
    id=SCALARS,
    data=some(image=ADDRESS),
    image=ADDRESS,
    annotations=st.lists(ANNOTATION, max_size=2),
    label=st.lists(some(**PLACE), max_size=3),
)


def faults_of_frame(sample: Sample) -> tuple[Fault, ...]:
    try:
        sample.read()
    except DataError as error:
        return error.faults
    return ()


@settings(max_examples=150, deadline=None)
@given(found=st.lists(TASK | ANYTHING, max_size=4))
def test_any_json_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, found: list[object]
) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    start = ls_task(3, "c.png", ls_result())
    ls_set(root, [start, *found])
    for task in ("detection", "segmentation"):
        index = scan_data(str(root), task, "label_studio")
        for sample in (sample for kept in index.splits.values() for sample in kept):
            assert all(fault.object.startswith("task ") for fault in faults_of_frame(sample))
