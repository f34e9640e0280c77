"""A secret that a page shows once, after a redirect: carried by the browser itself, never stored here."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, request

from web.state import once_cookie

_FOR = timedelta(minutes=10)


def carry(response: Response, secret: str) -> None:
    """Let the next page of this browser show *secret*; scripts cannot read it, other sites cannot send it."""
    response.set_cookie(
        once_cookie(), secret, max_age=_FOR, secure=True, httponly=True, samesite="Strict", path="/"
    )


def carried() -> str:
    """Return what the last page left to be shown, or nothing."""
    return request.cookies.get(once_cookie(), "")


def forget(response: Response) -> None:
    """Show it no more: the page that shows it takes it away."""
    response.delete_cookie(once_cookie(), path="/", secure=True, httponly=True, samesite="Strict")
