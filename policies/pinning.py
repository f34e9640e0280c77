"""Which test would hold an effect fast? A ``t`` row that is true of the new rules, ready to be kept.

Offered only if it passes: the facts are those of which the old and the new
answer differ, and whoever asks is one of those whom the effect is about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from domain.attributes import ATTRIBUTES, Type
from policies import trials, values
from policies.bundle import Bundle
from policies.effects import Effect
from policies.names import EMPTY
from policies.parse import Row, row
from policies.proof import decided
from policies.rules import Rule, RuleEffect
from policies.shifts import LOSSES, Kind


def pinned(
    effect: Effect, bundle: Bundle, memberships: Mapping[str, tuple[str, ...]], taken: Collection[str]
) -> str | None:
    """Return the row of a test that *effect* makes true of *bundle*, or None if there is none to write.

    *memberships*: what each known person holds. *taken*: ids of other tests.
    """
    facts = effect.shift.example
    if facts is None:
        return None
    closes = effect.shift.kind in LOSSES - {Kind.OTHER}
    action, resource = effect.actions[0], effect.resources[0]
    id_ = _id(action, resource, taken)
    for asker in _askers(effect, memberships):
        written = partial(_written, id_, asker, action, resource, "deny" if closes else "allow")
        if _passes(written(facts), bundle):
            return written(facts if closes else _least(facts, written, bundle, effect.shift.before))
    return None


def _written(
    id_: str, asker: str, action: str, resource: str, expected: str, facts: Mapping[str, Any]
) -> str:
    return ", ".join(("t", id_, asker, action, resource, given(facts), expected, EMPTY))


def _least(
    facts: Mapping[str, Any],
    written: Callable[[Mapping[str, Any]], str],
    bundle: Bundle,
    before: Sequence[Rule],
) -> Mapping[str, Any]:
    """Return *facts* with each level as low as the new rules still permit and those *before* did not.

    A test at the top would let rules slip to there.
    """
    for name, value in facts.items():
        if name in ATTRIBUTES and ATTRIBUTES[name].type is Type.INT and ATTRIBUTES[name].values:
            while value > 0:
                lower = {**facts, name: value - 1}
                if _permitted(before, lower) or not _passes(written(lower), bundle):
                    break
                value, facts = value - 1, lower
    return facts


def _permitted(rules: Sequence[Rule], facts: Mapping[str, Any]) -> bool:
    applying = [rule.effect for rule in rules if rule.clause.applies(facts)]
    return RuleEffect.ALLOW in applying and RuleEffect.DENY not in applying


def _passes(text: str, bundle: Bundle) -> bool:
    found = row(1, text)
    read, _ = trials.read([found], bundle.declared) if isinstance(found, Row) else ((), ())
    return bool(read) and decided(bundle, read[0]).passed


def given(facts: Mapping[str, Any]) -> str:
    """Write facts as the column of a test: ``tier = 2; not remote_control``, ``-`` for none."""
    return "; ".join(_fact(name, value) for name, value in facts.items()) or EMPTY


def _fact(name: str, value: Any) -> str:
    if type(value) is bool:
        return name if value else f"not {name}"
    type_ = ATTRIBUTES[name].type if name in ATTRIBUTES else None
    if type_ is Type.DURATION:
        return f"{name} = {value}s"
    if type_ is Type.TIME:
        return f"{name} = {values.clock_words(value)}"
    if type_ is Type.VERSION:
        return f"{name} = {'.'.join(map(str, value))}"
    return f"{name} = {value}"


def _askers(effect: Effect, memberships: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the name that all share, then one of them with what they hold."""
    if effect.label:
        yield effect.label
    for name in effect.who[:1]:
        yield " + ".join((name, *memberships.get(name, ())))


def _id(action: str, resource: str, taken: Collection[str]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", f"{action}-{resource}".lower()).strip("-")[:56]
    if slug not in taken:
        return slug
    return next(f"{slug}-{n}" for n in range(2, len(taken) + 3) if f"{slug}-{n}" not in taken)
