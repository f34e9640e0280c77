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

_PARTS = (
    r"(?P<rest>/\*)|(?P<variable>{})|(?P<star>\*)"
    r"|(?P<letters>[^/*:{{}}\\^$+?()\[\]|]+|[/:{{}}])|(?P<syntax>.)"
)
_COLON = re.compile(_PARTS.format(":[^/]+"), re.DOTALL)
_BRACES = re.compile(_PARTS.format(r"\{[^/]+\}"), re.DOTALL)


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
    parts: list[str] = []
    variables: list[str] = []
    remark = ""
    last = "rest"
    for found in (_COLON if name == "keyMatch2" else _BRACES).finditer(pattern):
        text, kind = found[0], found.lastgroup
        if kind == "rest":
            parts.append("/.*")
        elif kind == "variable":
            parts.append("([^/]+)")
            variables.append(text[1:] if name == "keyMatch2" else text[1:-1])
        elif kind == "star":
            _check_star(name, pattern, found.start(), last == "letters")
            parts.append("*")
            remark = f"in {shown(pattern)} the `*` repeats the letter before it: {name} matches no prefix"
        elif kind == "letters":
            parts.append(re.escape(text))
            if name == "keyMatch2" and text in "{}":
                remark = f"in {shown(pattern)} the braces are letters to keyMatch2: its variables are `:name`"
        else:
            message = (
                f"in {shown(pattern)} the {shown(text)} is a regular expression, and {name} matches paths"
            )
            raise Refusal("pattern", message, "say it with regexMatch, written `^…$`", found.start())
        last = kind or ""
    return Path("".join(parts), tuple(variables), remark)


def _check_star(name: str, pattern: str, at: int, letter: bool) -> None:
    if not letter:
        message = f"in {shown(pattern)} nothing stands before the `*` that it could repeat"
        raise Refusal("star-misplaced", message, f"{name} takes `*` behind a `/`, for the whole rest", at)
