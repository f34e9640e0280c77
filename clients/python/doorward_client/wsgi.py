"""Guard a whole WSGI application by a table of rows. Source: PEP 3333."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import refusals
from .bearer import Admitted, presented
from .refusals import Refusal
from .rows import Public, Row, Table
from .synchronous import Doorward

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_TITLES = {401: "401 Unauthorized", 403: "403 Forbidden", 503: "503 Service Unavailable"}
ADMITTED = "doorward.admitted"
"""Key of the environment that holds :class:`Admitted`."""


class WSGIGuard:
    """Middleware around *app*: each request passes as its row in *rows* is permitted, and not otherwise."""

    def __init__(self, app: WSGIApplication, client: Doorward, rows: Iterable[Row | Public]) -> None:
        self._app, self._client, self._table = app, client, Table(rows)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop(ADMITTED, None)
        refusal = self._refusal(environ)
        if refusal is None:
            return self._app(environ, start_response)
        start_response(_TITLES[refusal.status], list(refusal.fields))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [refusal.body]

    def _refusal(self, environ: WSGIEnvironment) -> Refusal | None:
        """Return why the request does not pass; None lets it pass."""
        # PATH_INFO is decoded. Where the server tells what was sent, an encoded path is seen, and refused.
        sent = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "").partition("?")[0]
        row = self._table.find(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        if row is None or "%" in sent:
            return refusals.not_listed()
        if isinstance(row, Public):
            return None
        who = presented([environ["HTTP_AUTHORIZATION"]] if "HTTP_AUTHORIZATION" in environ else [])
        if who is None:
            return refusals.no_token()
        decision = self._client.check(who.subject, row.action, row.resource, token=who.token)
        if not decision.permitted:
            return refusals.refused(decision)
        environ[ADMITTED] = Admitted(who.subject, decision)
        return None
