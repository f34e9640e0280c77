"""What does a condition say? From its text to a typed, frozen tree, once, at load.

Grammar (``docs/policy.md`` explains it to authors)::

    condition = clause { "or" clause }        clause = part { "and" part }
    part      = "not" part | "(" condition ")" | atom
    atom      = bool | name operator value | name "in" "{" value … "}" | name "in" HH:MM-HH:MM
              | name match pattern | name equality property

Every name and value is checked against ``domain.attributes`` and the properties that
the bundle declares. There is no ``eval``, no arithmetic and no function call. A
pattern ends at a space, or at a bracket that it did not open. Depth and length are
bounded, so any text is answered in linear time. Does not evaluate: see ``policies.kleene``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.attributes import ATTRIBUTES, Attribute, Type
from domain.properties import TYPES, is_name, scoped
from policies import literals
from policies.comparisons import MATCHING, PATHS, Operator, Test, Value, same, test_of
from policies.literals import example
from policies.problems import Refusal, did_you_mean, shown
from policies.words import Word, parted, syntax

MAX_LENGTH = 500
MAX_DEPTH = 12

_KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false"})


_SPELLED = {operator.value: operator for operator in Operator if operator is not Operator.IS}
_ORDERED = frozenset({Operator.LT, Operator.LE, Operator.GT, Operator.GE})
_EQUALITY = frozenset({Operator.EQ, Operator.NE})
_OPERATORS: dict[Type, frozenset[Operator]] = {
    Type.BOOL: frozenset({Operator.IS}),
    Type.INT: _ORDERED | _EQUALITY | {Operator.IN},
    Type.TEXT: _EQUALITY | {Operator.IN},
    Type.DURATION: _ORDERED,
    Type.VERSION: _ORDERED | _EQUALITY,
    Type.TIME: frozenset({Operator.IN}),
    Type.PATH: PATHS,
    Type.ADDRESS: frozenset({Operator.IP_MATCH}),
    Type.MOMENT: frozenset({Operator.TIME_MATCH}),
}
Declared = Mapping[str, Attribute]
"""The properties that a bundle declares, by name."""
NONE: Declared = {}


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison. For IN, *value* lists the choices, or for a time of day (start, end).

    *value* may be an attribute, *other*: then two facts are compared. *test* says
    whether it holds of a fact, :meth:`of` whether it does of facts; None is unknown.
    """

    attribute: Attribute
    operator: Operator
    value: Value | Attribute
    text: str
    other: Attribute | None = field(init=False, repr=False, compare=False)
    test: Test = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        other = self.value if isinstance(self.value, Attribute) else None
        test = test_of(self.attribute.type, self.operator, self.value) if other is None else _of_none
        object.__setattr__(self, "other", other)
        object.__setattr__(self, "test", test)

    def of(self, facts: Mapping[str, Any]) -> bool | None:
        """Return whether the comparison holds; None if a fact is absent or of another type."""
        have = facts.get(self.attribute.name)
        if self.other is None:
            return self.test(have)
        equal = same(self.other.type, have, facts.get(self.other.name))
        return None if equal is None else equal is (self.operator is Operator.EQ)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes whose facts are compared."""
        return (self.attribute,) if self.other is None else (self.attribute, self.other)


def _of_none(have: Any) -> None:
    """Of one fact alone it is not known whether two are equal."""


@dataclass(frozen=True, slots=True)
class Not:
    operand: Condition


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Condition, ...]


Condition = Atom | Not | And | Or


def parse(text: str, declared: Declared = NONE) -> Condition:
    """Return the tree of *text*. Raises Refusal with the offset of the first fault."""
    if len(text) > MAX_LENGTH:
        raise Refusal("condition-long", f"a condition has at most {MAX_LENGTH} characters")
    parser = _Parser(text, declared)
    tree = parser.condition(0)
    parser.end()
    return tree


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str, declared: Declared) -> None:
        self.text = text
        self.declared = declared
        self.tokens = parted(text)
        self.index = 0

    @property
    def token(self) -> Word:
        return self.tokens[self.index]

    def take(self) -> Word:
        token = self.token
        if token.text:
            self.index += 1
        return token

    def accept(self, text: str) -> bool:
        if self.token.text != text:
            return False
        self.index += 1
        return True

    def expect(self, text: str, why: str) -> None:
        if not self.accept(text):
            raise syntax(self.token, f"`{text}` is missing {why}")

    def end(self) -> None:
        token = self.token
        if token.text:
            hint = did_you_mean(token.text, ("and", "or")) or "join comparisons with `and` or `or`"
            raise syntax(token, f"{shown(token.text)} is not expected here", hint)

    def condition(self, depth: int) -> Condition:
        clauses = [self.clause(depth)]
        while self.accept("or"):
            clauses.append(self.clause(depth))
        return clauses[0] if len(clauses) == 1 else Or(tuple(clauses))

    def clause(self, depth: int) -> Condition:
        parts = [self.part(depth)]
        while self.accept("and"):
            parts.append(self.part(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def part(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise Refusal(
                "condition-deep",
                f"a condition nests at most {MAX_DEPTH} deep",
                "split it into several rules",
                self.token.offset,
            )
        if self.accept("not"):
            return Not(self.part(depth + 1))
        opening = self.token
        if self.accept("("):
            inner = self.condition(depth + 1)
            self.expect(")", f"for the `(` at character {opening.offset + 1}")
            return inner
        return self.atom()

    def atom(self) -> Atom:
        start = self.take()
        attribute = self.attribute(start)
        compared = self.compared(attribute)
        value: Value | Attribute
        if compared is not None:
            operator, value = compared
        else:
            operator = self.operator(attribute)
            value = self.value(attribute, operator)
        last = self.tokens[self.index - 1]
        text = self.text[start.offset : last.offset + len(last.text)]
        try:
            return Atom(attribute, operator, value, text)
        except Refusal as refusal:
            refusal.offset += last.offset
            raise

    def attribute(self, token: Word) -> Attribute:
        if not token.text:
            raise syntax(token, "the condition ends too early", "name an attribute, for example `tier >= 2`")
        attribute = ATTRIBUTES.get(token.text) or self.declared.get(token.text)
        if attribute is None:
            raise literals.unknown(token.text, self.declared, token.offset, [*ATTRIBUTES, *_KEYWORDS])
        return attribute

    def compared(self, attribute: Attribute) -> tuple[Operator, Attribute] | None:
        """Take in a comparison and the property behind it; None, and nothing taken, if none stands there."""
        token, operator = self.token, _SPELLED.get(self.token.text)
        if operator not in _ORDERED | _EQUALITY or not scoped(self.tokens[self.index + 1].text):
            return None
        self.index += 1
        place = self.take()
        other = self.attribute(place)
        if operator not in _EQUALITY:
            raise syntax(token, "two attributes are equal or not", "compare them by `==` or `!=`")
        if other.type is not attribute.type or other.type not in TYPES:
            types = f"`{attribute.name}` is a {attribute.type.value}, `{other.name}` a {other.type.value}"
            raise Refusal("comparison", f"{types}: they are never equal", "", place.offset)
        return operator, other

    def value(self, attribute: Attribute, operator: Operator) -> Value:
        if operator is Operator.IS:
            return True
        if operator is Operator.IN and attribute.type is Type.TIME:
            token = self.take()
            return literals.period(token.text, token.offset)
        if operator is Operator.IN:
            return self.choices(attribute)
        if operator in MATCHING:
            return self.pattern(attribute)
        token = self.take()
        if is_name(attribute.name) and token.text in ATTRIBUTES:
            hint = (
                f"write `{token.text} {operator.value} {attribute.name}`; for the word `in {{{token.text}}}`"
            )
            message = f"{shown(token.text)} is an attribute, not a value"
            raise Refusal("value", message, hint, token.offset)
        return literals.value(attribute, token.text, token.offset)

    def operator(self, attribute: Attribute) -> Operator:
        token = self.token
        operator = _SPELLED.get(token.text, Operator.IS)
        if operator is not Operator.IS:
            self.index += 1
        if operator not in _OPERATORS[attribute.type]:
            use = f"write `{example(attribute)}`"
            what = f"`{operator.value}`" if operator is not Operator.IS else "no comparison"
            raise syntax(token, f"`{attribute.name}` is a {attribute.type.value} and takes {what}", use)
        return operator

    def pattern(self, attribute: Attribute) -> str:
        token = self.take()
        if not token.text:
            raise syntax(token, "the pattern is missing", f"write for example `{example(attribute)}`")
        return token.text

    def choices(self, attribute: Attribute) -> tuple[int | str, ...]:
        self.expect("{", "after `in`")
        found: list[int | str] = []
        while self.token.text not in ("}", ""):
            token = self.take()
            value = literals.value(attribute, token.text, token.offset)
            assert isinstance(value, int | str)  # only INT and TEXT attributes take a choice
            found.append(value)
        self.expect("}", "after the choices")
        if not found:
            raise syntax(self.tokens[self.index - 1], "`{}` holds no choice, so it is never true")
        return tuple(dict.fromkeys(found))
