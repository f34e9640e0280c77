"""Can this text be taken for another? What is spelt in a second way slips past a deny.

Letters that are drawn alike (``a`` of two alphabets) are not looked for: a registry has one of them.
"""

from __future__ import annotations

import re
import unicodedata

# Printable and drawn as nothing: of Default_Ignorable_Code_Point, and the blank of Braille.
_IGNORED = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://", re.ASCII)
_SECOND_PATH = re.compile(r"//|\\|%[0-9A-Fa-f]{2}|(?:^|[/:])\.{1,2}(?:/|$)", re.ASCII)
_BEHIND_A_PATH = re.compile(r"[?#;]")


def is_plain(text: str) -> bool:
    """Return whether *text* is printable, in the form NFKC of Unicode, and each of its letters is drawn."""
    if text.isascii():
        return text.isprintable()
    normal = text.isprintable() and unicodedata.is_normalized("NFKC", text)
    return normal and _IGNORED.search(text) is None


def is_one_path(text: str, *, query: bool) -> bool:
    """Return whether *text* is the only spelling of what others may read it as, a path.

    *query*: whether a ``?`` and what is behind it is passed over. Case and a last ``/`` are letters
    like others.
    """
    scheme = _SCHEME.match(text)
    start = scheme.end() if scheme else 0
    if scheme and text[start : start + 1] in ("", "/"):
        return False
    path = text.partition("?")[0] if query else text
    return _SECOND_PATH.search(text, start) is None and _BEHIND_A_PATH.search(path) is None
