"""How is a long answer read page by page, while what it is about changes?

A cursor is the place behind the last entry that was read, not a number: what
is entered or removed elsewhere meanwhile makes no other entry appear twice or
never. It names the question it belongs to, so that it is refused by another.
It is no secret and gives no power: whoever makes one up begins at another
place of an answer that they may read anyway.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from crypto.digests import sha256_hex
from domain.errors import Invalid

T = TypeVar("T")
PAGE = 50
"""Entries of a page where nobody says otherwise."""
_CHECK = 16
_LONGEST = 4096


class CursorInvalid(Invalid):
    """The cursor was not made here, or not for this question."""

    code = "cursor"
    title = "This page cannot be continued"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some entries in their order. *next* is the cursor of what follows, empty at the end."""

    entries: tuple[T, ...]
    next: str = ""


def cursor_after(question: str, key: str) -> str:
    """Return the cursor that continues *question* behind the entry of *key*."""
    check = sha256_hex(f"{question}\0{key}".encode())[:_CHECK]
    return urlsafe_b64encode(f"{check}{key}".encode()).decode().rstrip("=")


def key_before(question: str, cursor: str) -> str:
    """Return the key behind which *cursor* continues; the empty text, which begins, is before every key.

    Raises CursorInvalid for one that was not made for *question*.
    """
    if not cursor:
        return ""
    try:
        # A surrogate cannot be digested; what came from an address may hold one.
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        told = urlsafe_b64decode(padded).decode() if len(cursor) <= _LONGEST else ""
    except (UnicodeError, binascii.Error):
        told = ""
    key = told[_CHECK:]
    if not key or cursor_after(question, key) != cursor:
        raise CursorInvalid(
            "the cursor does not belong to this question", remedy="Ask again from the beginning."
        )
    return key


def page_of(entries: Iterable[T], *, key: Callable[[T], str], question: str, limit: int = PAGE) -> Page[T]:
    """Return the first *limit* of *entries*, which ascend by *key* and begin behind the cursor.

    One more is read, to know whether a page follows.
    """
    if limit < 1:
        raise ValueError("a page holds at least one entry")
    found = tuple(islice(entries, limit + 1))
    more = len(found) > limit
    return Page(found[:limit], cursor_after(question, key(found[limit - 1])) if more else "")
