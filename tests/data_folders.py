"""Small data sets on disk, written by hand, so that a test can break one thing in them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rccar_models.faults import Fault
from rccar_models.formats.demo.track import CLASSES, draw_frame
from rccar_models.seeding import derived_seed

ON_SMALL_TRACK = (
    "--task",
    "segmentation",
    "--data",
    "track",
    "--space",
    "demo_segmentation",
    "--epochs",
    "4",
)
ON_SMALL_TRACK += ("--set", "batch_size=4", "--set", "lr=0.03")
"""A sweep beside `small_track("track")`: enough steps for a model that tells classes apart."""
SIZE = (8, 6)
"""(width, height) of every picture."""


def as_lines(faults: Sequence[Fault]) -> tuple[str, ...]:
    """What users read of them."""
    return tuple(map(str, faults))


def write_image(
    path: Path, *, size: tuple[int, int] = SIZE, colour: tuple[int, int, int] = (9, 99, 199)
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def write_mask(
    path: Path, ids: Sequence[Sequence[int]] | None = None, *, size: tuple[int, int] = SIZE
) -> Path:
    """Write class ids; without `ids` the left half is 0, the right half 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros(size[::-1], np.uint8)
    values[:, size[0] // 2 :] = 1
    Image.fromarray(values if ids is None else np.asarray(ids, np.uint8)).save(path)
    return path


def mask_set(root: Path, *, n_frames: Mapping[str, int] | None = None) -> Path:
    """images/<split>, masks/<split> and classes.txt with floor and road; every picture has its own colour."""
    for split, count in (n_frames or {"train": 3, "val": 2}).items():
        for number in range(count):
            colour = (number, len(split), 50)
            write_image(root / "images" / split / f"{number}.png", colour=colour)
            write_mask(root / "masks" / split / f"{number}.png")
    (root / "classes.txt").write_text("0 floor\n1 road\n")
    return root


def small_track(root: Path, *, n_frames: Mapping[str, int] | None = None) -> Path:
    """A few frames of the demo's track as a user's mask set: a tenth of the demo's work, and as learnable."""
    for split, count in (n_frames or {"train": 16, "val": 8}).items():
        for number in range(count):
            drawn = draw_frame(derived_seed("small track", split, number))
            for folder, pixels in (("images", drawn.image), ("masks", drawn.mask)):
                file = root / folder / split / f"{number}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(file)
    (root / "classes.txt").write_text("".join(f"{id_} {name}\n" for id_, name in enumerate(CLASSES)))
    return root


def yolo_set(root: Path, *, lines: Mapping[str, str] | None = None) -> Path:
    """Two training frames and one of validation, each with a cone in its middle unless `lines` says else."""
    text = {"train/a": "0 0.5 0.5 0.5 0.5", "train/b": "1 0.5 0.5 0.25 0.5", "val/c": "0 0.5 0.5 0.5 0.5"}
    for number, (stem, label) in enumerate((text | dict(lines or {})).items()):
        write_image(root / "images" / f"{stem}.png", colour=(number, 1, 1))
        path = root / "labels" / f"{stem}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{label}\n" if label else "")
    (root / "classes.txt").write_text("cone\ncar\n")
    return root


def coco_object(**changes: Any) -> dict[str, Any]:
    """A box of 4x2 pixels at (2, 1), outlined, category 1, in image 0."""
    corners = [2, 1, 6, 1, 6, 3, 2, 3]
    values = {"id": 7, "image_id": 0, "category_id": 1, "bbox": [2, 1, 4, 2], "iscrowd": 0}
    return values | {"segmentation": [corners]} | changes


def coco_json(*objects: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """One image, `0.png`, with one object unless others are given; Roboflow's super-category is id 0."""
    numbered = [{**one, "id": one["id"] + number} for number, one in enumerate(objects)]
    content: dict[str, Any] = {
        "images": [{"id": 0, "file_name": "0.png", "width": SIZE[0], "height": SIZE[1]}],
        "categories": [
            {"id": 0, "name": "things", "supercategory": "none"},
            {"id": 1, "name": "cone", "supercategory": "things"},
            {"id": 2, "name": "car", "supercategory": "things"},
        ],
        "annotations": numbered or [coco_object()],
    }
    return content | changes


def coco_set(
    root: Path, *, train: Mapping[str, Any] | str | None = None, valid: Mapping[str, Any] | None = None
) -> Path:
    """Roboflow's layout with one frame in train and one in valid."""
    for split, content in (("train", train), ("valid", valid)):
        write_image(root / split / "0.png", colour=(len(split), 1, 1))
        text = content if isinstance(content, str) else json.dumps(content or coco_json())
        (root / split / "_annotations.coco.json").write_text(text)
    return root


CONE = ((2, 1), (6, 1), (6, 3), (2, 3))
"""Corners of a box of 4x2 pixels at (2, 1)."""


def labelme_shape(label: object = "cone", points: object = CONE, kind: object = "polygon") -> dict[str, Any]:
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}}


def labelme_json(*shapes: Any, image: str = "a.png", **changes: Any) -> dict[str, Any]:
    """As LabelMe 5 writes it, with one cone unless other shapes are given."""
    size = {"imageData": None, "imageHeight": SIZE[1], "imageWidth": SIZE[0]}
    found = list(shapes) or [labelme_shape()]
    return {"version": "5.5.0", "flags": {}, "shapes": found, "imagePath": image, **size, **changes}


