"""Does a value match a pattern, by Casbin's operators?

keyMatch to keyMatch5, regexMatch, globMatch, ipMatch and timeMatch by the
definitions of Casbin (Go); where PyCasbin answers otherwise, Go's answer is
given. Patterns are read once, and matched in linear time by RE2, whose grammar
Go's regular expressions have. What a pattern does not say as it reads is
refused: a deny that forbids less than was meant is a hole.
Source: apache/casbin, ``util/builtin_operators.go``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import re2

from policies.casbin import anchors, globs, paths
from policies.problems import Refusal, did_you_mean, shown

Match = Callable[[str], bool | None]
"""Whether a value matches; None where that has no answer: for a value that is not printable,
and for ipMatch of what is no address. An unknown helps nobody (``policies.kleene``)."""
Moment = tuple[int, int, int, int, int, int, int]

MAX_PATTERN = 1_000
_MAX_MEMORY = 256 << 10
"""Bytes for one expression: RE2 refuses a larger one and never exceeds it. Any path has room in it."""
_MAX_KEPT = 256
"""Tests that are kept beside those that a policy holds."""
_PATHS = ("keyMatch2", "keyMatch3", "keyMatch4", "keyMatch5")
_SELDOM_MEANT = re.compile(r"(?<!/)\*|[{}]")
_BRACES = re.compile(r"[*{]")
_SPECIAL = {
    "keyMatch": re.compile(r"\*"),
    "keyMatch2": re.compile(r"[*:]"),
    **dict.fromkeys(("keyMatch3", "keyMatch4", "keyMatch5"), _BRACES),
    "globMatch": re.compile(r"[*?\[\]{}\\]"),
}
_OPEN = "_"
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)


@lru_cache(maxsize=_MAX_KEPT)
def compiled(name: str, pattern: str) -> Match:
    """Return the test of *pattern* by the operator *name*, one of ``OPERATORS``.

    Raises Refusal with the offset in *pattern* of what cannot be read.
    """
    if name not in _OPERATORS:
        raise _unknown(name)
    if len(pattern) > MAX_PATTERN:
        raise Refusal("pattern", f"a pattern has at most {MAX_PATTERN} characters", "", MAX_PATTERN)
    test = _OPERATORS[name](pattern)
    # A value with a line end or another control character is not answered: Casbin's own operators take
    # `/foo` with a newline behind it for `/foo`, or for a child of a path, as it happens.
    return lambda value: test(value) if value.isprintable() else None


def _unknown(name: str) -> Refusal:
    if name.startswith("keyGet"):
        hint = "say with keyMatch2 to keyMatch5 or regexMatch what the part may be"
        return Refusal(
            "function", f"{shown(name)} gives a part of a path, and a matcher asks yes or no", hint
        )
    known = did_you_mean(name, _OPERATORS) or f"known are {', '.join(sorted(_OPERATORS))}"
    return Refusal("function", f"there is no function {shown(name)}", known)


def remark(name: str, pattern: str) -> str:
    """Return what an author may not expect of a pattern that is served as Casbin defines it, or nothing."""
    if name not in _PATHS or not _SELDOM_MEANT.search(pattern):
        return ""
    return paths.translated(name, pattern).remark


def prefix(name: str, pattern: str) -> tuple[str, bool]:
    """Return what every matching value begins with, and whether *pattern* matches that value only.

    So that an index finds a rule by its pattern; *pattern* must be one that ``compiled`` takes.
    """
    special = _SPECIAL.get(name)
    if special is None:
        return "", False
    found = special.search(pattern)
    if found is None:
        return pattern, name != "keyMatch5"  # which passes over a query behind the pattern
    head = pattern[: found.start()]
    if name == "globMatch":
        return head.rstrip("/"), False  # `a/**` matches `a`
    repeats = found[0] == "*" and name != "keyMatch" and not head.endswith("/")
    return head[:-1] if repeats else head, False


def period(start: str, end: str) -> Callable[[datetime], bool]:
    """Return the test of timeMatch: whether an aware moment lies strictly between *start* and *end*.

    Both are UTC, written ``2026-01-31 09:00:00``; ``_`` leaves a side open. Raises Refusal.
    """
    first, last = _moment(start), _moment(end)
    if first is not None and last is not None and first >= last:
        message = f"no time lies between {shown(start)} and {shown(end)}"
        raise Refusal("pattern", message, "write the earlier time first")

    def within(now: datetime) -> bool:
        moment = now.astimezone(UTC)
        at = (*moment.timetuple()[:6], moment.microsecond)
        return (first is None or at > first) and (last is None or at < last)

    return within


def _moment(text: str) -> Moment | None:
    if text == _OPEN:
        return None
    found = _TIME.fullmatch(text)
    parts = [int(part) for part in found.groups()] if found else []
    try:
        year, month, day, hour, minute, second = parts
        datetime(year or 2000, month, day, hour, minute, second, tzinfo=UTC)  # Casbin knows a year 0
    except ValueError:
        hint = "write it as 2026-01-31 09:00:00, in UTC, or `_` for no bound"
        raise Refusal("pattern", f"{shown(text)} is no time", hint) from None
    return (year, month, day, hour, minute, second, 0)


def _key_match(pattern: str) -> Match:
    head, star, rest = pattern.partition("*")
    if rest:
        message = f"keyMatch drops what follows the first `*` in {shown(pattern)}"
        raise Refusal("star-misplaced", message, f"write `{head}*`, or use keyMatch2 or globMatch", len(head))
    if star:
        return lambda value: value.startswith(head)
    return lambda value: value == pattern


def _path(name: str) -> Callable[[str], Match]:
    def read(pattern: str) -> Match:
        path = paths.translated(name, pattern)
        if name == "keyMatch4" and len(set(path.variables)) < len(path.variables):
            return _repeated(path)
        later = _Later(path.source)
        if name == "keyMatch5":
            return lambda value: later.fullmatch(value.partition("?")[0]) is not None
        return lambda value: later.fullmatch(value) is not None

    return read


def _repeated(path: paths.Path) -> Match:
    """Return the test of a path in which one variable stands more than once: its values must be equal."""
    later = _Later(path.source, captures=True)

    def test(value: str) -> bool | None:
        found = later.fullmatch(value)
        if found is None:
            return False
        values = dict(zip(path.variables, found.groups(), strict=True))
        return all(values[name] == text for name, text in zip(path.variables, found.groups(), strict=True))

    return test


def _glob(pattern: str) -> Match:
    whole = _whole(globs.translated(pattern), pattern)
    return lambda value: whole("/" + value)


def _regex(pattern: str) -> Match:
    anchors.check(pattern)
    return _whole(pattern, pattern)


class _Later:
    """The expression of a path, made when it is first asked for: most rules of a large policy never are.

    A source that was made here of a bounded pattern is always one.
    """

    __slots__ = ("_captures", "_made", "_source")

    def __init__(self, source: str, *, captures: bool = False) -> None:
        self._source = source
        self._captures = captures
        self._made: Any = None

    def fullmatch(self, value: str) -> Any:
        if self._made is None:
            self._made = _expression(self._source, self._source, captures=self._captures)
        return self._made.fullmatch(value.encode())


def _whole(source: str, pattern: str) -> Match:
    match = _expression(source, pattern).fullmatch
    return lambda value: match(value.encode()) is not None


def _expression(source: str, pattern: str, *, captures: bool = False) -> Any:
    options = re2.Options()
    options.never_capture = not captures
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(source.encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        said = error.args[0]
        reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        if "too large" in reason:
            message = f"{shown(pattern)} needs more memory than the {_MAX_MEMORY >> 10} KiB of one expression"
            hint = "repeat less, or smaller classes: `[a-z]{50}` and not `\\pL{50}`"
            raise Refusal("pattern", message, hint) from None
        raise Refusal("pattern", f"{shown(pattern)} is no expression: {reason}") from None


def _ip(pattern: str) -> Match:
    network = _network(pattern)

    def test(value: str) -> bool | None:
        address = _address(value)
        return None if address is None else address in network

    return test


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that *text* writes, an IPv4 one that is mapped into IPv6 as itself."""
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _network(pattern: str) -> IPv4Network | IPv6Network:
    host, slash, length = pattern.partition("/")
    address = _address(host)
    if address is None or bool(slash) is not bool(re.fullmatch(r"[0-9]{1,3}", length, re.ASCII)):
        hint = "write an address, or a network such as 10.0.0.0/8"
        raise Refusal("pattern", f"{shown(pattern)} is neither an address nor a network", hint)
    bits = int(length) if slash else address.max_prefixlen
    if slash and ":" in host and isinstance(address, IPv4Address):
        bits -= 96
    if not 0 <= bits <= address.max_prefixlen:
        message = f"{shown(pattern)} has no such network"
        raise Refusal("pattern", message, f"a network of this kind has 0 to {address.max_prefixlen} bits")
    kind = IPv4Network if isinstance(address, IPv4Address) else IPv6Network
    return kind((int(address), bits), strict=False)


_OPERATORS: dict[str, Callable[[str], Match]] = {
    "keyMatch": _key_match,
    **{name: _path(name) for name in _PATHS},
    "regexMatch": _regex,
    "globMatch": _glob,
    "ipMatch": _ip,
}
OPERATORS = frozenset(_OPERATORS)
"""Names that ``compiled`` takes. timeMatch is ``period``: it asks the moment, not a value."""
