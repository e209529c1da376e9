"""The embedded demo: frames of a taped track, drawn on the spot from seeds. Nothing is downloaded.

One scene serves both tasks: masks with five classes, boxes around cones and cars.
"""

from collections.abc import Mapping
from functools import partial

from rccar_models.formats.definition import FormatDef
from rccar_models.formats.demo.track import CLASSES, DRAWING_VERSION, OBJECT_CLASSES, draw_frame
from rccar_models.formats.tree import Tree
from rccar_models.samples import DataIndex, Frame, Sample, Thing
from rccar_models.seeding import derived_seed

NAME = "demo"

# Boxes need more frames than masks: a frame holds some thousand labelled pixels but two or three boxes.
_N_FRAMES: Mapping[str, Mapping[str, int]] = {
    "segmentation": {"train": 160, "val": 48, "test": 48},
    "detection": {"train": 240, "val": 64, "test": 64},
}


def _index(_tree: Tree, task: str) -> DataIndex:
    splits = {
        split: tuple(_sample(task, split, number) for number in range(n_frames))
        for split, n_frames in _N_FRAMES[task].items()
    }
    classes = CLASSES if task == "segmentation" else OBJECT_CLASSES
    return DataIndex(source=NAME, format=NAME, task=task, classes=classes, splits=splits)


def _sample(task: str, split: str, number: int) -> Sample:
    seed = derived_seed("demo", split, number)
    return Sample(
        name=f"{split}/{number:04d}",
        read=partial(_read, task, seed),
        key=f"drawing {DRAWING_VERSION}, seed {seed}",
    )


def _read(task: str, seed: int) -> Frame:
    drawn = draw_frame(seed)
    if task == "segmentation":
        return Frame(image=drawn.image, mask=drawn.mask)
    things = tuple(
        Thing(where=f"object {number}", class_id=class_id, box=(x1, y1, x2, y2))
        for number, (class_id, (x1, y1, x2, y2)) in enumerate(
            zip(drawn.labels.tolist(), drawn.boxes.tolist(), strict=True), start=1
        )
    )
    return Frame(image=drawn.image, boxes=drawn.boxes, labels=drawn.labels, things=things)


FORMAT = FormatDef(
    name=NAME,
    tasks=("segmentation", "detection"),
    recognises=lambda _tree: False,  # it is asked for by name, never found in a folder
    index=_index,
    text="drawn on the spot: a taped track with cones and cars; --data demo",
)
