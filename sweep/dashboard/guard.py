"""Lets nobody but the dashboard's own page in: neither another host's name nor another page's connection.

A name of somebody else's that leads to this machine (DNS rebinding) comes as another Host, a page elsewhere
that connects to this server as another Origin (cross-site WebSocket hijacking): RFC 9110 7.2, RFC 6455 10.2.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

HOSTS = frozenset({"localhost", "127.0.0.1"})


class OwnPageOnly:
    """Refuses requests and connections of others.

    Args:
        app: asked for the rest.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; as ASGI has it."""
        if scope["type"] == "lifespan" or is_own(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await Response(status_code=403)(scope, receive, send)


def is_own(headers: Headers) -> bool:
    """Say whether a request is for this machine and, if a page made it, for that page's own server.

    Args:
        headers: of the request.

    Returns:
        False without a Host, with another one's, or with the Origin of another page.
    """
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if len(hosts) != 1 or len(origins) > 1:
        return False
    try:
        name = urlsplit(f"//{hosts[0]}").hostname
    except ValueError:
        return False
    return name in HOSTS and all(origin == f"http://{hosts[0]}" for origin in origins)
