"""Figures in the reader's language: their axes and legends come in English words of a closed set."""

from html import unescape
from typing import TYPE_CHECKING, Any

from sweep.dashboard import elements
from sweep.dashboard.language import DEFAULT, Words

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def draw(drawn: Any, words: Words, *, key: str) -> None:
    """Show a figure in the reader's language, or say why there is nothing to draw.

    Args:
        drawn: a figure; it is changed.
        words: of the language.
        key: of the element.
    """
    figure: Figure = drawn
    if not figure.data:
        elements.note(
            words("figure.no_data", why=unescape((figure.layout.title.text or "").replace("<br>", " ")))
        )
        return
    elements.figure(spoken(figure, words), key=key)


def spoken(figure: "Figure", words: Words) -> "Figure":
    """Translate what a figure says.

    Args:
        figure: it is changed.
        words: of the language.

    Returns:
        The same figure; words that are not in `figure_words` stay as they are. Its title goes: in another
        language the page says above it what it shows.
    """
    if words.language == DEFAULT:
        return figure
    figure.update_layout(title_text="", margin_t=24)
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        if axis.title.text:
            axis.title.text = _word(axis.title.text, words)
    for trace in figure.data:
        if trace.name:
            trace.name = _word(trace.name, words)
    return figure


def _word(text: str, words: Words) -> str:
    whole = words.known("figure_words", unescape(text))
    if whole != unescape(text):
        return whole
    head, _, last = text.rpartition(" ")
    translated = words.known("figure_words", last)
    return f"{head} {translated}" if head and translated != last else text
