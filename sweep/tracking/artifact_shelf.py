"""Artifacts of runs as files: where they lie if that is on this machine, else a copy of a bounded size.

Names come from whoever logged the run: only plain ones are taken, and nothing outside of the run's folder.
"""

import os
import re
import tempfile
import threading
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path

from sweep.errors import UnavailableError
from sweep.logged_run import LoggedRun
from sweep.tracking.run_source import RunSource

MOST_BYTES = 512 * 2**20
MOST_BYTES_OF_A_FILE = 64 * 2**20

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,127}")


class ArtifactShelf:
    """Files of runs.

    Args:
        source: where they come from.
        folder: of the copies, made at the first; None to make none.
        most_bytes: of all copies; the least lately used ones go first.
        most_bytes_of_a_file: a larger one is not fetched.
    """

    def __init__(
        self,
        source: RunSource,
        folder: Path | None,
        *,
        most_bytes: int = MOST_BYTES,
        most_bytes_of_a_file: int = MOST_BYTES_OF_A_FILE,
    ) -> None:
        self._source = source
        self._folder = folder
        self._most_bytes = most_bytes
        self._most_bytes_of_a_file = most_bytes_of_a_file
        self._lock = threading.Lock()

    def path(self, run: LoggedRun, path: str) -> Path | None:
        """Find a file among a run's artifacts.

        Args:
            run: whose.
            path: in its artifacts, e.g. `evaluation/montage.png`.

        Returns:
            A file to be read, not to be changed; None if there is none, it is too large, or its name is
            not a plain one.

        Raises:
            UnavailableError: it is not here, and the store cannot be used right now.
        """
        parts = path.split("/")
        if not all(_PART.fullmatch(part) for part in (run.run_id, *parts)):
            return None
        place = self._place_on_disk(run)
        if place is not None:
            return _inside(place, path, most_bytes=self._most_bytes_of_a_file)
        return self._copied(run, path)

    def forget(self, run: LoggedRun, path: str) -> None:
        """Throw a copy away, e.g. one that was made while the file was being written.

        Args:
            run: whose.
            path: in its artifacts.
        """
        if (copy := self._copy_of(run, path)) is not None:
            copy.unlink(missing_ok=True)

    def _place_on_disk(self, run: LoggedRun) -> Path | None:
        address = urllib.parse.urlsplit(run.artifact_uri)
        # What a server calls a file of its own is none of ours.
        if self._source.is_remote or address.scheme not in {"", "file"} or not run.artifact_uri:
            return None
        return Path(urllib.request.url2pathname(address.path) if address.scheme else run.artifact_uri)

    def _copy_of(self, run: LoggedRun, path: str) -> Path | None:
        # A resumed sweep's run ends at another time, with other files.
        return self._folder / run.run_id / str(run.ended_ms) / path if self._folder else None

    def _copied(self, run: LoggedRun, path: str) -> Path | None:
        copy = self._copy_of(run, path)
        if copy is None:
            return None
        with self._lock:
            if copy.is_file() and run.ended_ms:
                with suppress(OSError):
                    os.utime(copy)
                return copy
            folder, _, _ = path.rpartition("/")
            sizes = {str(item.path): item.file_size for item in self._source.files(run.run_id, folder)}
            n_bytes = sizes.get(path)
            if n_bytes is None or n_bytes > self._most_bytes_of_a_file:
                return None
            self._make_room(n_bytes)
            return self._fetched(run, path, copy)

    def _fetched(self, run: LoggedRun, path: str, copy: Path) -> Path | None:
        try:
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Of a file in a folder MLflow makes that folder, too, or not: as the store has it.
            with tempfile.TemporaryDirectory(dir=self._folder) as beside:
                fetched = self._source.download(run.run_id, path, into=Path(beside))
                if not fetched.is_file():
                    return None
                fetched.replace(copy)
        except OSError as error:
            raise UnavailableError(f"keeping a copy of {path} in {self._folder}: {error}") from error
        return copy

    def _make_room(self, n_bytes: int) -> None:
        if self._folder is None:
            return
        files = [(found.stat(), found) for found in self._folder.rglob("*") if found.is_file()]
        total = sum(stat.st_size for stat, _ in files) + n_bytes
        for stat, found in sorted(files, key=lambda pair: pair[0].st_mtime):
            if total <= self._most_bytes:
                return
            with suppress(OSError):
                found.unlink()
                total -= stat.st_size


def _inside(place: Path, path: str, *, most_bytes: int) -> Path | None:
    try:
        found = (place / path).resolve(strict=True)
        is_fine = found.is_relative_to(place.resolve()) and found.is_file()
        return found if is_fine and found.stat().st_size <= most_bytes else None
    except OSError:
        return None
