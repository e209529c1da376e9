"""Search spaces: YAML files that say what a sweep varies, checked against the catalog. No torch."""

from sweep.search_space.checking import check_metric, fixed_fault
from sweep.search_space.definition import MODEL_NAME, Parameter, SearchSpace
from sweep.search_space.domains import Choice, Domain, Draw, Fixed, FloatRange, IntRange
from sweep.search_space.fixing import fix
from sweep.search_space.loading import builtin_names, load_space, stored_space
from sweep.search_space.narrowing import FEWEST, Narrowed, Tried, narrow
from sweep.search_space.yaml_text import space_text, yaml_text

__all__ = [
    "FEWEST",
    "MODEL_NAME",
    "Choice",
    "Domain",
    "Draw",
    "Fixed",
    "FloatRange",
    "IntRange",
    "Narrowed",
    "Parameter",
    "SearchSpace",
    "Tried",
    "builtin_names",
    "check_metric",
    "fix",
    "fixed_fault",
    "load_space",
    "narrow",
    "space_text",
    "stored_space",
    "yaml_text",
]
