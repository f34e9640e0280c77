"""Which function does a matcher call, and with what? The calls of the matcher language.

A pattern comes from the policy or the matcher, never from the request: whoever
asks must not write the pattern that they are matched by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.casbin import operators
from policies.casbin.tree import Call, Column, Eval, Literal, Member, Node, Operand, Param, Period
from policies.problems import Refusal, did_you_mean, shown

if TYPE_CHECKING:
    from policies.casbin.matcher import Scope

Arguments = list[tuple[int, Operand]]
_EVAL, _TIME = "eval", "timeMatch"


def read(name: str, offset: int, arguments: Arguments, scope: Scope, inner: bool) -> Node:
    """Return the node of one call. *arguments*: (offset, operand). Raises Refusal."""
    if name in scope.kinds:
        _count(name, offset, arguments, 3 if scope.kinds[name] else 2)
        return Member(name, *(operand for _, operand in arguments))
    if name == _EVAL:
        return _eval(offset, arguments, inner)
    if name == _TIME:
        return _time(offset, arguments)
    if name not in scope.operators:
        raise _unknown(name, offset, scope)
    _count(name, offset, arguments, 2)
    operator = scope.operators[name]
    (at, pattern), (_, value) = arguments[operator.pattern], arguments[1 - operator.pattern]
    if isinstance(pattern, Param):
        message = f"`{pattern}` would let whoever asks write the pattern of {name}"
        raise Refusal("pattern-asked", message, f"write {name}(r.…, p.…)", at)
    if isinstance(pattern, Literal):
        _checked(name, at, pattern, scope)
    return Call(name, value, pattern, at)


def _checked(name: str, at: int, pattern: Literal, scope: Scope) -> None:
    if not isinstance(pattern.value, str):
        raise Refusal("pattern", f"the pattern of {name} is a text", "write it in quotes", at)
    try:
        scope.operators[name].compiled(pattern.value)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, refusal.suggestion, at + 1 + refusal.offset) from None


def _count(name: str, offset: int, arguments: Arguments, wanted: int) -> None:
    if len(arguments) != wanted:
        message = f"`{name}` takes {wanted} arguments, here are {len(arguments)}"
        raise Refusal("function", message, "", offset)


def _eval(offset: int, arguments: Arguments, inner: bool) -> Node:
    if inner:
        raise Refusal(
            "function", "a column asks no other column by `eval`", "write the condition itself", offset
        )
    _count(_EVAL, offset, arguments, 1)
    [(at, column)] = arguments
    if not isinstance(column, Column):
        raise Refusal("function", "`eval` reads a column of the policy", "write eval(p.…)", at)
    return Eval(column)


def _time(offset: int, arguments: Arguments) -> Node:
    _count(_TIME, offset, arguments, 2)
    (at, start), (later, end) = arguments
    for place, bound in arguments:
        if isinstance(bound, Param):
            message = f"`{bound}` would let whoever asks write the period"
            raise Refusal("pattern-asked", message, "write timeMatch(p.…, p.…)", place)
    assert not isinstance(start, Param)
    assert not isinstance(end, Param)
    if isinstance(start, Literal) and isinstance(end, Literal):
        try:
            operators.period(str(start.value), str(end.value))
        except Refusal as refusal:
            raise Refusal(refusal.code, refusal.message, refusal.suggestion, at) from None
    return Period(start, end, min(at, later))


def _unknown(name: str, offset: int, scope: Scope) -> Refusal:
    if name.startswith("keyGet"):
        hint = "say with keyMatch2 to keyMatch5 or regexMatch what the part may be"
        message = f"{shown(name)} gives a part of a path, and a matcher asks yes or no"
        return Refusal("function", message, hint, offset)
    if name == "condition":
        hint = "take the model.conf of this version as it is, or write the condition in the matcher"
        return Refusal(
            "function", "`condition` is known to the served model only, and this is not it", hint, offset
        )
    known = [*scope.operators, *scope.kinds, _EVAL, _TIME]
    message = f"there is no function {shown(name)}, and nothing can register one"
    hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
    return Refusal("function", message, hint, offset)
