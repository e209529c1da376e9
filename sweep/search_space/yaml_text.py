"""Writes a search space as the YAML it would be read from, with remarks above its lines."""

import re
from collections.abc import Sequence

from sweep.records import ParamValue
from sweep.search_space.definition import Parameter, SearchSpace
from sweep.search_space.domains import Choice, Domain, Fixed
from sweep.search_space.narrowing import Narrowed

WIDTH = 108
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_WORDS = {"true", "false", "null", "y", "yes", "n", "no", "on", "off", "inf", "infinity", "nan"}


def yaml_text(narrowed: Narrowed, *, head: Sequence[str], description: str) -> str:
    """Write a narrowed space.

    Args:
        narrowed: with a space.
        head: lines of comment at the top.
        description: one line.

    Returns:
        YAML that `load_space` reads.

    Raises:
        ValueError: it has no space.
    """
    space = narrowed.space
    if space is None:
        raise ValueError(narrowed.why_not)
    lines = [line for text in head for line in _comment(text, "")]
    lines += [f"task: {space.task}", f"trainer: {space.trainer}", f"description: {_scalar(description)}"]
    lines += [f"epochs: {space.epochs}", f"long_side_px: {space.long_side_px}", "parameters:"]
    for parameter in space.parameters:
        lines += _parameter(narrowed, parameter)
    return "\n".join(lines) + "\n"


def space_text(space: SearchSpace) -> str:
    """Write a space as it is.

    Args:
        space: any.

    Returns:
        YAML that `load_space` reads.
    """
    return yaml_text(Narrowed(space=space), head=(), description=space.description)


def _parameter(narrowed: Narrowed, parameter: Parameter) -> list[str]:
    remarks = list(narrowed.remarks(parameter))
    lines = [line for model, text in remarks if model is None for line in _comment(text, "  ")]
    domain = parameter.domain
    if isinstance(domain, Fixed) and not parameter.when and not parameter.by_model:
        return [*lines, f"  {parameter.name}: {_scalar(domain.value)}"]
    body = _body(domain)
    if parameter.when:
        conditions = ", ".join(f"{parent}: {_list(values)}" for parent, values in parameter.when.items())
        body = f"{body}, when: {{{conditions}}}"
    if not parameter.by_model:
        return [*lines, f"  {parameter.name}: {{{body}}}"]
    keys = [f"    {line}" for line in _split(body)]
    lines += [f"  {parameter.name}:", *keys, "    by_model:"]
    for model, own in parameter.by_model.items():
        lines += [line for of, text in remarks if of == model for line in _comment(text, "      ")]
        lines.append(f"      {model}: {{{_body(own)}}}")
    return lines


def _body(domain: Domain) -> str:
    if isinstance(domain, Fixed):
        return f"type: fixed, value: {_scalar(domain.value)}"
    if isinstance(domain, Choice):
        return f"type: categorical, choices: {_list(domain.choices)}, default: {_scalar(domain.default)}"
    return ", ".join(f"{key}: {_scalar(value)}" for key, value in domain.to_dict().items())  # type: ignore[arg-type]


def _split(body: str) -> list[str]:
    """Keys of a flow mapping, a line each; commas inside brackets do not count."""
    return re.split(r", (?=[a-z_]+: )(?![^\[{]*[\]}])", body)


def _list(values: Sequence[ParamValue]) -> str:
    return f"[{', '.join(map(_scalar, values))}]"


def _scalar(value: ParamValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return "'" + " ".join(value.split()).replace("'", "''") + "'"


def _comment(text: str, indent: str) -> list[str]:
    lines, line = [], f"{indent}#"
    for word in "".join(one if one.isprintable() else " " for one in text).split():
        if len(line) + len(word) + 1 > WIDTH:
            lines.append(line)
            line = f"{indent}#"
        line += f" {word}"
    return [*lines, line]
