"""An epoch costs the same whatever the frames were: small PNGs, or large JPEGs with LabelMe outlines.

Run: python benchmarks/epoch_by_source.py [epochs]

Writes the demo's frames in both ways, caches both at 160x128, and trains on them in turn. What differs is
the time to build the cache, once; the ratio of epochs is near 1.
"""

import base64
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from rccar_models.cache import prepare
from rccar_models.formats import open_data
from rccar_models.samples import Frame
from rccar_models.training import TrainRequest, train

SIZE = (160, 128)
N_FRAMES = {"train": 96, "val": 16}


def write_small(root: Path, name: str, frame: Frame) -> None:
    """Write a frame as it is, with its mask.

    Args:
        root: of the data set.
        name: split and number.
        frame: to write.
    """
    for folder, array in (("images", frame.image), ("masks", frame.mask)):
        path = root / folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(array)).save(path)


def write_large(root: Path, name: str, frame: Frame) -> None:
    """Write a frame eight times as long and wide, with outlines and the picture inside the label file.

    Args:
        root: of the data set.
        name: split and number.
        frame: to write.
    """
    height, width = (8 * side for side in frame.image.shape[:2])
    path = root / "images" / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(frame.image).resize((width, height)).save(path, quality=92)
    corners = [[0, height // 2], [width, height // 2], [width, height], [0, height]]
    shapes = [
        {
            "label": f"class {number}",
            "shape_type": "polygon",
            "points": [[x, y + number * 9] for x, y in corners],
        }
        for number in range(4)
    ]
    content = {
        "imagePath": path.name,
        "imageHeight": height,
        "imageWidth": width,
        "imageData": base64.b64encode(path.read_bytes()).decode(),
        "shapes": shapes,
    }
    label = root / "labels" / f"{name}.json"
    label.parent.mkdir(parents=True, exist_ok=True)
    label.write_text(json.dumps(content))


def epoch_s(cache: Path, n_classes: int, folder: Path, epochs: int) -> float:
    """Train on a cache.

    Args:
        cache: of the frames.
        n_classes: of the data, for the name of the checkpoint only.
        folder: for the checkpoint.
        epochs: to train.

    Returns:
        Seconds an epoch, without the first, which warms up.
    """
    ends: list[float] = []

    def on_epoch(_epoch: int, _metrics: Mapping[str, float]) -> bool:
        ends.append(time.perf_counter())
        return True

    request = TrainRequest(
        task="segmentation",
        model="tiny_unet",
        params={"lr": 1e-2, "batch_size": 8},
        epochs=epochs,
        data=cache,
        seed=1,
        objective_metric="val_loss_segmentation",
        maximise=False,
        checkpoint=folder / f"{n_classes}.pt",
    )
    train(request, on_epoch)
    return (ends[-1] - ends[0]) / (len(ends) - 1)


def main() -> None:
    """Measure and print."""
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    demo = open_data("demo", "segmentation")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        caches: dict[str, Path] = {}
        for kind, write in (("small", write_small), ("large", write_large)):
            for split, n_frames in N_FRAMES.items():
                for number, sample in enumerate(demo.splits[split][:n_frames]):
                    write(folder / kind, f"{split}/{number:04d}", sample.read())
            began = time.perf_counter()
            index = open_data(str(folder / kind), "segmentation")
            info = prepare(index, image_size=SIZE, cache_root=folder / "cache")
            caches[kind] = info.folder
            print(f"{kind}: {index.format}, cache built in {time.perf_counter() - began:.2f} s")
        # In turn, so that a machine whose speed drifts is fair to both.
        spans = [
            (kind, epoch_s(cache, len(kind), folder, epochs))
            for _ in range(3)
            for kind, cache in caches.items()
        ]
        best = {kind: min(span for name, span in spans if name == kind) for kind in caches}
    ratio = best["large"] / best["small"]
    print(f"epoch: small {best['small']:.3f} s, large {best['large']:.3f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
