"""Figures in the reader's language: their axes and legends come in English words of a closed set."""

from html import unescape
from typing import TYPE_CHECKING, Any

from sweep.dashboard.language import DEFAULT, Words

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def spoken(drawn: Any, words: Words) -> "Figure":
    """Translate what a figure says.

    Args:
        drawn: a figure; it is changed.
        words: of the language.

    Returns:
        The same figure; words that are not in `figure_words` stay as they are.
    """
    figure: Figure = drawn
    if words.language == DEFAULT:
        return figure
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
