"""How long it takes to find the frames of a data set and their label files, in every layout of the teams.

Run: python benchmarks/listing.py [--frames 10000]

- pairs: `find_pairs` on a tree that is listed already, seven of eight frames with a label file.
- labelme: listing, recognising and reading all label files of a real folder of this size (its pictures are
  empty files, which nothing opens); "walk" is the listing of the folder alone.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from rccar_models.formats import scan_data
from rccar_models.formats.layouts import find_pairs
from rccar_models.formats.tree import Tree, tree_of

LAYOUTS = {
    "merged": ("images_all/H{drive}_f{number}.png", "labels_all/H{drive}_f{number}.json"),
    "reorganised": ("images/train/f{number}.png", "labels/train/f{number}.json"),
    "original": ("H{drive}/f{number}.png", "H{drive}_Annotations/f{number}.json"),
    "beside": ("frames/f{number}.png", "frames/f{number}.json"),
    "by drive": ("images_all/H{drive}_f{number}.png", "labels/detection/H{drive}/f{number}.json"),
    "unrelated": ("frames/f{number}.png", "others/g{number}.json"),
}
SQUARE = [[10, 10], [90, 10], [90, 90], [10, 90]]


def names_of(layout: str, n_frames: int) -> list[str]:
    """Name the files of a data set.

    Args:
        layout: of `LAYOUTS`.
        n_frames: pictures.

    Returns:
        Pictures and label files.
    """
    picture, label = LAYOUTS[layout]
    pictures = [picture.format(drive=number % 10, number=number) for number in range(n_frames)]
    return pictures + [
        label.format(drive=number % 10, number=number) for number in range(n_frames) if number % 8
    ]


def write_set(root: Path, n_frames: int) -> None:
    """Write the merged layout with ten shapes a frame.

    Args:
        root: folder of the data set.
        n_frames: pictures.
    """
    shape = {"label": "cone", "points": SQUARE, "shape_type": "polygon", "flags": {}}
    text = json.dumps({"version": "5.5.0", "shapes": [shape] * 10, "imagePath": "a.png", "imageData": None})
    for name in names_of("merged", n_frames):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text if path.suffix == ".json" else "")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--frames", type=int, default=10_000)
    n_frames = parser.parse_args().frames
    for layout in LAYOUTS:
        tree = Tree(Path("nowhere"), tuple(sorted(names_of(layout, n_frames))))
        start = time.perf_counter()
        find_pairs(tree, companions=("labels/detection", "labels"), suffix=".json")
        print(f"pairs, {layout}: {time.perf_counter() - start:.2f} s for {n_frames} frames")
    with tempfile.TemporaryDirectory() as folder:
        write_set(Path(folder), n_frames)
        start = time.perf_counter()
        tree_of(Path(folder))
        walked = time.perf_counter()
        scan_data(folder, "detection")
        print(f"labelme: {time.perf_counter() - walked:.2f} s, of which walk {walked - start:.2f} s")


if __name__ == "__main__":
    main()
