"""Text that came from people or files, on its way into Streamlit's Markdown: shown as it is, never read."""

import re

_MARKS = re.compile(r"([!-/:-@\[-`{-~])")
_SHORTCODE = re.compile(r":(?=[a-z0-9_+/-]+:)")
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


def plain_lines(text: str) -> str:
    """The same for a text of several lines.

    Args:
        text: from anywhere.

    Returns:
        Markdown that shows it line by line.
    """
    return "  \n".join(map(plain, text.splitlines()))
