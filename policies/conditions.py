"""What does a condition say? From its text to a typed, frozen tree, once, at load.

Grammar (``docs/policy.md`` explains it to authors)::

    condition = clause { "or" clause }        clause = part { "and" part }
    part      = "not" part | "(" condition ")" | atom
    atom      = bool | name operator value | name "in" "{" value … "}" | name "in" HH:MM-HH:MM
              | name match pattern

Every name and value is checked against ``domain.attributes``. There is no
``eval``, no arithmetic and no function call. A pattern ends at a space, or at a bracket
that it did not open. Depth and length are bounded, so
any text is answered in linear time. Does not evaluate: see ``policies.kleene``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from domain.attributes import ATTRIBUTES, Attribute, Type
from policies import values
from policies.comparisons import MATCHING, PATHS, Operator, Test, Value, test_of
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
_EXAMPLE = {
    Type.BOOL: "{0}` or `not {0}",
    Type.INT: "{0} >= 2",
    Type.TEXT: "{0} == word` or `{0} in {{one two}}",
    Type.DURATION: "{0} < 60s",
    Type.VERSION: "{0} >= 12.5",
    Type.TIME: "{0} in 09:00-17:30",
    Type.PATH: "{0} keyMatch2 /customers/:id/orders",
    Type.ADDRESS: "{0} ipMatch 10.0.0.0/8",
    Type.MOMENT: "{0} timeMatch 2026-12-01T09:00:00/2026-12-31T18:00:00",
}


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison. For IN, *value* lists the choices, or for a time of day (start, end).

    *test* says whether it holds of a fact; None is unknown.
    """

    attribute: Attribute
    operator: Operator
    value: Value
    text: str
    test: Test = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "test", test_of(self.attribute.type, self.operator, self.value))


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


def parse(text: str) -> Condition:
    """Return the tree of *text*. Raises Refusal with the offset of the first fault."""
    if len(text) > MAX_LENGTH:
        raise Refusal("condition-long", f"a condition has at most {MAX_LENGTH} characters")
    parser = _Parser(text)
    tree = parser.condition(0)
    parser.end()
    return tree


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str) -> None:
        self.text = text
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
        attribute = _attribute(start)
        operator = self.operator(attribute)
        if operator is Operator.IS:
            value: Value = True
        elif operator is Operator.IN and attribute.type is Type.TIME:
            value = _period(self.take())
        elif operator is Operator.IN:
            value = self.choices(attribute)
        elif operator in MATCHING:
            value = self.pattern(attribute)
        else:
            value = _value(attribute, self.take())
        last = self.tokens[self.index - 1]
        text = self.text[start.offset : last.offset + len(last.text)]
        try:
            return Atom(attribute, operator, value, text)
        except Refusal as refusal:
            refusal.offset += last.offset
            raise

    def operator(self, attribute: Attribute) -> Operator:
        token = self.token
        operator = _SPELLED.get(token.text, Operator.IS)
        if operator is not Operator.IS:
            self.index += 1
        if operator not in _OPERATORS[attribute.type]:
            use = f"write `{_example(attribute)}`"
            what = f"`{operator.value}`" if operator is not Operator.IS else "no comparison"
            raise syntax(token, f"`{attribute.name}` is a {attribute.type.value} and takes {what}", use)
        return operator

    def pattern(self, attribute: Attribute) -> str:
        token = self.take()
        if not token.text:
            raise syntax(token, "the pattern is missing", f"write for example `{_example(attribute)}`")
        return token.text

    def choices(self, attribute: Attribute) -> tuple[int | str, ...]:
        self.expect("{", "after `in`")
        found: list[int | str] = []
        while self.token.text not in ("}", ""):
            value = _value(attribute, self.take())
            assert isinstance(value, int | str)  # only INT and TEXT attributes take a choice
            found.append(value)
        self.expect("}", "after the choices")
        if not found:
            raise syntax(self.tokens[self.index - 1], "`{}` holds no choice, so it is never true")
        return tuple(dict.fromkeys(found))


def _example(attribute: Attribute) -> str:
    return _EXAMPLE[attribute.type].format(attribute.name)


def _attribute(token: Word) -> Attribute:
    if not token.text:
        raise syntax(token, "the condition ends too early", "name an attribute, for example `tier >= 2`")
    attribute = ATTRIBUTES.get(token.text)
    if attribute is None:
        known = f"known are {', '.join(sorted(ATTRIBUTES))}"
        hint = did_you_mean(token.text, [*ATTRIBUTES, *_KEYWORDS]) or known
        raise Refusal("attribute-unknown", f"there is no attribute {shown(token.text)}", hint, token.offset)
    return attribute


def _value(attribute: Attribute, token: Word) -> Value:
    """Return the typed value of one word, or refuse what could never be equal."""
    text = token.text
    value: Value | None
    if attribute.type is Type.INT:
        value = int(text) if re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) else None
    elif attribute.type is Type.DURATION:
        value = values.duration(text)
    elif attribute.type is Type.VERSION:
        value = values.version(text)
    else:
        value = text if re.fullmatch(attribute.form or r"[A-Za-z0-9_.-]+", text, re.ASCII) else None
    if value is None or (attribute.values and text not in attribute.values):
        example = _example(attribute)
        hint = did_you_mean(text, attribute.values) if attribute.values else f"write for example `{example}`"
        if attribute.values and not hint:
            hint = f"known are {', '.join(attribute.values)}"
        what = f"{shown(text)} is not" if text else "the condition ends before"
        raise Refusal(
            "value", f"{what} a value of `{attribute.name}` ({attribute.meaning})", hint, token.offset
        )
    return value


def _period(token: Word) -> tuple[int, int]:
    start_text, _, end_text = token.text.partition("-")
    start, end = values.minutes(start_text), values.minutes(end_text)
    if start is None or end is None or start == end:
        raise Refusal(
            "value",
            f"{shown(token.text)} is not a period of the day",
            "write for example `time in 09:00-17:30`; 22:00-06:00 runs past midnight",
            token.offset,
        )
    return start, end
