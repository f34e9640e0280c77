"""Which rules may the matcher apply to, for a question? A superset, found by what the question names.

A part of the matcher that every rule must meet, and that compares one column
with something of the question, is a dimension: rules are filed under keys of
that column, and a question looks up the keys that could meet it. A dimension
whose side of the question is unknown leaves nothing out. What is no dimension
is not looked at here: whoever asks evaluates the whole matcher for each rule
that is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from math import prod

from policies.casbin.evaluate import Applies, Asked, Scene
from policies.casbin.operators import OPERATORS, prefix
from policies.casbin.roles import Graph
from policies.casbin.rows import Rule
from policies.casbin.tree import (
    And,
    Call,
    Column,
    Compare,
    Literal,
    Member,
    Node,
    Or,
    Param,
    asks_policy,
)

Keys = frozenset[str]
_JOINT = 3
"""Most dimensions that are looked up together: a rule may have several keys in each."""


class Index:
    """The rules of a policy by its matcher. Immutable once made."""

    def __init__(self, matcher: Node, rules: Sequence[Rule], scene: Scene) -> None:
        parts = matcher.operands if isinstance(matcher, Or) else (matcher,)
        self._branches = [_Branch(part, rules, scene) for part in parts]

    def candidates(self, asked: Asked) -> Iterable[int]:
        """Return the numbers of all rules for which the matcher may be anything but false."""
        found = [branch.candidates(asked) for branch in self._branches]
        return found[0] if len(found) == 1 else sorted({number for numbers in found for number in numbers})


class _Branch:
    """One alternative of the matcher, and its dimensions."""

    def __init__(self, node: Node, rules: Sequence[Rule], scene: Scene) -> None:
        self._everything = range(len(rules))
        self._question: Applies | None = None if asks_policy(node) else scene.compiled(node)
        parts = node.operands if isinstance(node, And) else (node,)
        found = [_dimension(part, scene.graphs) for part in parts]
        self._dimensions = [dimension for dimension in found if dimension is not None]
        self._single: list[dict[str, list[int]]] = [{} for _ in self._dimensions]
        self._joint: dict[tuple[str, ...], list[int]] = {}
        for number, rule in enumerate(rules):
            keys = [d.filed_under(rule.values[d.column]) for d in self._dimensions]
            for single, under in zip(self._single, keys, strict=True):
                for key in under:
                    single.setdefault(key, []).append(number)
            for joint in product(*keys[:_JOINT]):
                self._joint.setdefault(joint, []).append(number)

    def candidates(self, asked: Asked) -> Iterable[int]:
        if self._question is not None:
            return () if self._question((), asked) is False else self._everything
        keys = [dimension.asked_for(asked) for dimension in self._dimensions]
        known = [(single, k) for single, k in zip(self._single, keys, strict=True) if k is not None]
        if not known:
            return self._everything
        sizes = [sum(len(single.get(key, ())) for key in k) for single, k in known]
        smallest = min(sizes)
        together = [k for k in keys[:_JOINT] if k is not None]
        if len(together) == len(keys[:_JOINT]) and prod(len(k) for k in together) < smallest:
            found = (self._joint.get(joint, ()) for joint in product(*together))
        else:
            single, k = known[sizes.index(smallest)]
            found = (single.get(key, ()) for key in k)
        return sorted({number for numbers in found for number in numbers})


class _Dimension:
    """One column, and the alternatives by which a question meets it."""

    def __init__(self, column: int, alternatives: Sequence[Node], graphs: Mapping[str, Graph]) -> None:
        self.column = column
        self._alternatives = alternatives
        self._graphs = graphs
        calls = {node.name for node in alternatives if isinstance(node, Call)}
        members = {graphs[node.kind].kind.names for node in alternatives if isinstance(node, Member)}
        self._operators = {*calls, *(name for name in members if name is not None)}
        self._exact = any(not isinstance(node, Call) for node in alternatives)

    def filed_under(self, value: str) -> Keys:
        """Return the keys of a rule whose column is *value*."""
        found = {f"={value}"} if self._exact else set()
        for name in self._operators:
            head, only = prefix(name, value)
            found.add(f"={value}" if only else f"^{_cut(head)}")
        return frozenset(found)

    def asked_for(self, asked: Asked) -> Keys | None:
        """Return the keys that could meet the question; None where its side is unknown."""
        found: set[str] = set()
        for node in self._alternatives:
            keys = self._keys(node, asked)
            if keys is None:
                return None
            found |= keys
        return frozenset(found)

    def _keys(self, node: Node, asked: Asked) -> set[str] | None:
        if isinstance(node, Member):
            return self._reached(node, asked)
        if isinstance(node, Compare):
            other = node.left if isinstance(node.right, Column) else node.right
            value = other.value if isinstance(other, Literal) else asked.get(other)  # type: ignore[arg-type]
            return {f"={value}"} if isinstance(value, str) else None
        assert isinstance(node, Call)
        assert isinstance(node.value, Param)
        value = asked.get(node.value)
        return {f"={value}", *_cuts(value)} if isinstance(value, str) else None

    def _reached(self, node: Member, asked: Asked) -> set[str] | None:
        assert isinstance(node.member, Param)
        graph = self._graphs[node.kind]
        name = asked.get(node.member)
        domain = asked.get(node.domain) if isinstance(node.domain, Param) else None
        if not isinstance(name, str) or (isinstance(node.domain, Param) and not isinstance(domain, str)):
            return None
        # A domain that the rule names is left open: what is reached in any domain is a superset.
        reached = asked.reached(graph, name, domain)
        keys = {f"={one}" for one in reached}
        return keys if graph.kind.names is None else keys.union(*(_cuts(one) for one in reached))


def _dimension(node: Node, graphs: Mapping[str, Graph]) -> _Dimension | None:
    alternatives = node.operands if isinstance(node, Or) else (node,)
    columns = {_column(part) for part in alternatives}
    if len(columns) != 1:
        return None
    [column] = columns
    return None if column is None else _Dimension(column, alternatives, graphs)


def _column(node: Node) -> int | None:
    """Return the column that *node* compares with the question or a text; None if it does not."""
    match node:
        case Compare("==", Param() | Literal(str()), Column(_, index)):
            return index
        case Compare("==", Column(_, index), Param() | Literal(str())):
            return index
        case Call(name, Param(), Column(_, index)) if name in OPERATORS:
            return index
        case Member(_, Param(), Column(_, index)):
            return index
        case _:
            return None


def _cut(head: str) -> str:
    """Return *head* up to its last ``/`` or ``:``."""
    return head[: max(head.rfind("/"), head.rfind(":")) + 1]


def _cuts(value: str) -> set[str]:
    return {"^", *(f"^{value[: at + 1]}" for at, letter in enumerate(value) if letter in "/:")}
