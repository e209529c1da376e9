"""A proxy before a real server that answers late, with errors, or not at all, as a test says."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Policy = Callable[[str, str, int], "Answer"]
HOP = {"connection", "transfer-encoding", "content-length", "date", "server", "host"}


@dataclass(frozen=True)
class Answer:
    """What becomes of a request.

    Args:
        status: of an error in place of the server's answer; 0 to ask the server.
        delay_s: before anything happens.
        is_lost: the server is asked, its answer is not passed on.
    """

    status: int = 0
    delay_s: float = 0.0
    is_lost: bool = False


@dataclass
class Proxy:
    """Passes requests on to a server.

    Args:
        target: its address.
        policy: takes method, path and how often this pair was asked before; says what becomes of it.
    """

    target: str
    policy: Policy = lambda _method, _path, _count: Answer()
    asked: dict[tuple[str, str], int] = field(default_factory=dict)
    troubles: int = 0

    def __post_init__(self) -> None:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                proxy._handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._lock = threading.Lock()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        key = (request.command, request.path.partition("?")[0])
        with self._lock:
            count = self.asked.get(key, 0)
            self.asked[key] = count + 1
        answer = self.policy(*key, count)
        self.troubles += answer != Answer()
        time.sleep(answer.delay_s)
        if answer.status:
            self._reply(request, answer.status, b"{}", {"Content-Type": "application/json"})
            return
        status, content, headers = self._ask(request, body)
        if answer.is_lost:
            request.close_connection = True
            request.connection.close()
        else:
            self._reply(request, status, content, headers)

    def _ask(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        asked = urllib.request.Request(
            self.target + request.path, data=body or None, headers=headers, method=request.command
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as reply:
                return reply.status, reply.read(), dict(reply.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), dict(error.headers)

    def _reply(
        self, request: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, str]
    ) -> None:
        request.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
