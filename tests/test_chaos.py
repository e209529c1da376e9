"""A sweep that meets each fault in turn, and some together, is resumed until it is done: nothing is lost."""

import random
from pathlib import Path

import pytest

from tests.chaos import FAULTS, SERVER_FAULTS, Bed, Served, torment

pytestmark = pytest.mark.long


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_sweep_is_done_in_the_end_whatever_fault_it_meets(tmp_path: Path, fault: str) -> None:
    torment(Bed(tmp_path, random.Random(5)), [fault])


@pytest.mark.parametrize("seed", [11])
def test_sweep_is_done_in_the_end_after_several_faults(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    torment(Bed(tmp_path, chance, n_workers=1), ["kill_coordinator", *chance.choices(sorted(FAULTS), k=2)])


def test_sweep_is_done_in_the_end_whatever_its_server_does(tmp_path: Path) -> None:
    served = Served(tmp_path / "server")
    try:
        torment(Bed(tmp_path, random.Random(5), served=served), sorted(SERVER_FAULTS))
    finally:
        served.close()
