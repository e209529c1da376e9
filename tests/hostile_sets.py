"""A small valid data set of every format, and of its variants, for tests that damage them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco_masks

from tests.data_folders import (
    SIZE,
    coco_json,
    coco_object,
    coco_set,
    labelme_json,
    labelme_set,
    labelme_shape,
    ls_result,
    ls_set,
    ls_tasks,
    mask_set,
    percent_json,
    voc_object,
    voc_set,
    voc_xml,
    write_image,
    write_mask,
    yolo_set,
)


def _colour_set(root: Path) -> None:
    for split in ("train", "val"):
        write_image(root / split / "a.png", colour=(len(split), 0, 0))
        colours = np.zeros((*SIZE[::-1], 3), np.uint8)
        colours[:, 4:] = (128, 64, 128)
        (root / f"{split}_labels").mkdir()
        Image.fromarray(colours).save(root / f"{split}_labels" / "a_L.png")
    (root / "class_dict.csv").write_text("name,r,g,b\nvoid,0,0,0\nroad,128,64,128\n")


def _roboflow_masks(root: Path) -> None:
    for split in ("train", "valid"):
        write_image(root / split / "a.jpg", colour=(len(split), 0, 0))
        write_mask(root / split / "a_mask.png")
        (root / split / "_classes.csv").write_text("Pixel Value, Class\n0, floor\n1, road\n")


def _coco_codes(root: Path) -> None:
    truth = np.zeros(SIZE[::-1], np.uint8)
    truth[2:5, 1:4] = 1
    code = {"size": [6, 8], "counts": coco_masks.encode(np.asfortranarray(truth))["counts"].decode()}
    runs = {"size": [6, 8], "counts": [8, 3, 3, 3, 3, 3, 25]}
    content = coco_json(
        coco_object(segmentation=code), coco_object(segmentation=runs, bbox=None), coco_object()
    )
    coco_set(root, train=content, valid=content)


def _yolo_yaml(root: Path) -> None:
    yolo_set(root, lines={"train/a": "0 0.1 0.1 0.9 0.1 0.9 0.9\n1 0.5 0.5 0.5 0.5"})
    (root / "classes.txt").unlink()
    (root / "train.txt").write_text("./images/train/a.png\nimages/train/b.png\n")
    (root / "data.yaml").write_text(
        "path: .\ntrain: train.txt\nval: [images/val]\nnc: 2\nnames: [cone, car]\n"
    )


def _darknet(root: Path) -> None:
    for number, stem in enumerate(("a", "b")):
        write_image(root / "obj" / f"{stem}.png", colour=(number, 0, 0))
        (root / "obj" / f"{stem}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    (root / "obj.data").write_text(
        "classes = 1\ntrain = data/train.txt\nvalid = valid.txt\nnames = obj.names\n"
    )
    (root / "obj.names").write_text("cone\n")
    (root / "train.txt").write_text("data/obj/a.png\n")
    (root / "valid.txt").write_text("obj/b.png\n")


def _percent(root: Path) -> None:
    labelme_set(root, a=percent_json(), b=percent_json())


def _labelme(root: Path) -> None:
    rectangle = labelme_shape(points=[[1, 1], [3, 4]], kind="rectangle")
    labelme_set(root, a=labelme_json(rectangle, labelme_shape("car")))


def _voc(root: Path) -> None:
    voc_set(root, xml={"a": voc_xml(voc_object(more="<difficult>1</difficult>"), voc_object("car"))})


def _voc_masks(root: Path) -> None:
    voc_set(root)
    for stem in "abc":
        write_mask(root / "SegmentationClass" / f"{stem}.png")
    (root / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\nroad:128,0,0::\n"
    )


def _label_studio(root: Path) -> None:
    half = ls_result("polygonlabels", points=[[0, 0], [50, 0], [50, 100], [0, 100]])
    ls_set(root, ls_tasks(half, ls_result()))


SETS: Mapping[str, Mapping[str, Callable[[Path], object]]] = {
    "coco": {"coco": coco_set, "coco_codes": _coco_codes},
    "label_studio": {"label_studio": _label_studio},
    "labelme": {"labelme": _labelme, "percent": _percent},
    "mask_folder": {"mask_ids": mask_set, "mask_colours": _colour_set, "mask_roboflow": _roboflow_masks},
    "voc": {"voc": _voc, "voc_masks": _voc_masks},
    "yolo": {"yolo": yolo_set, "yolo_yaml": _yolo_yaml, "yolo_darknet": _darknet},
}
"""Writers of valid sets, by format and by name of the variant. A new format needs one here."""
