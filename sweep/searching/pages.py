"""optuna-dashboard for eyes: `python -m sweep.searching.pages PORT ARTIFACTS LOCK`, storage in SWEEP_STORAGE.

The dashboard of Optuna has no login, and whoever can open its page can delete a study. Served from here it
shows everything and takes notes; deleting, renaming and telling are answered with 403, and so is a request
whose Host header is not this machine's own (DNS rebinding).
"""

import os
import re
import socketserver
import sys
import wsgiref.simple_server
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from optuna.artifacts import FileSystemArtifactStore
from optuna_dashboard import wsgi

from sweep.errors import SweepError
from sweep.searching.storage import open_storage

HOST = "127.0.0.1"
PATIENCE_S = 10.0  # a note is not worth five minutes of waiting
LOOKS = {"GET", "HEAD"}
NOTE = re.compile(r"/api/studies/\d+(/\d+)?/note/?")


class EyesOnly:
    """Lets through what changes nothing, and notes.

    Args:
        app: optuna-dashboard.
        port: it is served at.
    """

    def __init__(self, app: WSGIApplication, port: int) -> None:
        self._app = app
        self._hosts = {f"{host}:{port}" for host in (HOST, "localhost")}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if environ.get("HTTP_HOST") not in self._hosts:
            return _refused(start_response, "this page answers on this machine only")
        method, path = str(environ["REQUEST_METHOD"]), str(environ.get("PATH_INFO", ""))
        if method in LOOKS or (method == "PUT" and NOTE.fullmatch(path)):
            return self._app(environ, start_response)
        return _refused(
            start_response, "`sweep ui` shows studies and takes notes; `sweep rm` removes a sweep"
        )


def _refused(start_response: StartResponse, why: str) -> Iterable[bytes]:
    start_response("403 Forbidden", [("Content-Type", "application/json")])
    return [f'{{"reason": "{why}"}}'.encode()]


class _Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class _Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Not worth a line each."""


def main(argv: list[str]) -> int:
    """Serve the studies of a storage until this process is ended.

    Args:
        argv: port, folder of artifacts, file that is locked while the storage is opened.

    Returns:
        The exit code, if it cannot be served.
    """
    port = int(argv[0])
    try:
        storage = open_storage(os.environ["SWEEP_STORAGE"], init_lock=Path(argv[2]), patience_s=PATIENCE_S)
    except SweepError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    app = EyesOnly(wsgi(storage, FileSystemArtifactStore(argv[1])), port)
    with wsgiref.simple_server.make_server(
        HOST, port, app, server_class=_Server, handler_class=_Quiet
    ) as server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
