"""Names from files and users are shown as they are: the terminal obeys none of them."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from sweep.cli.literal import literal, say, text
from sweep.cli.live import LineObserver, LiveObserver, QuietObserver
from sweep.records import Status
from tests.conftest import Cli
from tests.data_folders import coco_json, coco_object, coco_set, write_image
from tests.making import a_result, a_spec

EVIL = "cone\x1b]0;owned\x07\x1b[2J\r\u202e[red]x[/red]"
SHOWN = "cone\\x1b]0;owned\\x07\\x1b[2J\\r\\u202e[red]x[/red]"


def test_control_characters_are_spelled_out_and_letters_stay() -> None:
    assert literal(EVIL) == SHOWN
    assert literal("şerit 道路 é\ttab\nline") == "şerit 道路 é\ttab\nline"


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(name: str) -> None:
    shown = literal(name)
    assert all(character in "\t\n" or character.isprintable() or ord(character) > 0x9F for character in shown)
    shown.encode()


def test_brackets_in_a_table_are_brackets() -> None:
    table = Table("name")
    table.add_row(text(EVIL))
    out = io.StringIO()
    Console(file=out, width=120, force_terminal=True, color_system="standard").print(table)
    assert SHOWN in out.getvalue()


def test_every_observer_shows_reasons_and_notices_literally(capsys: pytest.CaptureFixture[str]) -> None:
    failed = a_result(a_spec(), None, status=Status.FAILED, reason=f"exception: {EVIL}")
    out = io.StringIO()
    live = LiveObserver(Console(file=out, width=200, force_terminal=True))
    for observer in (QuietObserver(), LineObserver(), live):
        observer.notice(EVIL)
        observer.ending(EVIL)
        observer.trial_finished(a_spec(), failed)
    say(EVIL)
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert f"trial-000 failed: exception: {SHOWN}" in out.getvalue()
    assert "\x1b]0" not in out.getvalue()


def test_error_that_names_a_hostile_argument_shows_it_literally(cli: Cli) -> None:
    done = cli("run", "--task", "segmentation", "--data", EVIL, "--executor", "inline")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr + done.stdout
    assert "cone\\x1b" in done.stderr


@pytest.mark.parametrize("command", ["check", "stats"])
def test_classes_and_files_with_hostile_names_are_shown_literally(
    cli: Cli, tmp_path: Path, command: str
) -> None:
    categories = [{"id": 1, "name": EVIL}, {"id": 2, "name": "car"}]
    folder = coco_set(
        tmp_path / "track",
        train=coco_json(coco_object(), categories=categories),
        valid=coco_json(coco_object(), categories=categories),
    )
    write_image(folder / "train" / f"lonely{EVIL.replace('/', '_')}.png")
    done = cli("data", command, str(folder))
    assert "cone\\x1b" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x07" not in done.stdout + done.stderr
