"""What too few complete trials cannot say: importance, maps, and how values do that were only pruned."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from sweep.records import ParamValue, Status
from sweep.report.material import Figures, Material
from sweep.report.words import number_of
from sweep.search_space import Choice, SearchSpace
from sweep.summary import effective_params

FEWEST_COMPLETE = 10
TRIALS_A_PARAMETER = 2
"""A forest that splits the trials' differences among parameters has nothing to split with fewer."""
INFERRED = {"importance": "importance of parameters", "contour": "maps over pairs of parameters"}
"""Figures that infer something; the others show the trials as they are."""
FEWEST_PRUNED = 3
"""Pruned trials of a value from which on its absence among complete ones is worth a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverComplete:
    """A choice that some trials had, all of which were pruned, while others of the parameter completed.

    Args:
        name: of the parameter.
        value: the choice.
        n_pruned: trials that had it.
    """

    name: str
    value: ParamValue
    n_pruned: int

    def __str__(self) -> str:
        return f"{self.name} {self.value} (all {self.n_pruned} pruned)"


def fewest_complete(n_varied: int) -> int:
    """Say how many complete trials importance and maps need.

    Args:
        n_varied: parameters in which the complete trials differ.

    Returns:
        Two a parameter, and ten at least.
    """
    return max(FEWEST_COMPLETE, TRIALS_A_PARAMETER * n_varied)


def without_guesses(figures: Figures, *, n_complete: int, n_varied: int) -> Figures:
    """Leave out the figures that would infer something from too few trials.

    Args:
        figures: all that could be drawn.
        n_complete: complete trials.
        n_varied: parameters in which they differ.

    Returns:
        The rest; what was left out says why.
    """
    needed = fewest_complete(n_varied)
    left_out = [name for name in INFERRED if name in figures.by_name]
    if n_complete >= needed or not left_out:
        return figures
    count = number_of(n_complete, "trial")
    what = number_of(n_varied, "parameter")
    differ = "differs" if n_varied == 1 else "differ"
    why = (
        f"{count} completed, and {needed} are needed to tell apart what {what} did that {differ} between "
        f"them ({TRIALS_A_PARAMETER} a parameter, {FEWEST_COMPLETE} at least)"
    )
    return dataclasses.replace(
        figures,
        by_name={name: text for name, text in figures.by_name.items() if name not in left_out},
        missing=dict(figures.missing) | {name: f"{INFERRED[name]}: {why}" for name in left_out},
    )


def never_complete(material: Material) -> list[NeverComplete]:
    """Find choices that only pruned trials have: comparisons of complete trials know nothing of them.

    Args:
        material: of the report.

    Returns:
        Them, parameter by parameter.
    """
    complete = [effective_params(trial.spec) for trial in material.having(Status.COMPLETE)]
    pruned = [effective_params(trial.spec) for trial in material.having(Status.PRUNED)]
    found = []
    for name in _choices(material.space):
        known = {params[name] for params in complete if name in params}
        if not known:
            continue
        tried = [params[name] for params in pruned if name in params]
        for value in dict.fromkeys(tried):
            if value not in known and tried.count(value) >= FEWEST_PRUNED:
                found.append(NeverComplete(name=name, value=value, n_pruned=tried.count(value)))
    return found


def _choices(space: SearchSpace | None) -> Iterator[str]:
    for parameter in space.parameters if space is not None else ():
        if any(isinstance(domain, Choice) for _, domain in parameter.domains()):
            yield parameter.name
