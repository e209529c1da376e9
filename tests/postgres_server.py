"""A real PostgreSQL server on loopback that a test can kill and start again on the same data."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

PASSWORD = "S3CR3T"
START_S = 60


def binaries() -> Path | None:
    """Where the server's programs lie, None if they are not on this machine."""
    if (found := shutil.which("pg_ctl")) is not None:
        return Path(found).resolve().parent
    # Debian keeps those of each version in a folder that is on nobody's path.
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return versions[-1].parent if versions else None


class PostgresServer:
    """One server with a database `sweeps` of the user `sweep`, in a folder that its own user may read."""

    def __init__(self) -> None:
        programs = binaries()
        assert programs is not None
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="sweep-postgres-"))
        # The server refuses to run as root.
        self._user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._user:
            shutil.chown(self._folder, **self._user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://sweep:{PASSWORD}@127.0.0.1:{self.port}/sweeps"

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def create(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run("initdb", "-D", self._data, "-U", "sweep", "-A", "scram-sha-256", f"--pwfile={secret}")
        self.start()
        self.create_database("sweeps")

    def create_database(self, name: str) -> None:
        words = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "sweep", name)
        self._run("createdb", *words, env={"PGPASSWORD": PASSWORD})

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", self._data, "-l", log, "-o", options, "-w", "-t", str(START_S), "start")

    def kill(self) -> None:
        """End it as a crash does: no farewell to its clients."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def dump(self, name: str) -> str:
        """Everything in a database, as text."""
        words = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "sweep", name)
        return self._run("pg_dump", *words, env={"PGPASSWORD": PASSWORD})

    def remove(self) -> None:
        if (self._folder / "data" / "postmaster.pid").exists():
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *words: str, env: dict[str, str] | None = None) -> str:
        with tempfile.TemporaryFile() as said:  # a pipe would stay open in the server
            done = subprocess.run(
                [str(self._programs / program), *words],
                env=os.environ | (env or {}),
                cwd=self._folder,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=START_S * 2,
                check=False,
                **self._user,  # type: ignore[arg-type]
            )
            said.seek(0)
            text = said.read().decode(errors="replace")
        assert done.returncode == 0, f"{program}: {text}"
        return text
