"""What a check finds: one record a fault, with its rule, its place and how to mend it.

Errors are what training refuses and labels that cannot be right; all else is a warning.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rccar_models.faults import Fault, Rule

RULES: Mapping[Rule, str] = {
    Rule.LAYOUT: "the data set as a whole cannot be read",
    Rule.MISSING_SPLIT: "train and val are needed, and every split holds frames",
    Rule.ANNOTATION: "labels that cannot be read as their format says",
    Rule.UNREADABLE_IMAGE: "pictures and masks must decode to their last byte",
    Rule.SIZE_MISMATCH: "labels must be made for the size of their picture",
    Rule.IMAGE_WITHOUT_LABEL: "pictures that nobody labelled",
    Rule.LABEL_WITHOUT_IMAGE: "labels whose picture is missing",
    Rule.UNKNOWN_CLASS: "classes that nothing names",
    Rule.CLASS_OUT_OF_RANGE: "class ids beyond the named ones",
    Rule.BOX_OUTSIDE: "boxes that lie outside their picture",
    Rule.BOX_PARTLY_OUTSIDE: "boxes that reach over the edge are cut there",
    Rule.FLAT_BOX: "boxes without width or height are left out",
    Rule.SHORT_POLYGON: "an outline needs three corners",
    Rule.CROSSING_POLYGON: "outlines that cross themselves are filled by chance",
    Rule.BOX_OFF_OUTLINE: "a box must be that of its outline",
    Rule.REPEATED_OBJECT: "an object that is labelled twice counts twice",
    Rule.SAME_DRIVE: "val and test flatter a model that has seen the same drive in train",
    Rule.LEAKED_IMAGE: "the same picture in several splits flatters the scores",
    Rule.DUPLICATE_IMAGE: "the same picture twice teaches nothing new",
    Rule.NEAR_DUPLICATE: "pictures that look the same teach little new",
    Rule.UNUSED_CLASS: "classes without a single label",
    Rule.ABSENT_CLASS: "classes without a label in one of the splits",
    Rule.ONE_CLASS: "with a single class every score is perfect and worthless",
    Rule.NO_OBJECTS: "frames without any object",
    Rule.ALL_IGNORED: "masks without a pixel that counts",
    Rule.DIRECTED_CLASS: "mirrored frames would turn left into right",
    Rule.EXIF_ROTATION: "labels may lie on the upright picture or on the stored one",
    Rule.MIXED_SIZES: "all frames are brought to one size",
    Rule.TINY_BOX: "boxes that nearly vanish at the training size",
    Rule.NOTE: "what else is worth knowing",
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
        subject: the same for every task where the text is not: with the background class ids count from 1.
    """

    rule: Rule
    is_error: bool
    text: str
    file: str = ""
    line: int | None = None
    object: str = ""
    subject: str = ""

    @property
    def level(self) -> str:
        """How messages call it: "error" or "warning"."""
        return "error" if self.is_error else "warning"

    @property
    def place(self) -> str:
        """File, line and object as one text; empty for the set as a whole."""
        line = "" if self.line is None else f":{self.line}"
        return ", ".join(part for part in (f"{self.file}{line}", self.object) if part)


def as_finding(fault: Fault, *, is_error: bool, file: str = "") -> Finding:
    """Take over what a format says.

    Args:
        fault: what is wrong, or what the user should know.
        is_error: whether it must be mended.
        file: where it is if the fault does not say.

    Returns:
        The finding; a column of a line is called like an object.
    """
    name = fault.object or ("" if fault.column is None else f"column {fault.column}")
    return Finding(fault.rule, is_error, fault.text, fault.file or file, fault.line, name)
