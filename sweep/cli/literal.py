"""Shows text as it is: the name of a file or a class must neither move the cursor nor colour the screen.

A terminal obeys control characters whoever wrote them: an escape may rename its window, a carriage return
overwrites the line that warns, marks of writing direction turn a name around. And Rich reads brackets.
"""

import re

import typer
from rich.text import Text

# C0 but tab and line break, DEL, C1, line and paragraph separators, and marks of writing direction.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def literal(text: str) -> str:
    """Replace what a terminal would obey by how Python writes it.

    Args:
        text: with names from anywhere.

    Returns:
        The same with escapes spelled out; tabs, line breaks and all letters stay.
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(text: str, *, err: bool = False) -> None:
    """Print a line.

    Args:
        text: with names from anywhere.
        err: to stderr.
    """
    typer.echo(literal(text), err=err)


def text(content: object, style: str = "") -> Text:
    """Make text for a table, in which brackets are brackets.

    Args:
        content: with names from anywhere.
        style: of Rich.

    Returns:
        The text.
    """
    return Text(literal(str(content)), style=style)
