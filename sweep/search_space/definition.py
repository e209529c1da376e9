"""A search space: what a sweep draws its trials from, and the default configuration it starts with."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from sweep.errors import InputError
from sweep.records import ParamValue
from sweep.search_space.domains import Choice, Domain, Draw, Fixed

MODEL_NAME = "model_name"
MAX_GRID = 10_000
"""Points. A longer grid is a space that was not meant for `--sampler grid`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One thing that varies, or is fixed.

    Args:
        name: as the trainer or the model knows it.
        domain: what it may be.
        when: values of other parameters under which it exists; all must hold.
        by_model: what it may be for some models instead.
    """

    name: str
    domain: Domain
    when: Mapping[str, tuple[ParamValue, ...]] = field(default_factory=dict)
    by_model: Mapping[str, Domain] = field(default_factory=dict)

    def is_active(self, params: Mapping[str, ParamValue]) -> bool:
        """Say whether it exists beside other values.

        Args:
            params: values of the parameters before it.

        Returns:
            True if every condition holds.
        """
        return all(parent in params and params[parent] in values for parent, values in self.when.items())

    def domain_for(self, model: object) -> Domain:
        """What it may be for a model.

        Args:
            model: the model's name.

        Returns:
            The model's own range if it has one.
        """
        return self.by_model.get(str(model), self.domain)

    def drawn_name(self, model: object) -> str:
        """Name it is drawn under, so that a name's distribution is the same in all trials.

        Args:
            model: the model's name.

        Returns:
            `lr`, or `lr@MODEL` if the model has its own range.
        """
        return f"{self.name}@{model}" if str(model) in self.by_model else self.name

    def domains(self) -> Iterator[tuple[str | None, Domain]]:
        """Every domain with the model it belongs to, None for all others."""
        yield None, self.domain
        yield from self.by_model.items()

    def to_dict(self) -> dict[str, object]:
        """As in the YAML file."""
        body = self.domain.to_dict()
        if self.when:
            body["when"] = {parent: list(values) for parent, values in self.when.items()}
        if self.by_model:
            body["by_model"] = {model: domain.to_dict() for model, domain in self.by_model.items()}
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpace:
    """What a sweep draws from.

    Args:
        name: of the built-in space or the file.
        task: "segmentation" or "detection".
        trainer: whose options the parameters are.
        epochs: of a trial, where `--epochs` does not say otherwise.
        long_side_px: longer side of the frames, where `--image-size` does not say otherwise; the aspect
            ratio is the data's.
        parameters: `model_name` first, every parent before its children.
        description: one line.
    """

    name: str
    task: str
    trainer: str
    epochs: int
    long_side_px: int
    parameters: tuple[Parameter, ...]
    description: str = ""

    def parameter(self, name: str) -> Parameter | None:
        """Find a parameter.

        Args:
            name: as in the file.

        Returns:
            It, or None.
        """
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    def models(self) -> tuple[str, ...]:
        """Names of the models a trial may have."""
        parameter = self.parameter(MODEL_NAME)
        return tuple(str(value) for value in parameter.domain.points()) if parameter else ()

    def default(self) -> dict[str, ParamValue]:
        """The stated default configuration: the first trial of every sweep.

        Returns:
            Values of all active parameters, `model_name` among them.
        """
        return self._walk(lambda _name, domain: domain.default)

    def suggest(self, draw: Draw) -> dict[str, ParamValue]:
        """Draw a trial's parameters.

        Args:
            draw: e.g. an adapted Optuna trial.

        Returns:
            Values of all active parameters, fixed ones and `model_name` among them.
        """
        return self._walk(lambda name, domain: domain.draw(name, draw))

    def stored(self, params: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
        """Translate a trial's parameters into what was drawn, e.g. to enqueue them.

        Args:
            params: as `default`, `suggest` or `grid` gave them.

        Returns:
            Values by the name they are drawn under; fixed ones are left out.
        """
        model = params.get(MODEL_NAME)
        return {
            parameter.drawn_name(model): params[parameter.name]
            for parameter in self.parameters
            if parameter.name in params and not isinstance(parameter.domain_for(model), Fixed)
        }

    def grid(self) -> list[dict[str, ParamValue]]:
        """Every point of the space's grid.

        Returns:
            The default configuration, then all other points in the order of the file, the last parameter
            varying fastest. A range without steps gives its ends and its middle.

        Raises:
            InputError: there are more than MAX_GRID points.
        """
        points = list(islice(_points(self.parameters, {}), MAX_GRID + 1))
        if len(points) > MAX_GRID:
            raise InputError(
                f"{self.name}: the grid has more than {MAX_GRID:,} points; fix some parameters, give "
                "ranges a larger step, or use another --sampler"
            )
        default = self.default()
        return [default, *(point for point in points if point != default)]

    def to_dict(self) -> dict[str, object]:
        """As in the YAML file, so that it can be stored as JSON and read again."""
        return {
            "task": self.task,
            "trainer": self.trainer,
            "description": self.description,
            "epochs": self.epochs,
            "long_side_px": self.long_side_px,
            "parameters": {parameter.name: parameter.to_dict() for parameter in self.parameters},
        }

    def fingerprint(self) -> str:
        """Identity of what is drawn: sha256 of the canonical JSON without the description."""
        body = self.to_dict()
        del body["description"]
        return hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()

    def _walk(self, value_of: Callable[[str, Domain], ParamValue]) -> dict[str, ParamValue]:
        params: dict[str, ParamValue] = {}
        for parameter in self.parameters:
            if parameter.is_active(params):
                model = params.get(MODEL_NAME)
                params[parameter.name] = value_of(parameter.drawn_name(model), parameter.domain_for(model))
        return params


def values_of(parameter: Parameter) -> tuple[ParamValue, ...] | None:
    """Every value that a condition can name.

    Args:
        parameter: the parent.

    Returns:
        Its choices or its fixed value, for all models; None if it is a range.
    """
    domains = [domain for _, domain in parameter.domains()]
    if not all(isinstance(domain, Choice | Fixed) for domain in domains):
        return None
    return tuple(dict.fromkeys(value for domain in domains for value in domain.points()))


def _points(
    parameters: tuple[Parameter, ...], params: dict[str, ParamValue]
) -> Iterator[dict[str, ParamValue]]:
    if not parameters:
        yield params
        return
    first, rest = parameters[0], parameters[1:]
    if not first.is_active(params):
        yield from _points(rest, params)
        return
    for value in first.domain_for(params.get(MODEL_NAME)).points():
        yield from _points(rest, {**params, first.name: value})
