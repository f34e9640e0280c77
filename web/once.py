"""What a page shows once, after a redirect: carried by the browser itself, never stored here.

*what* keeps the pages apart: none shows what was left for another. A page
that was not left anything has nothing to say, and leads elsewhere.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Response, make_response, request
from werkzeug.wrappers import Response as BaseResponse

from web.state import once_cookie

_FOR = timedelta(minutes=10)


STOP_CODE, STOPPED, DECLARED = "stop-code", "stopped", "declared"


def carry(response: BaseResponse, what: str, value: str = "") -> None:
    """Let the next page of this browser show *value*; scripts cannot read it, other sites cannot send it."""
    response.set_cookie(
        once_cookie(),
        f"{what}.{value}",
        max_age=_FOR,
        secure=True,
        httponly=True,
        samesite="Strict",
        path="/",
    )


def carried(what: str) -> str | None:
    """Return what the last page left to be shown as *what*, None if nothing."""
    kind, parted, value = request.cookies.get(once_cookie(), "").partition(".")
    return value if parted and kind == what else None


def shown(page: str | BaseResponse | tuple[str, int]) -> Response:
    """Return the page that shows it, and takes it away."""
    response = make_response(page)
    response.delete_cookie(once_cookie(), path="/", secure=True, httponly=True, samesite="Strict")
    return response
