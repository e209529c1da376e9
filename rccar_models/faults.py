"""What is wrong with a data set: one record a fault, which knows its rule and its place."""

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum

_MOST_CHARACTERS = 2000


class Rule(StrEnum):
    """What a fault is about; users read these names in `sweep data check`."""

    LAYOUT = "layout"
    MISSING_SPLIT = "missing-split"
    ANNOTATION = "annotation"
    UNREADABLE_IMAGE = "unreadable-image"
    SIZE_MISMATCH = "size-mismatch"
    IMAGE_WITHOUT_LABEL = "image-without-label"
    LABEL_WITHOUT_IMAGE = "label-without-image"
    UNKNOWN_CLASS = "unknown-class"
    CLASS_OUT_OF_RANGE = "class-out-of-range"
    BOX_OUTSIDE = "box-outside"
    BOX_PARTLY_OUTSIDE = "box-partly-outside"
    FLAT_BOX = "flat-box"
    SHORT_POLYGON = "short-polygon"
    CROSSING_POLYGON = "crossing-polygon"
    BOX_OFF_OUTLINE = "box-off-outline"
    REPEATED_OBJECT = "repeated-object"
    SAME_DRIVE = "same-drive"
    LEAKED_IMAGE = "leaked-image"
    DUPLICATE_IMAGE = "duplicate-image"
    NEAR_DUPLICATE = "near-duplicate"
    UNUSED_CLASS = "unused-class"
    ABSENT_CLASS = "absent-class"
    ONE_CLASS = "one-class"
    NO_OBJECTS = "no-objects"
    ALL_IGNORED = "all-ignored"
    DIRECTED_CLASS = "directed-class"
    EXIF_ROTATION = "exif-rotation"
    MIXED_SIZES = "mixed-sizes"
    TINY_BOX = "tiny-box"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, or one thing worth knowing; what it is depends on the list that it stands in.

    Args:
        rule: what it is about.
        text: what is wrong, and how to mend it.
        file: where, below the data set, with forward slashes; empty for the set as a whole.
        line: of the file, from 1.
        column: of the line, from 1.
        object: in the file, e.g. "object 7"; empty if the fault is not about one.
    """

    rule: Rule
    text: str
    _: KW_ONLY
    file: str = ""
    line: int | None = None
    column: int | None = None
    object: str = ""

    def __post_init__(self) -> None:
        for name in ("text", "file", "object"):  # what quotes a file may be of any length and characters
            object.__setattr__(self, name, _showable(getattr(self, name)))

    def __str__(self) -> str:
        """The line that users read: "file:line: object 7: text"."""
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        place = ":".join([self.file, *numbers]) if self.file else ""
        return ": ".join(part for part in (place, self.object, self.text) if part)


def _showable(text: str) -> str:
    """At most 2,000 characters, all of which can be written to a file."""
    cut = text if len(text) <= _MOST_CHARACTERS else f"{text[:1500]} ... {text[-400:]}"
    return cut.encode("utf-8", "backslashreplace").decode("utf-8")
