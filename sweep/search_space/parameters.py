"""How one parameter of a search-space file is read: a fixed value, or a mapping with a `type`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sweep.catalog import unknown
from sweep.documents import Entry
from sweep.faults import Fault
from sweep.records import ParamValue
from sweep.search_space.definition import MODEL_NAME, Parameter
from sweep.search_space.domains import Choice, Domain, Fixed, FloatRange, IntRange
from sweep.search_space.section import Section, number, truth, whole

_NO_DEFAULT = "missing; the defaults together are the first trial of every sweep"
_CONDITIONAL = ("when", "by_model")


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of one parameter.

    Args:
        parameter: the whole, None if something was wrong with it.
        when: its conditions, which can be judged even if the rest is wrong.
    """

    parameter: Parameter | None
    when: Mapping[str, tuple[ParamValue, ...]]


def read_parameter(name: str, entry: Entry, faults: list[Fault]) -> Reading:
    """Read a parameter.

    Args:
        name: its name.
        entry: what stands in the file.
        faults: takes what is wrong.

    Returns:
        What could be read of it.
    """
    if entry.is_faulty:
        return Reading(None, {})
    n_before = len(faults)
    domain = _read_domain(entry, (name,), faults, also=_CONDITIONAL)
    when: dict[str, tuple[ParamValue, ...]] = {}
    by_model: dict[str, Domain] = {}
    if isinstance(entry.value, Mapping):
        section = Section(entry, (name,), faults)
        when = _read_when(section)
        by_model = _read_by_model(section) if domain else {}
    if name == MODEL_NAME and domain is not None:
        _check_model_name(domain, conditional=bool(when or by_model), section=Section(entry, (name,), faults))
    if domain is None or len(faults) > n_before:
        return Reading(None, when)
    return Reading(Parameter(name=name, domain=domain, when=when, by_model=by_model), when)


def _read_domain(
    entry: Entry, path: tuple[str, ...], faults: list[Fault], *, also: tuple[str, ...] = ()
) -> Domain | None:
    section = Section(entry, path, faults)
    if isinstance(entry.value, bool | int | float | str):
        return Fixed(value=entry.value)
    if not isinstance(entry.value, Mapping):
        section.fault(
            "",
            "expected a fixed value, or a mapping such as {type: float, low: 0.1, high: 0.5, default: 0.2}",
        )
        return None
    kind = section.scalar("type", str, missing=f"missing; known: {', '.join(_KINDS)}")
    if kind is None:
        return None
    if kind not in _KINDS:
        section.fault("type", unknown("type", kind, _KINDS))
        return None
    keys, read = _KINDS[kind]
    section.only(("type", *keys, *also))
    return read(section)


def _read_when(section: Section) -> dict[str, tuple[ParamValue, ...]]:
    entry = section.entry("when")
    if entry is None:
        return {}
    if not isinstance(entry.value, Mapping):
        section.fault("when", "expected parents and their values, e.g. {model_name: tiny_unet}")
        return {}
    conditions = Section(entry, (*section.path, "when"), section.faults)
    read = {parent: conditions.values(parent, missing="expected a value or a list") for parent in entry.value}
    return {parent: values for parent, values in read.items() if values is not None}


def _read_by_model(section: Section) -> dict[str, Domain]:
    entry = section.entry("by_model")
    if entry is None:
        return {}
    if not isinstance(entry.value, Mapping):
        section.fault("by_model", "expected ranges by model, e.g. {tiny_unet: {low: 1e-3, high: 1e-1}}")
        return {}
    read = {
        model: _read_domain(_merged(section, own), (*section.path, "by_model", model), section.faults)
        for model, own in entry.value.items()
        if not own.is_faulty
    }
    return {model: domain for model, domain in read.items() if domain is not None}


def _merged(section: Section, own: Entry) -> Entry:
    """A model's own range says only what differs, unless it is of another type."""
    if not isinstance(own.value, Mapping) or "type" in own.value:
        return own
    base = {
        key: Entry(inherited.value, own.line)
        for key in section.keys()  # noqa: SIM118 (a method, not a dict)
        if key not in _CONDITIONAL and (inherited := section.entry(key))
    }
    return Entry({**base, **own.value}, own.line)


