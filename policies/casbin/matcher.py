"""What does a matcher, or the text of an ``eval`` column, say? From text to a frozen tree, once, at load.

Grammar::

    expression = clause { "||" clause }       clause = part { "&&" part }
    part       = "!" part | "(" expression ")" | comparison
    comparison = operand [ sign operand | "in" choices ] | function "(" operand { "," operand } ")"
    operand    = "r.x" { ".Attribute" } | "p.y" | text | number | "true" | "false"
    choices    = "(" literal { "," literal } ")" | "[" literal { "," literal } "]" | "r.x" { ".Attribute" }

Text is never spliced into text, and no attribute of a Python object is read:
``r.x.Attribute`` looks into the properties that the question gives. Depth and
length are bounded, so any text is answered in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from policies.casbin import calls
from policies.casbin.tree import (
    Among,
    And,
    Column,
    Compare,
    Literal,
    Node,
    Not,
    Operand,
    Operator,
    Or,
    Param,
    Truth,
)
from policies.problems import Refusal, did_you_mean, shown

MAX_LENGTH = 4_000
MAX_DEPTH = 24

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>-?[0-9]{1,15}(?:\.[0-9]{1,15})?(?![0-9A-Za-z_.]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    |(?P<mark>&&|\|\||[=!<>]=|[!<>(),\[\]])
    |(?P<bad>\S))""",
    re.ASCII | re.VERBOSE,
)
_SIGNS = ("==", "!=", "<", "<=", ">", ">=")
_ELSEWHERE = {
    "=": "write `==` to compare, and `=~` as regexMatch(…)",
    "&": "join with `&&`",
    "|": "join with `||`",
    "+": "there is no arithmetic: let the question give the result",
    "-": "there is no arithmetic: let the question give the result",
    "*": "there is no arithmetic: let the question give the result",
    "/": "there is no arithmetic: let the question give the result",
    "%": "there is no arithmetic: let the question give the result",
    "?": "write two alternatives, joined with `||`",
    "'": "the text is not closed",
    '"': "the text is not closed",
}
_WORDS = {"and": "&&", "or": "||", "not": "!", "True": "true", "False": "false"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a matcher may name. *kinds*: each kind of role, and whether it has a domain."""

    parameters: tuple[str, ...]
    columns: tuple[str, ...]
    kinds: Mapping[str, bool]
    operators: Mapping[str, Operator]


def parse(text: str, scope: Scope, *, inner: bool = False) -> Node:
    """Return the tree of *text*. *inner*: the text of a column, which may not ask another by ``eval``.

    Raises Refusal with the offset of the first fault.
    """
    if len(text) > MAX_LENGTH:
        raise Refusal("matcher-long", f"a matcher has at most {MAX_LENGTH} characters", "", MAX_LENGTH)
    parser = _Parser(text, scope, inner)
    tree = parser.expression(0)
    parser.end()
    return tree


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    offset: int


class _Parser:
    """Recursive descent over the tokens of one matcher."""

    def __init__(self, text: str, scope: Scope, inner: bool) -> None:
        self.scope = scope
        self.inner = inner
        self.tokens: list[Token] = []
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup or "bad"
            token = Token(kind, match[kind], match.start(kind))
            if kind == "bad":
                hint = _ELSEWHERE.get(token.text, "write for example `r.sub == p.sub && r.act == p.act`")
                raise _syntax(token, f"{shown(token.text)} is not part of the matcher language", hint)
            self.tokens.append(token)
        self.tokens.append(Token("end", "", len(text)))
        self.index = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.token
        self.index += token.kind != "end"
        return token

    def accept(self, mark: str) -> bool:
        found = self.token.kind == "mark" and self.token.text == mark
        self.index += found
        return found

    def expect(self, mark: str, why: str) -> None:
        if not self.accept(mark):
            raise _syntax(self.token, f"`{mark}` is missing {why}")

    def end(self) -> None:
        token = self.token
        if token.kind != "end":
            word = _WORDS.get(token.text)
            hint = f"did you mean `{word}`?" if word else "join comparisons with `&&` or `||`"
            raise _syntax(token, f"{shown(token.text)} is not expected here", hint)

    def expression(self, depth: int) -> Node:
        clauses = [self.clause(depth)]
        while self.accept("||"):
            clauses.append(self.clause(depth))
        return clauses[0] if len(clauses) == 1 else Or(tuple(clauses))

    def clause(self, depth: int) -> Node:
        parts = [self.part(depth)]
        while self.accept("&&"):
            parts.append(self.part(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def part(self, depth: int) -> Node:
        opening = self.token
        if depth > MAX_DEPTH:
            raise Refusal("matcher-deep", f"a matcher nests at most {MAX_DEPTH} deep", "", opening.offset)
        if self.accept("!"):
            return Not(self.part(depth + 1))
        if self.accept("("):
            inner = self.expression(depth + 1)
            self.expect(")", f"for the `(` at character {opening.offset + 1}")
            return inner
        if opening.kind == "name" and self.tokens[self.index + 1].text == "(":
            return self.call()
        return self.comparison()

    def comparison(self) -> Node:
        start = self.token
        left = self.operand()
        sign = self.token
        if sign.kind == "mark" and sign.text in _SIGNS:
            self.take()
            right = self.operand()
            if isinstance(left, Literal) and isinstance(right, Literal):
                raise _syntax(
                    start, "two literals are compared, which is always the same", "name `r.…` or `p.…`"
                )
            _check_types(start, left, right)
            return Compare(sign.text, left, right)
        if sign.kind == "name" and sign.text == "in":
            self.take()
            choices = self.choices()
            _check_types(start, left, *(choices if isinstance(choices, tuple) else ()))
            return Among(left, choices)
        if isinstance(left, Column) or (isinstance(left, Literal) and not isinstance(left.value, bool)):
            hint = f"compare it, for example `{start.text} == r.obj`"
            raise _syntax(start, f"{shown(start.text)} is neither true nor false", hint)
        return Truth(left)

    def call(self) -> Node:
        name = self.take()
        self.expect("(", "after the function")
        arguments: list[tuple[Token, Operand]] = []
        while self.token.text != ")" or self.token.kind == "text":
            arguments.append((self.token, self.operand()))
            if not self.accept(","):
                break
        self.expect(")", f"after the arguments of `{name.text}`")
        return calls.read(
            name.text, name.offset, [(t.offset, o) for t, o in arguments], self.scope, self.inner
        )

    def choices(self) -> tuple[Literal, ...] | Param:
        start = self.token
        if start.kind == "name":
            held = self.operand()
            if isinstance(held, Param):
                return held
            raise _syntax(
                start, f"{shown(start.text)} is no list", "write `in ('a', 'b')`, or a list of the request"
            )
        closing = ")" if self.accept("(") else "]"
        if closing == "]":
            self.expect("[", "after `in`")
        found: list[Literal] = []
        while True:
            token = self.token
            choice = self.operand()
            if not isinstance(choice, Literal):
                raise _syntax(
                    token, f"{shown(token.text)} is no literal", "write it as an alternative with `||`"
                )
            found.append(choice)
            if not self.accept(","):
                break
        self.expect(closing, "after the choices")
        return tuple(found)

    def operand(self) -> Operand:
        token = self.take()
        if token.kind == "text":
            return Literal(_unquoted(token))
        if token.kind == "number":
            return Literal(float(token.text) if "." in token.text else int(token.text))
        if token.kind != "name":
            what = f"{shown(token.text)} is not expected here" if token.text else "the matcher ends too early"
            raise _syntax(token, what, "name `r.…` or `p.…`, or write a text in quotes")
        if token.text in ("true", "false"):
            return Literal(token.text == "true")
        return self.named(token)

    def named(self, token: Token) -> Operand:
        space, *path = token.text.split(".")
        known = {"r": self.scope.parameters, "p": self.scope.columns}.get(space, ())
        if not path or space not in ("r", "p"):
            word = _WORDS.get(token.text)
            nearest = did_you_mean(token.text, [f"{s}.{n}" for s, n in self.names()])
            hint = f"did you mean `{word}`?" if word else nearest or "a text stands in quotes: `'admin'`"
            raise Refusal("name", f"there is no {shown(token.text)}", hint, token.offset)
        if path[0] not in known:
            where = "request_definition" if space == "r" else "policy_definition"
            hint = did_you_mean(path[0], known) or f"known are {', '.join(known)}"
            raise Refusal("name", f"{shown(token.text)} is not in [{where}]", hint, token.offset)
        if space == "r":
            return Param(path[0], tuple(path[1:]))
        if len(path) > 1:
            raise Refusal(
                "name", f"{shown(token.text)} looks into a text", "a column holds one text", token.offset
            )
        return Column(path[0], known.index(path[0]))

    def names(self) -> list[tuple[str, str]]:
        return [
            *(("r", name) for name in self.scope.parameters),
            *(("p", name) for name in self.scope.columns),
        ]


def _check_types(start: Token, *compared: Operand) -> None:
    """Refuse a column compared with what is no text: it would be unknown for every rule."""
    strange = next((o for o in compared if isinstance(o, Literal) and not isinstance(o.value, str)), None)
    if strange is not None and any(isinstance(o, Column) for o in compared):
        raise _syntax(
            start, "a column holds text, and is never equal to a number", "write the number in quotes"
        )


def _unquoted(token: Token) -> str:
    inner = token.text[1:-1]
    stray = re.search(r"\\[^\\'\"]", inner.replace("\\\\", "\0\0"))
    if stray:
        hint = "only `\\\\`, `\\'` and `\\\"` are written so"
        raise Refusal("matcher", f"{shown(stray[0])} is no escape", hint, token.offset + 1 + stray.start())
    return re.sub(r"\\(.)", r"\1", inner)


def _syntax(token: Token, message: str, suggestion: str = "") -> Refusal:
    return Refusal("matcher", message, suggestion, token.offset)
