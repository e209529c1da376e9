"""The table of docs/reliability.md is whole, and every test that it names exists."""

import ast
import re
from functools import cache

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
N_ROWS = {"A": 17, "B": 18, "C": 18, "D": 13, "E": 20, "F": 14}
LEAST_PROVEN = 75


def rows() -> dict[str, tuple[str, ...]]:
    """Cells of each row by its number."""
    found: dict[str, tuple[str, ...]] = {}
    for line in PAGE.splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split(" | "))
        if match := re.fullmatch(r"\|? ?([A-F]\d+)", cells[0]):
            assert match[1] not in found, f"{match[1]} stands twice"
            found[match[1]] = cells[1:]
    return found


@cache
def functions_of(file: str) -> frozenset[str]:
    """Names of the test functions of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_there_is_a_row_for_each_of_the_hundred_faults() -> None:
    expected = [f"{section}{number + 1}" for section, count in N_ROWS.items() for number in range(count)]
    assert len(expected) == 100
    assert list(rows()) == expected
    assert {len(cells) for cells in rows().values()} == {3}


@pytest.mark.parametrize("number", list(rows()))
def test_every_named_test_exists_and_a_row_without_one_says_not_yet(number: str) -> None:
    _, true, proof = rows()[number]
    named = re.findall(r"`(tests/\w+\.py)::(test_\w+)`", proof)
    assert bool(named) != true.startswith("not yet: "), f"{number}: {true} / {proof}"
    for file, name in named:
        assert name in functions_of(file), f"{number}: {file}::{name} does not exist"


def test_most_rows_are_proven() -> None:
    proven = [number for number, (_, true, _) in rows().items() if not true.startswith("not yet: ")]
    assert len(proven) >= LEAST_PROVEN
