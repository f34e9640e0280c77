"""Where a page sends the browser on to: only ever a path of ours."""

from __future__ import annotations

from urllib.parse import urlsplit


def next_path(presented: str) -> str:
    """Return *presented* if it is a path of ours, else My access. Never another site."""
    try:
        split = urlsplit(presented)
    except ValueError:
        return "/access"
    plain = presented.startswith("/") and not presented.startswith(("//", "/\\"))
    if not plain or split.netloc or split.scheme or "\\" in presented or any(c < " " for c in presented):
        return "/access"
    return presented
