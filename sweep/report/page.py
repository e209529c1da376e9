"""A report as one HTML text that needs nothing else: no network, no file beside it."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from sweep.redaction import redacted
from sweep.report.advice import where_next
from sweep.report.answer import answer, lead, tiles
from sweep.report.blocks import Cell, Page, Plot
from sweep.report.classes import by_class, frames
from sweep.report.material import Material
from sweep.report.origins import data, environment, reproduction
from sweep.report.search import searching
from sweep.report.trials import all_trials, failures
from sweep.report.trust import trust

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

# What would end a script or is no JavaScript, though it is JSON.
_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def page_of(material: Material) -> Page:
    """Put a report together, the answer first.

    Args:
        material: what it is written from.

    Returns:
        Its sections; what is missing is said in its place.
    """
    text, tone = lead(material)
    return Page(
        title=f"Sweep {material.summary.name}",
        lead=text,
        tone=tone,
        tiles=tiles(material),
        sections=(
            answer(material),
            trust(material),
            where_next(material),
            *searching(material),
            by_class(material),
            frames(material),
            all_trials(material),
            failures(material),
            data(material),
            environment(material),
            reproduction(material),
        ),
        foot=f"Written {material.written} by rccar-sweep {material.version}.",
    )


def html_of(page: Page) -> str:
    """Draw a page.

    Args:
        page: to draw.

    Returns:
        HTML, with styles, scripts, plots and pictures inside.
    """
    has_plots = any(isinstance(block, Plot) for section in page.sections for block in section.blocks)
    text: str = (
        _environment()
        .get_template("report.html.jinja")
        .render(page=page, plotly=_plotly() if has_plots else "")
    )
    return text


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sweep.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["for_script"] = _for_script
    environment.filters["breakable"] = _breakable
    environment.globals["is_number"] = _is_number
    return environment


def _shown(value: Any) -> Any:
    """Whatever is drawn, without passwords; pictures and what is HTML already are ours."""
    return redacted(value) if type(value) is str and not value.startswith("data:image/") else value


def _is_number(cell: Cell) -> bool:
    """Whether it stands on the right; so does the dash of a number that is not there."""
    return cell.number is not None or cell.text == "–"


def _breakable(text: str) -> "Markup":
    """A name that may go on in the next line behind each underscore: it heads a column of short numbers."""
    from markupsafe import Markup, escape

    return Markup(str(escape(redacted(text))).replace("_", "_<wbr>"))


def _for_script(text: str) -> "Markup":
    """JSON as it may stand in a script: what a user named cannot end it."""
    from markupsafe import Markup

    return Markup(json.dumps(_redacted(json.loads(text)), separators=(",", ":")).translate(_ESCAPES))


def _redacted(value: Any) -> Any:
    """Text by text: an address in JSON without blanks would hide all that follows it."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    if isinstance(value, dict):
        return {name: item if name == "bdata" else _redacted(item) for name, item in value.items()}
    return value


def _plotly() -> "Markup":
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs().replace("</script", "<\\/script"))