def _check_model_name(domain: Domain, *, conditional: bool, section: Section) -> None:
    if not isinstance(domain, Choice | Fixed) or not all(isinstance(one, str) for one in domain.points()):
        section.fault("", "must be a model's name, or categorical with names of models as choices")
    if conditional:
        section.fault("", "cannot depend on other parameters; drop when and by_model")


def _fixed(section: Section) -> Domain | None:
    values = section.values("value", missing="missing; e.g. value: 0.5")
    if values is None:
        return None
    if len(values) > 1:
        section.fault("value", "is a list; use type: categorical with choices")
    return Fixed(value=values[0])


def _choice(section: Section) -> Domain | None:
    choices = section.values("choices", missing="missing; e.g. choices: [4, 8]")
    defaults = section.values("default", missing=_NO_DEFAULT)
    if choices is None or defaults is None:
        return None
    if len(set(choices)) < len(choices):
        twice = next(value for value in choices if choices.count(value) > 1)
        section.fault("choices", f"{twice!r} stands there twice; keep one")
    if len(defaults) > 1 or defaults[0] not in choices:
        section.fault("default", f"{defaults[0]!r} is not among the choices {', '.join(map(str, choices))}")
    return Choice(choices=choices, default=defaults[0])


def _float(section: Section) -> Domain | None:
    low, high, default = (
        section.scalar(key, number, missing=_missing(key)) for key in ("low", "high", "default")
    )
    step = section.scalar("step", number, missing="")
    log = section.scalar("log", truth, missing="") or False
    if low is None or high is None:
        return None
    if _is_range(section, low=low, high=high, step=step, log=log) and default is not None:
        _check_default(section, default, low=low, high=high, step=step)
    return None if default is None else FloatRange(low=low, high=high, default=default, log=log, step=step)


def _int(section: Section) -> Domain | None:
    low, high, default = (
        section.scalar(key, whole, missing=_missing(key)) for key in ("low", "high", "default")
    )
    step = section.scalar("step", whole, missing="")
    log = section.scalar("log", truth, missing="") or False
    if low is None or high is None:
        return None
    if _is_range(section, low=low, high=high, step=step, log=log) and default is not None:
        _check_default(section, default, low=low, high=high, step=step)
    return None if default is None else IntRange(low=low, high=high, default=default, log=log, step=step or 1)


def _missing(key: str) -> str:
    return _NO_DEFAULT if key == "default" else "missing; a range has low and high, both inclusive"


def _is_range(section: Section, *, low: float, high: float, step: float | None, log: bool) -> bool:
    n_before = len(section.faults)
    if not low < high:
        section.fault("low", f"{low:g} is not below high {high:g}; for one value write the value alone")
    if log and low <= 0:
        section.fault("low", f"{low} with log: true; a log range starts above 0, e.g. 1e-6")
    if log and step is not None:
        section.fault("step", "cannot be combined with log: true; drop one of them")
    elif step is not None and step <= 0:
        section.fault("step", f"{step:g} is not above 0")
    elif step is not None and low < high and not _on_step(high, low=low, step=step):
        fitting = low + step * math.floor((high - low) / step)
        section.fault("high", f"{high:g} is not low plus a number of steps of {step:g}; e.g. {fitting:g}")
    return len(section.faults) == n_before


def _check_default(section: Section, default: float, *, low: float, high: float, step: float | None) -> None:
    if not low <= default <= high:
        section.fault("default", f"{default:g} lies outside {low:g} to {high:g}; choose one inside")
    elif step is not None and not _on_step(default, low=low, step=step):
        section.fault("default", f"{default:g} is not low plus a number of steps of {step:g}")


def _on_step(value: float, *, low: float, step: float) -> bool:
    n_steps = (value - low) / step
    return abs(n_steps - round(n_steps)) < 1e-6  # decimal steps such as 0.1 are not exact in binary


_KINDS: Mapping[str, tuple[tuple[str, ...], Callable[[Section], Domain | None]]] = {
    "float": (("low", "high", "log", "step", "default"), _float),
    "int": (("low", "high", "log", "step", "default"), _int),
    "categorical": (("choices", "default"), _choice),
    "fixed": (("value",), _fixed),
}
