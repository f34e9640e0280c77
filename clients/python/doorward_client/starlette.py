"""Guard single endpoints of Starlette and FastAPI. For a whole application see ``asgi``.

Needs the extra `starlette`. The endpoint names its `request`, as for Starlette's own `requires`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from . import refusals
from .asynchronous import AsyncDoorward
from .bearer import Admitted, presented
from .refusals import Refusal

Endpoint = Callable[..., Awaitable[Any]]


class Guard:
    """Makes decorators that ask *client* first. ``request.state.doorward`` then says who was let in."""

    def __init__(self, client: AsyncDoorward) -> None:
        self._client = client

    def __call__(
        self, action: str, resource: str | Callable[[Request], str]
    ) -> Callable[[Endpoint], Endpoint]:
        """Return a decorator: who sends a token may do *action* on *resource*, or the endpoint does not run.

        *resource* is `type:id`, or called with the request. The decorator stands
        below `@app.get(...)`. Raises TypeError for an endpoint that is not
        `async def` or has no parameter `request`.
        """

        def decorate(endpoint: Endpoint) -> Endpoint:
            names = list(inspect.signature(endpoint).parameters)
            if not inspect.iscoroutinefunction(endpoint) or "request" not in names:
                raise TypeError("a guarded endpoint is `async def` and has a parameter `request`")
            place = names.index("request")

            @wraps(endpoint)
            async def guarded(*args: Any, **kwargs: Any) -> Any:
                request = kwargs["request"] if "request" in kwargs else args[place]
                named = resource if isinstance(resource, str) else resource(request)
                passed = await self._judge(request, action, named)
                if isinstance(passed, Refusal):
                    return Response(passed.body, passed.status, dict(passed.fields))
                request.state.doorward = passed
                return await endpoint(*args, **kwargs)

            return guarded

        return decorate

    async def _judge(self, request: Request, action: str, resource: str) -> Admitted | Refusal:
        who = presented(request.headers.getlist("authorization"))
        if who is None:
            return refusals.no_token()
        decision = await self._client.check(who.subject, action, resource, token=who.token)
        return Admitted(who.subject, decision) if decision.permitted else refusals.refused(decision)
