"""Is this a subject, an action, a resource pattern or a group, as rules write them?

Each function returns nothing or raises Refusal with what to write instead.
Everything is stricter than Casbin, which takes any text and then never
matches it. Also answers which wider patterns cover a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from domain.access import GROUP_TYPE, RESERVED_TYPE, action_name, resource_id
from domain.errors import Invalid
from policies.problems import Refusal, did_you_mean, shown

ADMIN_ROLES = frozenset(
    f"role:{name}" for name in ("admin", "policy-author", "approver", "reviewer", "auditor", "sponsor")
)
"""Roles of the built-in bundle; published bundles may not link them."""

EMPTY = "-"
ANY = "*"
_RULE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}", re.ASCII)
SUBJECT_KINDS = ("role", "group", "person", "service")
MEMBERSHIPS = ("role:", "group:")


def rule_id(text: str) -> None:
    if not _RULE_ID.fullmatch(text):
        raise Refusal(
            "rule-id",
            f"{shown(text)} is not a rule id",
            "use lower-case letters, digits, `.`, `-` and `_`, for example `logs-read`",
        )


def subject(text: str) -> None:
    if text == ANY:
        return
    kind, colon, name = text.partition(":")
    if not colon:
        hint = "`*` stands alone, for everybody" if "*" in text else f"did you mean `role:{text}`?"
        raise Refusal("subject", f"{shown(text)} does not say what kind of subject it is", hint)
    if kind not in SUBJECT_KINDS:
        hint = did_you_mean(kind, SUBJECT_KINDS) or "write role:…, group:…, person:…, service:… or `*`"
        raise Refusal("subject", f"{shown(kind)} is not a kind of subject", hint)
    if not _NAME.fullmatch(name):
        hint = "`*` stands alone, for everybody" if "*" in name else f"write for example `{kind}:support`"
        code = "star-misplaced" if "*" in name else "subject"
        raise Refusal(code, f"{shown(text)} is not a subject", hint)


def action(text: str) -> None:
    """Check an action column: one action, a group of actions, or ``*``."""
    if text == ANY:
        return
    if is_group(text):
        group(text)
        return
    try:
        action_name(text)
    except Invalid as invalid:
        code = "star-misplaced" if "*" in text else "action"
        raise Refusal(code, invalid.message, "write one action, a group:…, or `*` for all") from None


def resource(text: str, *, builtin: bool) -> None:
    """Check a resource column: an id, a pattern with one trailing ``*``, or a group."""
    if is_reserved(text) is not builtin:
        if builtin:
            raise Refusal("reserved-resource", f"{shown(text)} is not one of Doorward's own resources")
        raise Refusal(
            "reserved-resource",
            f"{shown(text)} is one of Doorward's own resources, which a published bundle cannot rule",
            "power over Doorward comes from roles such as role:policy-author",
        )
    if text == ANY:
        return
    if is_group(text):
        group(text)
        return
    prefix = text[:-1] if text.endswith(("/*", ":*")) else None
    if "*" in (text if prefix is None else prefix):
        head = text.partition("*")[0]
        kind = head.partition(":")[0] or "data"
        boundary = head if head.endswith((":", "/")) else f"{head}/" if ":" in head else f"{kind}:"
        raise Refusal(
            "star-misplaced",
            f"in {shown(text)} the `*` is not a whole last segment",
            f"did you mean `{boundary}*`?",
            len(head),
        )
    exact_resource(text if prefix is None else prefix + "x", text)


def exact_resource(text: str, written: str | None = None) -> None:
    try:
        resource_id(text)
    except Invalid as invalid:
        hint = invalid.remedy or ""
        raise Refusal("resource", f"{shown(written or text)} is not a resource id", hint) from None


def group(text: str) -> None:
    """Check the name of a group of resources or of actions."""
    kind, _, name = text.partition(":")
    if kind != GROUP_TYPE or not _NAME.fullmatch(name):
        code = "star-misplaced" if "*" in name else "group"
        raise Refusal(
            code, f"{shown(text)} is not the name of a group", "write for example `group:sensitive`"
        )


def is_group(text: str) -> bool:
    return text.startswith(f"{GROUP_TYPE}:")


def upwards(resource: str) -> Iterator[str]:
    """Yield *resource* and each that it lies below: ``svc:t/v1``, ``svc:t``."""
    yield resource
    while "/" in resource:
        resource = resource.rpartition("/")[0]
        yield resource


def is_reserved(text: str) -> bool:
    return text.partition(":")[0].strip("*").lower() == RESERVED_TYPE


def wide_of(patterns: Iterable[str]) -> dict[str, tuple[tuple[str, ...], int]]:
    """Return for each type which of *patterns* cover all of it, and to what depth others may cover a part.

    The type ``*`` stands for every type that is not named. *patterns* end in ``*``. A depth of 2 means
    that something like ``svc:a/b/*`` is among them.
    """
    known = frozenset(patterns)
    every = (ANY,) if ANY in known else ()
    found: dict[str, tuple[tuple[str, ...], int]] = {ANY: (every, 0)}
    for pattern in known - {ANY}:
        kind, _, path = pattern.partition(":")
        wide, depth = found.get(kind, (every, 0))
        if path == ANY:
            wide = (*wide, pattern)
        found[kind] = (wide, max(depth, path.count("/")))
    return found


def covering(pattern: str) -> tuple[str, ...]:
    """Return *pattern* and every wider pattern that covers all that it covers."""
    wider = [pattern, ANY]
    if not is_group(pattern) and pattern != ANY:
        end = pattern.find(":")
        while end != -1:
            wider.append(f"{pattern[: end + 1]}{ANY}")
            end = pattern.find("/", end + 1)
    return tuple(dict.fromkeys(wider))
