"""What does one rule say? From a row of text to a typed, frozen rule.

Who, what and where are columns of their own; the rest of a rule (when, with
which terms, to what effect) is its *clause*, which many rules share. Terms go
with a permit: ``max 15m`` caps the lifetime of what is granted, ``standing``
lets live checks pass without a grant. What rules say together is checked by
``policies.validate``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from domain.decision import Obligations
from policies import conditions, kleene, names, values
from policies.compiled import Test, compiled
from policies.conditions import Atom, Condition, Declared
from policies.kleene import Facts
from policies.names import EMPTY
from policies.parse import Row, read_field
from policies.problems import Problem, Refusal, did_you_mean, shown

T = TypeVar("T")


class RuleEffect(StrEnum):
    """The words of the last column."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Terms:
    """What goes with a permit. *cap* None: the rule names no cap."""

    cap: timedelta | None = None
    standing: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """When a rule applies, with which terms, to what effect. *when* None: always.

    *test* is the condition compiled; None where there is none. *atoms* are its comparisons,
    each with the value that helps; *obligations* go with a permit that it alone carries.
    """

    condition: str
    terms: str
    effect: RuleEffect
    when: Condition | None
    given: Terms
    test: Test | None = field(init=False, repr=False)
    permits: bool = field(init=False, repr=False)
    atoms: tuple[tuple[Atom, bool], ...] = field(init=False, repr=False)
    obligations: Obligations = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "test", None if self.when is None else compiled(self.when))
        object.__setattr__(self, "atoms", () if self.when is None else tuple(kleene.atoms(self.when)))
        object.__setattr__(self, "permits", self.effect is RuleEffect.ALLOW)
        given = self.given
        object.__setattr__(self, "obligations", Obligations(given.cap, given.standing, given.cap is None))

    def value(self, facts: Facts) -> bool | None:
        """Return whether the condition is true of *facts*; None is unknown."""
        return True if self.test is None else self.test(facts)

    def applies(self, facts: Facts) -> bool:
        """Return whether the rule counts: a permit only if true, a forbid unless false."""
        value = self.value(facts)
        return value is True if self.permits else value is not False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as written, with its clause read."""

    id: str
    subject: str
    action: str
    resource: str
    clause: Clause = field(compare=False)

    @property
    def condition(self) -> str:
        return self.clause.condition

    @property
    def terms(self) -> str:
        return self.clause.terms

    @property
    def effect(self) -> RuleEffect:
        return self.clause.effect

    @property
    def when(self) -> Condition | None:
        return self.clause.when

    @property
    def given(self) -> Terms:
        return self.clause.given

    def value(self, facts: Facts) -> bool | None:
        """Return whether the condition is true of *facts*; None is unknown."""
        return self.clause.value(facts)

    @property
    def row(self) -> tuple[str, ...]:
        """The values of the Casbin row, in the order of the model."""
        return (
            self.id,
            self.subject,
            self.action,
            self.resource,
            self.condition,
            self.terms,
            self.effect.value,
        )


def read_rule(row: Row, *, builtin: bool, declared: Declared) -> tuple[Rule | None, tuple[Problem, ...]]:
    """Return the rule of a p row, or None and every problem of its fields. *declared*: its properties."""
    problems: list[Problem] = []

    def read(index: int, reader: Callable[[str], T]) -> T | None:
        return read_field(row, index, reader, problems)

    read(0, names.rule_id)
    read(1, names.subject)
    read(2, names.action)
    read(3, lambda text: names.resource(text, builtin=builtin))
    when = read(4, lambda text: _condition(text, declared))
    given = read(5, _terms)
    effect = read(6, _effect)
    if effect is RuleEffect.DENY and given is not None and given != Terms():
        hint = f"write `{EMPTY}`"
        problems.append(Problem(row.line, row.fields[5].column, "terms", "a deny has no terms", hint))
    if problems or given is None or effect is None:
        return None, tuple(problems)
    id_, subject, action, resource, condition, terms, _ = row.values
    return Rule(id_, subject, action, resource, Clause(condition, terms, effect, when, given)), ()


def _condition(text: str, declared: Declared) -> Condition | None:
    if "eval(" in text.replace(" ", ""):
        raise Refusal(
            "eval",
            "`eval(` is not part of the condition language",
            "write the condition itself",
            text.find("eval"),
        )
    return None if text == EMPTY else conditions.parse(text, declared)


def _terms(text: str) -> Terms:
    """Read ``max <duration>`` and ``standing``, parted by semicolons, each at most once."""
    if text == EMPTY:
        return Terms()
    cap: timedelta | None = None
    standing = False
    offset = 0
    for part in text.split(";"):
        word, _, rest = part.strip().partition(" ")
        if word == "max" and cap is None:
            cap = _cap(part, rest.strip(), offset)
        elif word == "standing" and not rest and not standing:
            standing = True
        else:
            hint = did_you_mean(word, ("max", "standing")) if word not in ("max", "standing") else ""
            hint = hint or "write `max 15m`, `standing`, both parted by `;`, or `-`"
            raise Refusal("terms", f"{shown(part.strip())} is not a term", hint, offset)
        offset += len(part) + 1
    return Terms(cap, standing)


def _cap(part: str, text: str, offset: int) -> timedelta:
    seconds = values.duration(text)
    if not seconds:
        hint = "write a number and s, m, h or d, for example `max 15m`; at most 366d"
        raise Refusal("terms", f"{shown(part.strip())} names no duration", hint, offset)
    return timedelta(seconds=seconds)


def _effect(text: str) -> RuleEffect:
    return read_effect(text, "; the rule would do nothing")


def read_effect(text: str, otherwise: str = "") -> RuleEffect:
    """Return the effect that *text* writes. Raises Refusal, saying what it would be *otherwise*."""
    try:
        return RuleEffect(text)
    except ValueError:
        hint = did_you_mean(text, tuple(RuleEffect)) or "write `allow` or `deny`"
        message = f"effect {shown(text)} is neither `allow` nor `deny`{otherwise}"
        raise Refusal("effect", message, hint) from None
