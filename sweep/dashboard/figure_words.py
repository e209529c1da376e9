"""Figures in the reader's language: their axes and legends come in English words of a closed set."""

import re
from html import unescape
from typing import TYPE_CHECKING, Any

from sweep.dashboard import elements
from sweep.dashboard.language import DEFAULT, Words
from sweep.evaluation import NOTHING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

BEHIND_NAMES = frozenset({"training", "validation"})
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])")
_BEFORE_VALUE = re.compile(r"\w+(?=[ =]%\{)")
_BEHIND_VALUE = re.compile(r"(?<=\} )[^<>%{}]+(?=<extra>)")
_BEST = re.compile(r"^trial(?= \d+ \(best\)<)|\bbest(?=, %\{|\)<br>epoch)")
_RUN = re.compile(r"^run(?==)")
_STATE_BEHIND = re.compile(r"(.*) \((\w+)\)", re.DOTALL)


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
        _translate(trace, words)
    if any(map(_is_lane, figure.data)):
        lanes = figure.layout.yaxis.categoryarray
        figure.layout.yaxis.categoryarray = [_told(str(lane), words) for lane in lanes]
    return figure


def _translate(trace: Any, words: Words) -> None:
    hover = trace.hovertemplate if isinstance(trace.hovertemplate, str) else ""
    if trace.name and not _RUN.match(hover):  # else a run's name, which is people's
        trace.name = _name(trace.name, words)
    if hover:
        trace.hovertemplate = _hover(hover, trace.name or "", words)
    if _is_lane(trace):
        trace.y = [_told(str(lane), words) for lane in trace.y]
    elif trace.type == "heatmap":
        for side in ("x", "y"):
            trace[side] = [_word(NOTHING, words) if name == NOTHING else name for name in trace[side]]
    elif trace.type == "scatter" and trace.text is not None and not isinstance(trace.text, str):
        told = {text: _hovered(text, words) for text in dict.fromkeys(trace.text)}
        trace.text = [told[text] for text in trace.text]


def _is_lane(trace: Any) -> bool:
    """Whether it is of a timeline; other bars stand for classes, whose names are people's."""
    return bool(trace.type == "bar" and trace.base is not None)


def _word(text: str, words: Words) -> str:
    plain = unescape(text)
    for group in ("figure_words", "state"):
        if (found := words.known(group, plain)) != plain:
            return found
    return text


def _name(name: str, words: Words) -> str:
    """Of a trace: a word, or a run's name with what is drawn of it behind."""
    head, _, last = name.rpartition(" ")
    return f"{head} {_word(last, words)}" if head and last in BEHIND_NAMES else _word(name, words)


def _told(text: str, words: Words) -> str:
    """A text with a number in it, as `worker 3`."""
    numbers = _NUMBER.findall(text)
    found = _word(_NUMBER.sub("{n}", text), words) if len(numbers) == 1 else _word(text, words)
    return found.replace("{n}", *numbers) if len(numbers) == 1 else found


def _hover(template: str, name: str, words: Words) -> str:
    """What stands before and behind the placeholders of a hover; names of runs in it stay."""
    template = template.replace("state=%{customdata[0]}", f"{_word('state', words)}={name}")
    for pattern in (_BEST, _BEFORE_VALUE, _BEHIND_VALUE, _RUN):
        template = pattern.sub(lambda found: _word(found[0], words), template)
    return template


def _hovered(text: Any, words: Words) -> Any:
    """`trial-001 (pruned)`, or `pruned, after epoch 3, best 0.5<br>REASON`."""
    if not isinstance(text, str):
        return text
    if match := _STATE_BEHIND.fullmatch(text):
        return f"{match[1]} ({_word(match[2], words)})"
    head, line, reason = text.partition("<br>")
    return ", ".join(_told(part, words) for part in head.split(", ")) + line + reason
