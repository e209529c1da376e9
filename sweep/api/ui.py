"""`sweep ui`: dashboard, optuna-dashboard and MLflow UI on loopback, started and stopped together."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sweep.api.ui_servers import KEYS, TITLES, USUAL_PORTS, Places, is_remote, server_of
from sweep.database_file import is_fresh, sqlite_file
from sweep.errors import InputError, SweepError, UnavailableError
from sweep.paths import Home
from sweep.ports import Observer
from sweep.redaction import redacted
from sweep.serving import Server, ServerProcess, free_ports, starting_alone
from sweep.wiring.addresses import address_in
from sweep.wiring.stored import HIDDEN, read_stored, sweep_names

START_S = 120.0
POLL_S = 0.2
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Something to open in a browser.

    Args:
        key: "dashboard", "optuna" or "mlflow".
        title: what it is.
        address: without password.
        is_ours: whether it was started here; a server elsewhere is linked only.
    """

    key: str
    title: str
    address: str
    is_ours: bool


class Pages:
    """Pages that are open, until the first of their servers ends.

    Args:
        pages: in the order in which they are shown.
        processes: of those that were started here.
        n_sweeps: how many sweeps there are to look at.
    """

    def __init__(self, pages: Sequence[Page], processes: Sequence[ServerProcess], n_sweeps: int) -> None:
        self.pages = tuple(pages)
        self.n_sweeps = n_sweeps
        self._processes = tuple(processes)

    @property
    def is_served(self) -> bool:
        """Whether anything was started here."""
        return bool(self._processes)

    def wait(self) -> None:
        """Wait for as long as all of them run.

        Raises:
            UnavailableError: one has ended; its last lines are in the message.
        """
        while self._processes:
            for process in self._processes:
                if not process.is_alive:
                    raise UnavailableError(
                        f"{process.server.title} has ended, so the others were stopped as well. "
                        f"Its last lines:\n{process.last_words}"
                    )
            time.sleep(POLL_S)


@contextmanager
def open_pages(
    observer: Observer,
    *,
    environ: Mapping[str, str],
    only: str | None = None,
    port: int | None = None,
    home: str | None = None,
    storage: str | None = None,
    tracking_uri: str | None = None,
) -> Iterator[Pages]:
    """Start the servers, and stop them in the end.

    Args:
        observer: told what is started.
        environ: the environment, for addresses that are not given.
        only: "dashboard", "optuna" or "mlflow"; None for all three.
        port: of the first one; None for the usual ones.
        home: where the sweeps lie; None for the environment's or `mlruns/`.
        storage: Optuna's storage; None for the environment's, the home's, or what the latest sweep used.
        tracking_uri: MLflow's store, likewise.

    Yields:
        The pages, when each of them answers.

    Raises:
        InputError: nothing was run there yet, a part is not installed, or the port is taken.
        UnavailableError: a server does not start.
    """
    where = Home.at(home)
    places = Places(
        home=where,
        storage=_address(where, "storage", storage or address_in(environ, "storage")),
        tracking_uri=_address(where, "tracking_uri", tracking_uri or address_in(environ, "tracking_uri")),
    )
    keys = _wanted(places, only, observer)
    if "optuna" in keys:
        _say_what_is_elsewhere(places, observer)
    ours = [key for key in keys if key != "mlflow" or not is_remote(places.tracking_uri)]
    running: list[ServerProcess] = []
    try:
        with starting_alone():
            ports = free_ports([USUAL_PORTS[key] for key in ours], port) if ours else []
            by_key = dict(zip(ours, ports, strict=True))
            servers = [server_of(key, places, by_key, os.environ) for key in ours]
            running.extend(ServerProcess(server) for server in servers)
            _until_all_answer(running, observer)
        pages = [_page(key, places, servers) for key in keys]
        yield Pages(pages, running, len(sweep_names(where)))
    finally:
        observer.phase("stopping")
        for process in running:
            process.ask_to_end()
        for process in running:
            process.end()


def _address(home: Home, key: str, given: str | None) -> str:
    """Where a database is: as given, else the home's own, else what the latest sweep of the home used."""
    own = home.optuna_url if key == "storage" else home.mlflow_url
    file = sqlite_file(own)
    if given is not None or (file is not None and not is_fresh(file)):
        return given or own
    for name in sweep_names(home)[:1]:
        used = str(read_stored(home, name).settings.get(key) or own)
        if HIDDEN in used:
            raise InputError(
                f"--{key.replace('_', '-')}: the sweep {name} used {used}; passwords are stored nowhere, so "
                f"give the address again, best in SWEEP_{key.upper()}"
            )
        return used
    return own


def _wanted(places: Places, only: str | None, observer: Observer) -> list[str]:
    if only is not None and only not in KEYS:
        raise InputError(f"--only {only}: there are {', '.join(KEYS)}")
    keys = [only] if only else list(KEYS)
    missing = {key: file for key in keys if (file := _missing(places, key)) is not None}
    if missing and (only or "mlflow" in missing):
        raise InputError(
            f"nothing was run in {places.home.root} yet: {next(iter(missing.values()))} is not there. "
            "`sweep run` starts a sweep; --home, --storage and --tracking-uri name other places"
        )
    for key, file in missing.items():
        observer.notice(f"{TITLES[key]} is left out: {file} is not there")
    return [key for key in keys if key not in missing]


def _say_what_is_elsewhere(places: Places, observer: Observer) -> None:
    """optuna-dashboard shows one storage; a sweep may have used another one."""
    used: dict[str, list[str]] = {}
    for name in sweep_names(places.home):
        with suppress(InputError):
            address = str(read_stored(places.home, name).settings.get("storage") or places.home.optuna_url)
            used.setdefault(address, []).append(name)
    for address, names in used.items():
        if address not in {places.storage, redacted(places.storage)}:
            shown = ", ".join(names[:MOST_NAMED]) + (" ..." if len(names) > MOST_NAMED else "")
            observer.notice(
                f"optuna-dashboard does not show {shown}, of the storage {redacted(address)}; "
                "--storage shows that one (the dashboard shows both)"
            )


def _missing(places: Places, key: str) -> object:
    """The database file that a page needs and that is not there: a library would make an empty one."""
    file = sqlite_file(places.storage if key == "optuna" else places.tracking_uri)
    return file if file is not None and is_fresh(file) else None


def _page(key: str, places: Places, servers: Sequence[Server]) -> Page:
    own = next((server.address for server in servers if server.key == key), None)
    address = own or redacted(places.tracking_uri)
    return Page(key=key, title=TITLES[key], address=address, is_ours=own is not None)


def _until_all_answer(processes: Sequence[ServerProcess], observer: Observer) -> None:
    until = time.monotonic() + START_S
    waiting = list(processes)
    while waiting:
        names = " and ".join(process.server.title for process in waiting)
        observer.phase(f"starting {names}", len(processes) - len(waiting), len(processes))
        for process in waiting:
            if not process.is_alive:
                raise _not_started(process, "ended while it started")
        if time.monotonic() > until:
            raise _not_started(waiting[0], f"does not answer after {START_S:g} s")
        waiting = [process for process in waiting if not process.answers]
        time.sleep(POLL_S if waiting else 0)
    observer.phase("all answer", len(processes), len(processes))


def _not_started(process: ServerProcess, what: str) -> SweepError:
    return UnavailableError(
        f"{process.server.title} {what}; everything was stopped. Its last lines:\n{process.last_words}"
    )
