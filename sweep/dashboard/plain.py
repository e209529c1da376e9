"""Text that came from people or files, on its way into Streamlit's Markdown: shown as it is, never read."""

import re

_MARKS = re.compile(r"([!-/:-@\[-`{-~])")
_SHORTCODE = re.compile(r":(?=[a-z0-9_+/-]+:)")
_NAMES = re.compile(r"[\w -]+")
_EDGE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_JOINER = "\N{WORD JOINER}"


def plain(text: object) -> str:
    """Take every meaning out of a text that Markdown, Streamlit's directives or HTML would give it.

    Args:
        text: from anywhere.

    Returns:
        Markdown that shows the text.
    """
    # Emoji codes are looked for after backslashes are read, so a colon alone does not stop them.
    words = _SHORTCODE.sub(f":{_JOINER}", " ".join(str(text).split()))
    return _MARKS.sub(r"\\\1", words)


def plain_label(text: str) -> str:
    """The same for the label of a field, which screen readers read out with its backslashes.

    Args:
        text: from anywhere.

    Returns:
        The text itself if Markdown sees nothing in it, as in `Type trial-003 to confirm`.
    """
    return text if _NAMES.fullmatch(text) and not _EDGE.search(text) else plain(text)


def plain_lines(text: str) -> str:
    """The same for a text of several lines.

    Args:
        text: from anywhere.

    Returns:
        Markdown that shows it line by line.
    """
    return "  \n".join(map(plain, text.splitlines()))
