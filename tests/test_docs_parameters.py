"""The table of parameters in docs/search-spaces.md says what the catalog says, no more and no less."""

from rccar_models.cache import suggested_size
from rccar_models.formats import open_data
from sweep.catalog import MODELS, TRAINERS, Option
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "search-spaces.md").read_text(encoding="utf-8")
Row = tuple[str, str, str, str]


def documented() -> list[Row]:
    """Name, range, default and owner of each row."""
    table = PAGE.partition("## All parameters")[2].partition("\n## ")[0]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [(row[0], row[2], row[3], row[4]) for row in rows if len(row) == 5][2:]


def offered() -> list[Row]:
    """The same of every option that a space can name."""
    shared = TRAINERS.get("torch").options
    faults = [option for option in TRAINERS.get("stand_in").options if option not in shared]
    return [
        *(row(option, option.task or "all") for option in shared),
        *(row(option, model.name) for model in MODELS for option in model.options),
        *(row(option, "stand_in") for option in faults),
    ]


def row(option: Option, owner: str) -> Row:
    limits = ", ".join(option.choices) if option.choices else f"{number(option.low)} to {number(option.high)}"
    return option.name, limits, number(option.default), owner


def number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_table_of_parameters_names_every_option_with_its_range_and_default() -> None:
    assert sorted(documented()) == sorted(offered())


def test_example_of_a_rounded_size_is_what_the_program_does() -> None:
    """The drawn frames are 4:3, as 640x480 is."""
    height, width = open_data("demo", "segmentation").splits["train"][0].read().image.shape[:2]
    assert width * 480 == height * 640
    assert suggested_size(open_data("demo", "segmentation"), 160) == (160, 128)
    assert "640x480 become 160x128" in " ".join(PAGE.split())
