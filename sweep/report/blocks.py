"""What a report's page is made of: sections of paragraphs, facts, tables, plots, pictures and texts to copy.

Plain values only; nothing here knows HTML. Whatever a user may have named is escaped where the page is made.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A sentence or some.

    Args:
        text: what it says.
        tone: "" plain, "note" worth a look, "warning" speaks against trusting the result.
    """

    text: str
    tone: str = ""
    kind: str = "paragraph"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and what they stand for.

    Args:
        rows: (name, value).
    """

    rows: tuple[tuple[str, str], ...]
    kind: str = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One place of a table.

    Args:
        text: what is shown.
        number: what is sorted by where it is one; None sorts by the text.
        mark: "best", "worst", or a state of a trial; empty for none.
    """

    text: str
    number: float | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that can be sorted.

    Args:
        caption: what it shows, for those who cannot see it, too.
        heads: titles of the columns.
        rows: of as many cells each.
        is_long: whether it gets a box of its own to scroll in.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    is_long: bool = False
    kind: str = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A figure of Plotly.

    Args:
        key: unique in the page, letters and dashes.
        alt: what it shows, in words.
        figure: its JSON.
        title: above it; empty for none.
        width_px: what it needs at least; on a narrower page it scrolls in its box.
    """

    key: str
    alt: str
    figure: str
    title: str = ""
    width_px: int = 0
    kind: str = "plot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture inside of the page.

    Args:
        source: data URI.
        alt: what it shows, in words.
        caption: below it.
    """

    source: str
    alt: str
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Pictures side by side.

    Args:
        pictures: in their order.
        is_wide: whether each of them takes the whole width.
    """

    pictures: tuple[Picture, ...]
    is_wide: bool = False
    kind: str = "gallery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A text to copy.

    Args:
        caption: what it is for.
        text: of one line or many.
        is_folded: whether it is shown only where somebody opens it.
        is_command: whether its lines may be broken where they are too long.
    """

    caption: str
    text: str
    is_folded: bool = False
    is_command: bool = False
    kind: str = "code"


Block = Paragraph | Facts | Table | Plot | Gallery | Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page.

    Args:
        key: of its address in the page.
        title: its heading.
        blocks: what it holds; a section is never empty.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number to be seen first.

    Args:
        title: what it is.
        value: the number.
        detail: what must be known beside it.
    """

    title: str
    value: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole report.

    Args:
        title: of the document.
        lead: the answer in a sentence.
        tone: of the lead, as of a paragraph.
        tiles: the answer in numbers.
        sections: in their order.
        foot: when and by what it was written.
    """

    title: str
    lead: str
    sections: tuple[Section, ...]
    tone: str = ""
    tiles: tuple[Tile, ...] = ()
    foot: str = ""
