"""Guard a whole ASGI application (Starlette, FastAPI, any other) by a table of rows. Source: ASGI 3.0.

WebSockets are refused: rows speak of requests. Put it outside every middleware
that changes method or path, and inside the one that answers CORS preflights.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from . import refusals
from .asynchronous import AsyncDoorward
from .bearer import Admitted, presented
from .refusals import Refusal
from .rows import Public, Row, Table

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
ADMITTED = "doorward.admitted"
"""Key of the scope that holds :class:`Admitted`."""
_POLICY_VIOLATION = 1008


class ASGIGuard:
    """Middleware around *app*: each request passes as its row in *rows* is permitted, and not otherwise."""

    def __init__(self, app: App, client: AsyncDoorward, rows: Iterable[Row | Public]) -> None:
        self._app, self._client, self._table = app, client, Table(rows)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        passed = await self._judge(scope)
        if isinstance(passed, Refusal):
            return await respond(passed, send, body=scope["method"] != "HEAD")
        scope[ADMITTED] = passed
        return await self._app(scope, receive, send)

    async def _judge(self, scope: Scope) -> Admitted | Refusal | None:
        """Return who is let in (None for a public row), or why the request does not pass."""
        row = self._table.find(scope["method"], _route(scope))
        if row is None or b"%" in (scope.get("raw_path") or b""):
            return refusals.not_listed()
        if isinstance(row, Public):
            return None
        who = presented(authorization(scope))
        if who is None:
            return refusals.no_token()
        decision = await self._client.check(who.subject, row.action, row.resource, token=who.token)
        return Admitted(who.subject, decision) if decision.permitted else refusals.refused(decision)


def authorization(scope: Scope) -> list[str]:
    """Return the values of all `Authorization` fields."""
    return [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]


async def respond(refusal: Refusal, send: Send, *, body: bool = True) -> None:
    """Send *refusal*, without its *body* to HEAD."""
    fields = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in refusal.fields]
    await send({"type": "http.response.start", "status": refusal.status, "headers": fields})
    await send({"type": "http.response.body", "body": refusal.body if body else b""})


def _route(scope: Scope) -> str:
    """Return the path that routes are compared with: what is behind the root path, as in Starlette."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    behind = path.removeprefix(root)
    return behind if not behind or behind.startswith("/") else path
