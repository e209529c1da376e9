"""The worked examples of docs/bring-your-data.md, made and run exactly as they stand there.

A `text` block lists files ("0001.jpg ... 0004.jpg" is four of them), a block after a path in backquotes is
that file's content, and a `console` block holds the commands. Pictures are drawn, each of another scene;
label files that are listed without content get that of the shown one of their kind, with their own names.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from rccar_models.formats.demo.track import draw_frame
from sweep.cli.main import app
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "bring-your-data.md"
SIZE = (64, 48)
PICTURES = {".jpg", ".png"}
MASKS = {"masks", "SegmentationClass"}


@dataclass
class Example:
    """One section of the page."""

    title: str
    files: list[str] = field(default_factory=list)
    contents: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)


def examples() -> Iterator[Example]:
    """All sections that have commands."""
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        example = Example(title=section.splitlines()[0])
        path = ""
        for before, kind, block in re.findall(r"((?:(?!```).)*)```(\w*)\n(.*?)\n```", section, re.DOTALL):
            named = re.findall(r"`(track/[^`]+\.\w+)`", before)
            path = named[-1] if named else path
            if kind == "text":
                example.files += listed(block)
            elif kind == "console":
                example.commands += [line[2:] for line in block.splitlines() if line.startswith("$ ")]
            elif named:
                example.contents[path] = block + "\n"
        if example.commands:
            yield example


def listed(block: str) -> Iterator[str]:
    """Files of a listing whose folders are told by indentation."""
    folders: list[str] = []
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.strip()
        del folders[depth:]
        if name.endswith("/"):
            folders.append(name.rstrip("/"))
            continue
        first, _, last = name.partition(" ... ")
        for one in numbered(first, last) if last else [first]:
            yield "/".join([*folders, one])


def numbered(first: str, last: str) -> Iterator[str]:
    stem, number, suffix = re.fullmatch(r"(.*?)(\d+)(\.\w+)", first).groups()  # type: ignore[union-attr]
    highest = int(re.fullmatch(r".*?(\d+)\.\w+", last)[1])  # type: ignore[index]
    for one in range(int(number), highest + 1):
        yield f"{stem}{one:0{len(number)}d}{suffix}"


def make(example: Example, home: Path) -> None:
    """Write every file of an example."""
    for position, name in enumerate(example.files):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in example.contents:
            path.write_text(example.contents[name], encoding="utf-8")
        elif path.suffix in PICTURES and MASKS & set(path.parts):
            Image.fromarray(mask_of(example.contents)).save(path)
        elif path.suffix in PICTURES:
            Image.fromarray(draw_frame(position).image).resize(SIZE).save(path)
        else:
            path.write_text(like(name, example.contents), encoding="utf-8")


def mask_of(contents: Mapping[str, str]) -> np.ndarray:
    """Floor above road; in colours if the example names colours."""
    ids = np.zeros(SIZE[::-1], np.uint8)
    ids[24:] = 1
    ids[:2] = 255
    if "track/class_dict.csv" not in contents:
        return ids
    colours = {0: (0, 0, 0), 1: (128, 64, 128), 255: (255, 255, 255)}
    return np.asarray([[colours[int(one)] for one in row] for row in ids], np.uint8)


def like(name: str, contents: Mapping[str, str]) -> str:
    """The content of the shown file of this kind, with this file's own name in it."""
    suffix = PurePosixPath(name).suffix
    shown = next(one for one in contents if one.endswith(suffix) and "/classes" not in one)
    return contents[shown].replace(PurePosixPath(shown).stem, PurePosixPath(name).stem)


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.title)
def test_worked_example_runs_as_it_stands(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(example, tmp_path)
    monkeypatch.chdir(tmp_path)
    for command in example.commands:
        program, *words = command.split()
        assert program == "sweep"
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, f"{command}\n{done.output}\n{done.exception}"


def test_every_format_has_a_worked_example() -> None:
    from rccar_models.formats import FORMATS

    text = PAGE.read_text(encoding="utf-8")
    known = {name.replace("_", " ") for name in FORMATS} - {"demo", "mask folder"}
    missing = [name for name in known if name.lower() not in text.lower() and name != "voc"]
    assert missing == []
    assert len(list(examples())) >= 10