def percent_json(*labels: Any, **changes: Any) -> dict[str, Any]:
    """The earlier tool's variant, with the same cone: corners in percent of the image."""
    corners = [[100 * x / SIZE[0], 100 * y / SIZE[1]] for x, y in CONE]
    return {"labels": list(labels) or [{"label": "cone", "points": corners}], **changes}


def write_json(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def labelme_set(
    root: Path, *, a: object = None, places: tuple[str, str] = ("images_all", "labels_all"), **others: object
) -> Path:
    """The merged layout: frame a in train, b in val, each with a cone; classes.txt with cone and car."""
    contents = {"a": a, "b": None, **others}
    for number, (stem, content) in enumerate(contents.items()):
        write_image(root / places[0] / f"{stem}.png", colour=(number, 3, 1))
        write_json(root / places[1] / f"{stem}.json", content or labelme_json(image=f"{stem}.png"))
    (root / places[1] / "classes.txt").write_text("0 cone\n1 car\n")
    return split_lists(root, train=["a.png"], val=["b.png"])


def split_lists(root: Path, **lines: Sequence[str]) -> Path:
    """splits/train.txt and the like, a name a line."""
    (root / "splits").mkdir(parents=True, exist_ok=True)
    for split, names in lines.items():
        (root / "splits" / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
    return root


def voc_object(name: str = "cone", box: Sequence[object] = (2, 1, 6, 3), more: str = "") -> str:
    """An <object> with its <bndbox>; what is in `more` stands behind its name."""
    corners = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    bounds = "".join(f"<{tag}>{value}</{tag}>" for tag, value in corners)
    return f"<object><name>{name}</name>{more}<bndbox>{bounds}</bndbox></object>"


def voc_xml(*objects: str, size: tuple[int, int] = SIZE, filename: str = "") -> str:
    """An annotation: the size in line 2, an object in each line from 3 on, one cone unless others come."""
    head = f"<annotation><filename>{filename}</filename>"
    sides = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    return "\n".join([head, sides, *(objects or [voc_object()]), "</annotation>"])


def voc_set(root: Path, *, xml: Mapping[str, str] | None = None, splits: bool = True) -> Path:
    """JPEGImages/, Annotations/ and ImageSets/Main: a, b for training and c for validation."""
    for number, stem in enumerate("abc"):
        write_image(root / "JPEGImages" / f"{stem}.png", colour=(number, 2, 2))
        path = root / "Annotations" / f"{stem}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((xml or {}).get(stem, voc_xml(filename=f"{stem}.png")), encoding="utf-8")
    if splits:
        write_lists(root / "ImageSets" / "Main", train="a\nb\n", val="c\n")
    return root


def write_lists(folder: Path, **lists: str) -> None:
    """One file for each split."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, text in lists.items():
        (folder / f"{split}.txt").write_text(text)


def ls_result(kind: str = "rectanglelabels", label: str = "cone", **value: Any) -> dict[str, Any]:
    """A region of Label Studio: a rectangle of 4x2 pixels at (2, 1) in 8x6 unless `value` says else."""
    place = value or {"x": 25, "y": 100 / 6, "width": 50, "height": 200 / 6, "rotation": 0}
    head = {"id": "r1", "from_name": "label", "to_name": "image", "type": kind}
    size = {"original_width": SIZE[0], "original_height": SIZE[1], "image_rotation": 0}
    return head | size | {"value": place | {kind: [label]}}


def ls_task(number: int, image: str, *results: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A task with one annotation; without results it was submitted empty."""
    annotation = {"id": 10 + number, "was_cancelled": False, "result": list(results)}
    return {"id": number, "annotations": [annotation], "data": {"image": image}, "predictions": []} | changes


def ls_set(root: Path, tasks: object = None, *, name: str = "project-1-at-2024-05-01.json") -> Path:
    """images/train/a, b and images/val/c, each with one cone in an export at the root."""
    for number, stem in enumerate(("train/a", "train/b", "val/c")):
        write_image(root / "images" / f"{stem}.png", colour=(number, 3, 3))
    if tasks is None:
        uploads = enumerate(("1a2b3c4d-a.png", "1a2b3c4d-b.png", "c.png"), start=1)
        tasks = [ls_task(number, f"/data/upload/1/{file}", ls_result()) for number, file in uploads]
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tasks if isinstance(tasks, str) else json.dumps(tasks))
    return root


def ls_tasks(*results: Mapping[str, Any], **changes: Any) -> list[dict[str, Any]]:
    """Three tasks, the first with the results given, the others with a cone; changes are of the first."""
    others = [ls_task(number, f"{stem}.png", ls_result()) for number, stem in ((2, "b"), (3, "c"))]
    return [ls_task(1, "a.png", *results, **changes), *others]


def ls_outlines(*results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Three tasks, the first with the results given, the others with the left half outlined."""
    half = ls_result("polygonlabels", points=[[0, 0], [50, 0], [50, 100], [0, 100]])
    others = [ls_task(number, f"{stem}.png", half) for number, stem in ((2, "b"), (3, "c"))]
    return [ls_task(1, "a.png", *results), *others]
