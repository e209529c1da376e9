"""Small data sets on disk, written by hand, so that a test can break one thing in them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = (8, 6)
"""(width, height) of every picture."""


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
    content: dict[str, Any] = {
        "images": [{"id": 0, "file_name": "0.png", "width": SIZE[0], "height": SIZE[1]}],
        "categories": [
            {"id": 0, "name": "things", "supercategory": "none"},
            {"id": 1, "name": "cone", "supercategory": "things"},
            {"id": 2, "name": "car", "supercategory": "things"},
        ],
        "annotations": list(objects) or [coco_object()],
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
