"""What does a path pattern of keyMatch2 to keyMatch5 say, as a regular expression?

Casbin's definition replaces ``/*`` and the variables and takes the rest for a
regular expression, so that a dot stands for any letter. Here everything else is
a literal, except a ``*`` behind a letter, which repeats it, and a ``*`` alone,
which is any value, both as in Casbin; what
only a regular expression would say is refused, so that a deny never forbids
less than its author read in it.
Source: apache/casbin, ``util/builtin_operators.go``, KeyMatch2 to KeyMatch5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.problems import Refusal, shown

_COLON = re.compile(r":[^/]+")
_BRACES = re.compile(r"\{[^/]+\}")
_SYNTAX = frozenset("\\^$+?()[]|")


@dataclass(frozen=True, slots=True)
class Path:
    """*source*: the expression, to be matched as a whole; *variables*: one name for each group of it.

    *remark*: what an author may not expect of it, empty for nothing.
    """

    source: str
    variables: tuple[str, ...] = ()
    remark: str = ""


def translated(name: str, pattern: str) -> Path:
    """Return the expression of *pattern* for the operator *name*, keyMatch2 to keyMatch5.

    Raises Refusal with the offset of what no path says.
    """
    if pattern == "*":  # `^*$` in Casbin, whose end is found in any value
        return Path(".*")
    variable = _COLON if name == "keyMatch2" else _BRACES
    parts: list[str] = []
    variables: list[str] = []
    remark = ""
    letter = False  # whether the last part is one letter, which a `*` may repeat
    at = 0
    while at < len(pattern):
        found = variable.match(pattern, at)
        if pattern.startswith("/*", at):
            parts.append("/.*")
            at += 2
            letter = False
        elif found:
            parts.append("([^/]+)")
            variables.append(found[0][1:] if variable is _COLON else found[0][1:-1])
            at = found.end()
            letter = False
        elif pattern[at] == "*":
            _check_star(name, pattern, at, letter)
            parts.append("*")
            remark = f"in {shown(pattern)} the `*` repeats the letter before it: {name} matches no prefix"
            at += 1
            letter = False
        else:
            _check_letter(name, pattern, at)
            if name == "keyMatch2" and pattern[at] in "{}":
                remark = f"in {shown(pattern)} the braces are letters to keyMatch2: its variables are `:name`"
            parts.append(re.escape(pattern[at]))
            at += 1
            letter = True
    return Path("".join(parts), tuple(variables), remark)


def _check_star(name: str, pattern: str, at: int, letter: bool) -> None:
    if not letter:
        message = f"in {shown(pattern)} nothing stands before the `*` that it could repeat"
        raise Refusal("star-misplaced", message, f"{name} takes `*` behind a `/`, for the whole rest", at)


def _check_letter(name: str, pattern: str, at: int) -> None:
    letter = pattern[at]
    if letter in _SYNTAX:
        message = f"in {shown(pattern)} the {shown(letter)} is a regular expression, and {name} matches paths"
        raise Refusal("pattern", message, "say it with regexMatch, written `^…$`", at)
