"""What a check finds: one record a fault, with its rule, its place and how to mend it.

Errors are what training refuses and labels that cannot be right; all else is a warning.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RULES: Mapping[str, str] = {
    "layout": "the data set as a whole cannot be read",
    "missing-split": "train and val are needed, and every split holds frames",
    "annotation": "labels that cannot be read as their format says",
    "unreadable-image": "pictures and masks must decode to their last byte",
    "size-mismatch": "labels must be made for the size of their picture",
    "image-without-label": "pictures that nobody labelled",
    "label-without-image": "labels whose picture is missing",
    "unknown-class": "classes that nothing names",
    "class-out-of-range": "class ids beyond the named ones",
    "box-outside": "boxes that lie outside their picture",
    "box-partly-outside": "boxes that reach over the edge are cut there",
    "flat-box": "boxes without width or height are left out",
    "short-polygon": "an outline needs three corners",
    "crossing-polygon": "outlines that cross themselves are filled by chance",
    "same-drive": "val and test flatter a model that has seen the same drive in train",
    "leaked-image": "the same picture in several splits flatters the scores",
    "duplicate-image": "the same picture twice teaches nothing new",
    "near-duplicate": "pictures that look the same teach little new",
    "unused-class": "classes without a single label",
    "absent-class": "classes without a label in one of the splits",
    "one-class": "with a single class every score is perfect and worthless",
    "no-objects": "frames without any object",
    "all-ignored": "masks without a pixel that counts",
    "directed-class": "mirrored frames would turn left into right",
    "exif-rotation": "labels may lie on the upright picture or on the stored one",
    "mixed-sizes": "all frames are brought to one size",
    "tiny-box": "boxes that nearly vanish at the training size",
    "note": "what else is worth knowing",
}
"""Every rule with what it is about, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault.

    Args:
        rule: of `RULES`.
        is_error: whether it must be mended before training; else a warning.
        text: what is wrong, and how to mend it.
        file: where, below the data set, with forward slashes; empty for the set as a whole.
        line: of the file, from 1.
        object: in the file, e.g. "object 7"; empty if the fault is not about one.
    """

    rule: str
    is_error: bool
    text: str
    file: str = ""
    line: int | None = None
    object: str = ""

    @property
    def level(self) -> str:
        """How messages call it: "error" or "warning"."""
        return "error" if self.is_error else "warning"

    @property
    def place(self) -> str:
        """File, line and object as one text; empty for the set as a whole."""
        line = "" if self.line is None else f":{self.line}"
        return ", ".join(part for part in (f"{self.file}{line}", self.object) if part)


# How the formats word their faults, the first match counts. What matches none is a fault of the annotation.
_WORDINGS = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (r"no known layout|several layouts fit|its format \S+ serves", "layout"),
        (r"nothing divides|^no \S+ split|split is empty|there is no image '", "missing-split"),
        (r"\d+x\d+\b.*\bbut\b.*\d+x\d+|is made for size|said size", "size-mismatch"),
        (r"cannot be decoded|no such file|million pixels|more than 8 bits", "unreadable-image"),
        (r"class(_id| id)? '?\d+'?.*(out of range|names ids|classes are named)", "class-out-of-range"),
        (r"is not in categories|unknown class|is not in classes|names no such class", "unknown-class"),
        (r"(polygon|outline)\b.*\b(corner|point)s?\b", "short-polygon"),
        (r"have no image|no such image|is not among the images", "label-without-image"),
        (
            r"have no label|has no mask|holds no mask|no object is|stand in no annotation",
            "image-without-label",
        ),
        (r"without width or height", "flat-box"),
        (r"far outside", "box-outside"),
        (r"is in \S+ (and in|already)|is twice in", "leaked-image"),
    )
)
_PLACE = re.compile(r"(?P<file>[^:]*[^:\s](?:\.\w{1,5}|/))(?::(?P<line>\d+))?: (?P<text>.+)", re.DOTALL)
_OBJECT = re.compile(
    r"(?P<object>(?:object|image|shape|annotation|line) [^\s:]+|\w+\[\d+\](?: \(id [^)]*\))?): (?P<text>.+)",
    re.DOTALL,
)


def as_finding(said: str, *, root: Path, is_error: bool, rule: str | None = None, file: str = "") -> Finding:
    """Take a line of a format apart.

    Args:
        said: "file:line: text", "file: object 7: text" or "text".
        root: folder of the data set: a place is what lies in it, prose may look like one.
        is_error: whether it must be mended.
        rule: for a line whose wording names none; None for "annotation" (an error) or "note".
        file: where it is if the line does not say.

    Returns:
        The finding.
    """
    found = _first_rule(said) or rule or ("annotation" if is_error else "note")
    place = _PLACE.fullmatch(said)
    line = None
    name = ""
    if place and (place["file"] == file or os.path.exists(root / place["file"])):  # noqa: PTH110
        file, said = place["file"], place["text"]
        line = int(place["line"]) if place["line"] else None
    inner = _OBJECT.fullmatch(said)
    if inner:
        name, said = inner["object"], inner["text"]
        if re.fullmatch(r"line \d+", name):
            line, name = int(name.split()[1]), ""
    return Finding(found, is_error, said, file, line, name)


def _first_rule(said: str) -> str | None:
    return next((rule for pattern, rule in _WORDINGS if pattern.search(said)), None)
