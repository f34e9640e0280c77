"""Does one comparison hold of a fact? A function for each, made when a condition is read.

An absent fact, and one of another type, is neither true nor false but unknown
(None). How comparisons are written: see ``policies.conditions``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

from domain.attributes import Type
from policies import values
from policies.casbin import operators
from policies.problems import Refusal, shown


class Operator(Enum):
    """How an atom compares. IS: the bare yes-or-no attribute."""

    IS = "is"
    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IN = "in"
    KEY_MATCH = "keyMatch"
    KEY_MATCH_2 = "keyMatch2"
    KEY_MATCH_3 = "keyMatch3"
    KEY_MATCH_4 = "keyMatch4"
    KEY_MATCH_5 = "keyMatch5"
    REGEX_MATCH = "regexMatch"
    GLOB_MATCH = "globMatch"
    IP_MATCH = "ipMatch"
    TIME_MATCH = "timeMatch"


MATCHING = frozenset(operator for operator in Operator if "Match" in operator.value)
"""Casbin's operators: their value is a pattern, which ``policies.casbin.operators`` reads."""
PATHS = MATCHING - {Operator.IP_MATCH, Operator.TIME_MATCH}
Value = bool | int | str | tuple[int | str, ...]
_PATH = re.compile(r"[A-Za-z0-9_~@./-]", re.ASCII)
Test = Callable[[Any], bool | None]
_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
}
# The exact type: bool is a subclass of int, and True must not pass for tier 1.
_EXACT: dict[Type, type] = {
    Type.BOOL: bool,
    Type.INT: int,
    Type.TIME: int,
    Type.TEXT: str,
}


def same(type_: Type, one: Any, other: Any) -> bool | None:
    """Return whether two facts of *type_* are equal; None if either is absent or of another type."""
    exact = _EXACT[type_]
    return one == other if type(one) is exact and type(other) is exact else None


def test_of(type_: Type, operator_: Operator, value: Any) -> Test:
    """Return the test of a fact of *type_* against *value*, a Value that the type allows.

    Raises Refusal for a pattern that cannot be read, with the offset in it.
    """
    if type_ is Type.MOMENT:
        within = operators.period(*_bounds(value))
        return lambda have: within(have) if isinstance(have, datetime) and have.tzinfo else None
    if type_ is Type.PATH:
        _require_path(operator_, value)
    if type_ is Type.DURATION:
        compare_age = _COMPARE[operator_]
        return lambda have: compare_age(have, value) if type(have) is int and have >= 0 else None
    if operator_ in MATCHING:
        matches = operators.compiled(operator_.value, value)
        return lambda have: matches(have) if type(have) is str else None
    if type_ is Type.VERSION:
        return _version_test(_COMPARE[operator_], value)
    if operator_ is Operator.IS:
        return lambda have: have if type(have) is bool else None
    exact = _EXACT[type_]
    if type_ is Type.TIME:
        start, end = value
        if start < end:
            return lambda have: start <= have < end if type(have) is exact else None
        return lambda have: (have >= start or have < end) if type(have) is exact else None
    if operator_ is Operator.IN:
        return lambda have: have in value if type(have) is exact else None
    compare = _COMPARE[operator_]
    return lambda have: compare(have, value) if type(have) is exact else None


# What a path may hold (see domain.access), with the marks of each operator.
_MARKS = {
    Operator.KEY_MATCH: "*",
    Operator.KEY_MATCH_2: "*:",
    **dict.fromkeys((Operator.KEY_MATCH_3, Operator.KEY_MATCH_4, Operator.KEY_MATCH_5), "*{}"),
    Operator.GLOB_MATCH: "*?[]{}!^\\-",
}


def _require_path(operator_: Operator, pattern: str) -> None:
    """Refuse a pattern that no path can match: a deny on it would forbid nothing."""
    if operator_ is Operator.REGEX_MATCH:
        if re.match(r"\^[A-Za-z0-9]", pattern):
            raise Refusal("pattern", "a path begins with `/`", f"write `^/{pattern[1:]}`", 1)
        return
    if not pattern.startswith("/"):
        raise Refusal("pattern", "a path begins with `/`", f"write `/{pattern}`")
    foreign = next((c for c in pattern[1:] if not _PATH.match(c) and c not in _MARKS[operator_]), None)
    if foreign is not None:
        hint = "keyMatch2 writes a part as `:id`, keyMatch3 to keyMatch5 as `{id}`"
        raise Refusal("pattern", f"no path holds {shown(foreign)}", hint, pattern.index(foreign, 1))
    if "//" in pattern or (pattern.endswith("/") and len(pattern) > 1):
        hint = "name the part, or write `*` for any"
        raise Refusal("pattern", "no part of a path is empty", hint, len(pattern) - 1)


def _bounds(text: str) -> tuple[str, str]:
    """Return both ends of ``2026-12-01T09:00:00/2026-12-31T18:00:00`` as timeMatch writes them."""
    start, slash, end = text.partition("/")
    if not slash:
        hint = (
            "write for example `now timeMatch 2026-12-01T09:00:00/2026-12-31T18:00:00`, or `_` for no bound"
        )
        raise Refusal("pattern", f"{shown(text)} is not a period of two moments", hint)
    for year in re.findall(r"(?<!\S)[0-9]{4}(?=-)", f"{start} {end}", re.ASCII):
        if int(year) not in values.YEARS:
            hint = f"write a year from 0001 to {values.YEARS[-1]}, or `_` for no bound"
            raise Refusal("pattern", f"{shown(text)} has the year {year}", hint)
    return start.replace("T", " "), end.replace("T", " ")


def _version_test(compare: Callable[[Any, Any], bool], value: tuple[int, ...]) -> Test:
    def test(have: Any) -> bool | None:
        if not isinstance(have, (tuple, list)) or not have or not all(type(part) is int for part in have):
            return None
        return compare(_to_length(have, len(value)), value)

    return test


def _to_length(version: tuple[int, ...] | list[int], length: int) -> tuple[int, ...]:
    """Cut or pad *version*: it is compared as far as the rule writes it, so 12.7 is 12."""
    return tuple(version[:length]) + (0,) * (length - len(version))
