"""Guard single views of Flask. For a whole application see ``wsgi``. Needs the extra `flask`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, g, request

from . import refusals
from .bearer import Admitted, presented
from .refusals import Refusal
from .synchronous import Doorward

View = Callable[..., Any]


class Guard:
    """Makes decorators that ask *client* before a view runs. ``g.doorward`` then says who was let in."""

    def __init__(self, client: Doorward) -> None:
        self._client = client

    def __call__(self, action: str, resource: str | Callable[..., str]) -> Callable[[View], View]:
        """Return a decorator: who sends a token may do *action* on *resource*, or the view does not run.

        *resource* is `type:id`, or called with the arguments of the route. The
        decorator stands below `@app.get(...)`.
        """

        def decorate(view: View) -> View:
            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                named = resource if isinstance(resource, str) else resource(*args, **kwargs)
                passed = self._judge(action, named)
                if isinstance(passed, Refusal):
                    return Response(passed.body, passed.status, list(passed.fields))
                g.doorward = passed
                return current_app.ensure_sync(view)(*args, **kwargs)

            return guarded

        return decorate

    def _judge(self, action: str, resource: str) -> Admitted | Refusal:
        who = presented(request.headers.getlist("Authorization"))
        if who is None:
            return refusals.no_token()
        decision = self._client.check(who.subject, action, resource, token=who.token)
        return Admitted(who.subject, decision) if decision.permitted else refusals.refused(decision)
