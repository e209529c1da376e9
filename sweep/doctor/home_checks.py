"""What must be true of a home's files: sound databases, nothing half written, no passwords."""

import re
from collections.abc import Iterator
from pathlib import Path

from sweep.database_file import check_database
from sweep.doctor.finding import Finding
from sweep.errors import UnavailableError
from sweep.paths import Home, half_written
from sweep.redaction import redacted

BUSY_TIMEOUT_S = 10.0
_BETWEEN_TEXTS = {".csv": re.compile(r'[",\n]')}
_OWN_FILES = ("config.json", "spool.jsonl", "owner.json", "trials.csv")


def check_home(home: Home, *, is_busy: bool) -> list[Finding]:
    """Check the files of a home.

    Args:
        home: to check.
        is_busy: whether a sweep runs in it; what is half written may then be on its way.

    Returns:
        Everything that should be otherwise.
    """
    return [*_databases(home), *_secrets(home), *([] if is_busy else _leftovers(home))]


def leftovers(home: Home) -> list[Path]:
    """Files that somebody who was killed was writing.

    Args:
        home: where no sweep runs.

    Returns:
        Them; never what belongs to a process that lives, e.g. of `sweep promote`.
    """
    return [
        path
        for path in half_written(home.root)
        if not path.is_relative_to(home.artifacts) or path.name.startswith(".")
    ]


def _databases(home: Home) -> Iterator[Finding]:
    for file in (home.mlflow_file, home.root / "optuna.db"):
        try:
            check_database(file, whose=file.stem, busy_timeout_s=BUSY_TIMEOUT_S)
        except UnavailableError as error:
            yield Finding(rule="database", where=file.name, text=str(error))


def _secrets(home: Home) -> Iterator[Finding]:
    for folder in sorted(home.sweeps.glob("*")):
        for name in _OWN_FILES:
            file = folder / name
            if file.is_file() and _has_secret(file):
                yield Finding(
                    rule="secret", where=f"{folder.name}/{name}", text="holds an address with a password"
                )


def _has_secret(file: Path) -> bool:
    between = _BETWEEN_TEXTS.get(file.suffix, re.compile('"'))
    with file.open(encoding="utf-8", errors="replace") as lines:
        return any(redacted(text) != text for line in lines for text in between.split(line))


def _leftovers(home: Home) -> Iterator[Finding]:
    for path in leftovers(home):
        yield Finding(
            rule="leftover",
            where=str(path.relative_to(home.root)),
            text="was being written when its writer was killed",
            is_fixable=True,
        )
