"""How a model gets into Production, and back: a gate, and named steps each of which can be repeated."""

from sweep.promotion.gate import RULES, Case, Decision, Limits, Rule, decide
from sweep.promotion.promoting import (
    Judge,
    Promotion,
    Question,
    promote_best,
    promote_version,
    registered_candidate,
)
from sweep.promotion.rollback import Restored, roll_back
from sweep.promotion.steps import (
    PROMOTION,
    REGISTRATION,
    STEPS,
    Candidate,
    ChampionChangedError,
    Step,
    walk,
)

__all__ = [
    "PROMOTION",
    "REGISTRATION",
    "RULES",
    "STEPS",
    "Candidate",
    "Case",
    "ChampionChangedError",
    "Decision",
    "Judge",
    "Limits",
    "Promotion",
    "Question",
    "Restored",
    "Rule",
    "Step",
    "decide",
    "promote_best",
    "promote_version",
    "registered_candidate",
    "roll_back",
    "walk",
]
