"""Turn errors into answers, in one place: RFC 9457 for programs, a page for people."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from domain.errors import DoorwardError, TooMany
from flows.admin import TouchNeeded
from web.paths import next_path
from web.state import parts

log = logging.getLogger("doorward.web")


def register(app: Flask) -> None:
    """Install the handlers on *app*."""
    app.register_error_handler(DoorwardError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def problem(
    status: int, code: str, title: str, detail: str, remedy: str | None = None, **members: object
) -> Response:
    """Return a problem document. *code* is stable; *remedy* tells a person what to do."""
    body = {"type": f"urn:doorward:problem:{code}", "title": title, "status": status, "detail": detail}
    body |= {"code": code, "instance": f"urn:doorward:request:{g.get('request_id', '-')}"}
    body |= {"remedy": remedy} if remedy else {}
    response = jsonify({**body, **members})
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


def wants_page() -> bool:
    """Whether the caller is a browser that navigates (and not a program, or our own scripts)."""
    best = request.accept_mimetypes.best_match(["application/json", "application/problem+json", "text/html"])
    return best == "text/html" and not request.is_json


def _ours(error: DoorwardError) -> Response:
    status = error.status
    if status >= 500:
        log.error("request failed", extra={"code": error.code, "request_id": g.get("request_id")})
    if wants_page():
        response = _page(status, error.title, error.message, error.remedy, error.code)
    else:
        response = problem(status, error.code, error.title, error.message, error.remedy, **error.details)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(int(error.retry_after.total_seconds()))
    if status == 401 and not wants_page():
        response.headers.setdefault("WWW-Authenticate", "Session")
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    title = "Nothing is here" if status == 404 else error.name
    detail = {404: "there is no such page", 405: "this address does not take that method"}.get(
        status, (error.description or error.name).rstrip(".").lower()
    )
    code = error.name.lower().replace(" ", "-")
    response = (
        _page(status, title, detail, None, code) if wants_page() else problem(status, code, title, detail)
    )
    for header, value in error.get_headers():
        if header.lower() in {"allow", "retry-after"}:
            response.headers[header] = value
    return response


def _unexpected(error: Exception) -> Response:
    log.exception("unexpected error", exc_info=error, extra={"request_id": g.get("request_id")})
    title, detail = "Something is wrong on our side", "the request was not carried out"
    remedy = "Try again. If it goes on, tell us the reference below."
    if wants_page():
        return _page(500, title, detail, remedy, "internal")
    return problem(500, "internal", title, detail, remedy)


def _page(status: int, title: str, detail: str, remedy: str | None, code: str) -> Response:
    here = _here() if code == TouchNeeded.code else ""
    html = render_template(
        "error.html", status=status, title=title, detail=detail, remedy=remedy, code=code, here=here
    )
    return Response(html, status=status, content_type="text/html; charset=utf-8")


def _here() -> str:
    """Return the page of ours that the person was on: this one, or the one that sent its form."""
    try:
        url = urlsplit(request.url if request.method in {"GET", "HEAD"} else request.referrer or "")
    except ValueError:  # a browser sends no such Referer
        return "/admin"
    path = url.path + (f"?{url.query}" if url.query else "")
    ours = f"{url.scheme}://{url.netloc}" == parts().deployment.public_url
    adapter = current_app.create_url_adapter(request)
    shows = adapter is not None and adapter.test(url.path, "GET")
    return next_path(path) if ours and shows else "/admin"
