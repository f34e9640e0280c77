"""What does a matcher say, as a frozen tree? Shapes only.

Read by ``policies.casbin.matcher``, answered by ``policies.casbin.evaluate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.casbin.operators import OPERATORS, compiled

Test = Callable[[Any], bool | None]


@dataclass(frozen=True, slots=True)
class Operator:
    """A function of a matcher: a test made from a pattern, asked for a value.

    *pattern*: which of its two arguments is the pattern. *values*: whether it takes
    any value; otherwise only text reaches the test, anything else is unknown.
    """

    compiled: Callable[[str], Test]
    pattern: int = 1
    values: bool = False


def _builtin(name: str) -> Operator:
    return Operator(lambda pattern: compiled(name, pattern))


BUILTIN: Mapping[str, Operator] = {name: _builtin(name) for name in sorted(OPERATORS)}


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of the request, ``r.name``, or what its properties hold under *path*."""

    name: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join(("r", self.name, *self.path))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the policy, ``p.name``; *index* counts from 0."""

    name: str
    index: int


Operand = Literal | Param | Column


@dataclass(frozen=True, slots=True)
class Truth:
    """A bare operand that is asked whether it is true."""

    operand: Literal | Param


@dataclass(frozen=True, slots=True)
class Compare:
    """*sign* is one of == != < <= > >=."""

    sign: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Among:
    """``in``: one of the choices, or an item of a list that the request holds."""

    item: Operand
    choices: tuple[Literal, ...] | Param


@dataclass(frozen=True, slots=True)
class Call:
    """An operator asked for *value*; *offset* is where its pattern stands in the matcher."""

    name: str
    value: Operand
    pattern: Literal | Column
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """timeMatch: whether the moment of the question lies between both."""

    start: Literal | Column
    end: Literal | Column
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """``g(member, group)``, in *domain* if the kind has one."""

    kind: str
    member: Operand
    group: Operand
    domain: Operand | None = None


@dataclass(frozen=True, slots=True)
class Eval:
    """What the text of a column says, in the same language."""

    column: Column


@dataclass(frozen=True, slots=True)
class Not:
    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Node, ...]


Node = Truth | Compare | Among | Call | Period | Member | Eval | Not | And | Or


def leaves(node: Node) -> Iterator[Node]:
    """Yield every part of *node* that joins no others."""
    if isinstance(node, Not):
        yield from leaves(node.operand)
    elif isinstance(node, And | Or):
        for operand in node.operands:
            yield from leaves(operand)
    else:
        yield node


def operands(leaf: Node) -> tuple[Operand, ...]:
    """Return what a leaf is about."""
    match leaf:
        case Truth(operand):
            return (operand,)
        case Compare(_, left, right):
            return (left, right)
        case Among(item, choices):
            return (item, choices) if isinstance(choices, Param) else (item, *choices)
        case Call(_, value, pattern):
            return (value, pattern)
        case Period(start, end):
            return (start, end)
        case Member(_, member, group, domain):
            return (member, group) if domain is None else (member, group, domain)
        case Eval(column):
            return (column,)
        case _:
            return ()


def params(node: Node) -> frozenset[Param]:
    """Return the parameters that *node* asks for."""
    return frozenset(o for leaf in leaves(node) for o in operands(leaf) if isinstance(o, Param))


def asks_policy(node: Node) -> bool:
    """Return whether the answer depends on a column of the policy."""
    return any(isinstance(o, Column) for leaf in leaves(node) for o in operands(leaf))
