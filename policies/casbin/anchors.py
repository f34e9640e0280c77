"""Does a regular expression say where it begins and ends? Casbin's own matches anywhere in the value.

Reads only what hides an end: escapes, classes and groups. RE2 reads the rest.
"""

from __future__ import annotations

import re

from policies.problems import Refusal, shown

# Flags are no expression of their own: what repeats them repeats the `^`.
_REPEATED_BEGIN = re.compile(r"\^(?:\(\?[A-Za-z-]*\))*([*+?]|\{[0-9]+(?:,[0-9]*)?\})")


def check(pattern: str) -> None:
    """Raise Refusal for an expression that may match a part of a value only, with the anchored one."""
    if "\\Q" in pattern:
        hint = "put a `\\` before each letter that stands for itself"
        raise Refusal("pattern", "`\\Q` would hide where an expression ends", hint, pattern.index("\\Q"))
    repeated = _REPEATED_BEGIN.match(pattern)
    if repeated:
        message = (
            f"in {shown(pattern)} the {shown(repeated[1])} repeats the `^`, which may then stand for nothing"
        )
        raise Refusal("unanchored", message, "write what is repeated behind the `^`", repeated.start(1))
    begins, ends = pattern.startswith("^"), _ends_anchored(pattern)
    inner = pattern[begins : len(pattern) - ends]
    grouped = f"({inner})" if _alternates(inner) else inner
    if not (begins and ends):
        message = f"{shown(pattern)} would match any part of a value"
        raise Refusal("unanchored", message, f"write `^{grouped}$`, with `.*` where anything may stand")
    if grouped != inner:
        message = f"in {shown(pattern)} each side of the `|` is anchored at one end only"
        raise Refusal("unanchored", message, f"write `^{grouped}$`")


def _ends_anchored(pattern: str) -> bool:
    """Return whether the last letter is a ``$`` that is not escaped."""
    before = pattern.removesuffix("$")
    return before != pattern and (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _alternates(expression: str) -> bool:
    """Return whether a ``|`` stands outside every group, class and escape of *expression*."""
    depth, at = 0, 0
    while at < len(expression):
        letter = expression[at]
        if letter == "\\":
            at += 1
        elif letter == "[":
            at = _class_end(expression, at)
        elif letter == "|" and depth == 0:
            return True
        else:
            depth += (letter == "(") - (letter == ")")
        at += 1
    return False


def _class_end(expression: str, start: int) -> int:
    """Return where the class that begins at *start* ends: at its ``]``, or with the expression."""
    at = start + 1 + (expression[start + 1 : start + 2] == "^")
    at += expression[at : at + 1] == "]"
    while at < len(expression) and expression[at] != "]":
        named = expression.find(":]", at + 2) if expression.startswith("[:", at) else -1
        if named >= 0:
            at = named + 1
        elif expression[at] == "\\":
            at += 1
        at += 1
    return at
