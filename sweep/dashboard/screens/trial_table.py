"""The trials of a sweep as a table with filters, and those that failed with their reasons."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.column_config import Column, NumberColumn

from sweep.dashboard import elements, formats
from sweep.dashboard.language import Words
from sweep.dashboard.plain import plain
from sweep.dashboard.visit import Visit
from sweep.views.overview import SweepLine
from sweep.views.trials import TrialFilter, TrialLine, as_number, filtered, numeric_params, trial_lines

FAILED = frozenset({"failed", "infeasible", "stopped"})
Range = tuple[float | None, float | None]


def show(visit: Visit, line: SweepLine) -> None:
    """Draw the table.

    Args:
        visit: who looks at what.
        line: the sweep.
    """
    words, lines = visit.words, lines_of(visit, line)
    if not lines:
        elements.note(words("empty.trials"))
        return
    found = filtered(lines, _wanted(words, lines, line))
    elements.aside(words("trials.shown", n=len(found), total=len(lines)))
    if not found:
        elements.note(words("trials.none_left"))
        return
    numeric = numeric_params(lines)
    params = list(dict.fromkeys(name for one in lines for name in one.params))
    rows = [_row(one, words, numeric) for one in found]
    elements.table(rows, columns=_columns(words, params, numeric), key="trial-table")


def failures(visit: Visit, line: SweepLine) -> None:
    """Draw what failed and why.

    Args:
        visit: who looks at what.
        line: the sweep.
    """
    words = visit.words
    found = [one for one in lines_of(visit, line) if one.state in FAILED]
    if not found:
        elements.success(words("failures.none"))
        return
    columns = {
        "trial": Column(words("column.trial"), pinned=True, width=100),
        "state": Column(words("column.state"), width=95),
        "reason": Column(words("column.reason"), width="large"),
        "worker": Column(words("column.worker"), width="small"),
        "began": Column(words("column.began"), width="medium"),
    }
    rows = [
        {
            "trial": one.name,
            "state": words.known("state", one.state),
            "reason": one.reason,
            "worker": one.worker,
            "began": formats.moment(one.began_ms),
        }
        for one in found
    ]
    elements.aside(words.count("failures.n", len(found)))
    elements.table(rows, columns=columns, key="failure-table")


def lines_of(visit: Visit, line: SweepLine) -> tuple[TrialLine, ...]:
    """List the trials of a sweep.

    Args:
        visit: who looks at what.
        line: the sweep.

    Returns:
        By number.
    """
    return trial_lines(visit.source.runs.all(), line.run_id)


def _wanted(words: Words, lines: Sequence[TrialLine], line: SweepLine) -> TrialFilter:
    with st.expander(words("filter.title"), icon=":material/filter_alt:"):
        left, right = st.columns(2)
        with left:
            states = st.multiselect(
                words("filter.state"),
                sorted({one.state for one in lines}),
                format_func=lambda state: words.known("state", state),
                placeholder=words("filter.any"),
                key="filter-states",
            )
            models = st.multiselect(
                words("filter.model"),
                sorted({one.model for one in lines if one.model}),
                placeholder=words("filter.any"),
                key="filter-models",
            )
            text = st.text_input(words("filter.text"), key="filter-text", help=words("filter.text_help"))
        with right:
            lowest, highest = _value_range(words, lines, line)
            ranges = _param_ranges(words, numeric_params(lines))
    return TrialFilter(
        states=frozenset(states),
        models=frozenset(models),
        ranges=ranges,
        lowest=lowest,
        highest=highest,
        text=text,
    )


def _value_range(words: Words, lines: Sequence[TrialLine], line: SweepLine) -> Range:
    values = [one.value for one in lines if one.value is not None]
    if len(set(values)) < 2:
        return None, None
    label = words("filter.value", metric=formats.short_metric(line.metric, line.task))
    return _range(label, min(values), max(values), key=f"filter-value-{line.run_id}")


def _param_ranges(words: Words, numeric: dict[str, tuple[float, float]]) -> dict[str, Range]:
    names = st.multiselect(
        words("filter.params"),
        [name for name, (low, high) in numeric.items() if low < high],
        placeholder=words("filter.any"),
        key="filter-params",
    )
    ranges = {
        name: _range(name, *numeric[name], key=f"filter-param-{name}-{numeric[name]}") for name in names
    }
    return {name: ends for name, ends in ranges.items() if ends != (None, None)}


def _range(label: str, low: float, high: float, *, key: str) -> Range:
    """A range as two fields: parameters on a logarithmic scale defy a slider."""
    first, second = st.columns(2)
    below = first.number_input(
        plain(f"{label} ≥"), value=None, placeholder=f"{low:g}", format="%g", key=f"{key}-low"
    )
    above = second.number_input(
        plain(f"{label} ≤"), value=None, placeholder=f"{high:g}", format="%g", key=f"{key}-high"
    )
    return below, above


def _columns(words: Words, params: list[str], numeric: dict[str, tuple[float, float]]) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "trial": Column(words("column.trial"), pinned=True, width=100),
        "state": Column(words("column.state"), width=95),
        "value": NumberColumn(words("column.value"), format="%.4f", width="small"),
        "is_best": Column(words("column.best_mark"), width="small"),
        "model": Column(words("column.model"), width="medium"),
    }
    for name in params:
        kind = NumberColumn if name in numeric else Column
        columns[f"param {name}"] = kind(name, width="small")
    return columns | {
        "epoch": NumberColumn(words("column.best_epoch"), width="small"),
        "lasted": NumberColumn(words("column.seconds"), format="%.1f", width="small"),
        "worker": Column(words("column.worker"), width="small"),
        "reason": Column(words("column.reason"), width="large"),
    }


def _row(one: TrialLine, words: Words, numeric: dict[str, tuple[float, float]]) -> dict[str, Any]:
    params = {
        f"param {name}": as_number(text) if name in numeric else text for name, text in one.params.items()
    }
    return params | {
        "trial": one.name,
        "state": words.known("state", one.state),
        "value": one.value,
        "is_best": "★" if one.is_best else "",
        "model": one.model,
        "epoch": one.best_epoch,
        "lasted": one.duration_s,
        "worker": one.worker,
        "reason": one.reason,
    }
