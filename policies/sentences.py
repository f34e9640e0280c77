"""How does a rule read aloud? One plain sentence for admins, without codes."""

from __future__ import annotations

from collections.abc import Iterable

from domain.attributes import Attribute, Type
from domain.properties import CRITERION
from policies import values
from policies.comparisons import MATCHING, Operator
from policies.conditions import And, Atom, Condition, Not, Or
from policies.names import ANY, is_group
from policies.rules import Rule, RuleEffect

_COMPARISON = {
    Operator.EQ: "is",
    Operator.NE: "is not",
    Operator.LT: "is less than",
    Operator.LE: "is at most",
    Operator.GT: "is more than",
    Operator.GE: "is at least",
}


def sentence(rule: Rule) -> str:
    """Return for example ``role support may read data:customer-logs when tier is at least 2,
    for at most 15 minutes``. No capital, no final stop: it stands in lists."""
    what, to = rule.action, False
    if what == ANY:
        what, to = "do anything", True
    elif is_group(what):
        what, to = f"do the actions of {named(what)}", True
    where = _where(rule.resource, to=to)
    if rule.effect is RuleEffect.ALLOW:
        who = named(rule.subject)
        when = f" when {condition(rule.when)}" if rule.when is not None else ""
        return f"{who} may {what} {where}{when}{terms(rule)}"
    who = "nobody may" if rule.subject == ANY else f"{named(rule.subject)} may not"
    when = f" when {condition(rule.when)}, or when that is not known" if rule.when is not None else ""
    return f"{who} {what} {where}{when}"


def condition(tree: Condition) -> str:
    """Say a condition in words, with brackets where ``or`` stands inside."""
    if isinstance(tree, Atom):
        return _atom(tree)
    if isinstance(tree, Not):
        if isinstance(tree.operand, Atom):
            return _denied(tree.operand)
        return f"not ({condition(tree.operand)})"
    if isinstance(tree, And):
        return " and ".join(f"({condition(o)})" if isinstance(o, Or) else condition(o) for o in tree.operands)
    return " or ".join(condition(operand) for operand in tree.operands)


def named(name: str) -> str:
    """Say a subject or a group: ``role support``, ``everybody``."""
    return "everybody" if name == ANY else name.replace(":", " ", 1)


def some(words: Iterable[str], most: int) -> str:
    """Say *words*, each once and at most *most* of them: ``read, write and 3 more``."""
    items = list(dict.fromkeys(words))
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def _where(resource: str, *, to: bool) -> str:
    if resource == ANY:
        told = "every resource"
    elif resource.endswith(ANY):
        told = f"everything under {resource[:-1]}"
    elif is_group(resource):
        told = f"the resources of {named(resource)}"
    else:
        told = resource
    return f"with {told}" if to else told


def terms(rule: Rule) -> str:
    """Say what goes with a permit, as it stands behind a sentence; nothing for no terms."""
    cap = rule.given.cap
    limit = f", for at most {values.duration_words(int(cap.total_seconds()))}" if cap is not None else ""
    return limit + (", without asking for a grant" if rule.given.standing else "")


def _atom(atom: Atom) -> str:
    if atom.operator is Operator.IS:
        return atom.attribute.meaning
    name = _called(atom.attribute)
    if atom.other is not None:
        return f"{name} {_COMPARISON[atom.operator]} {_called(atom.other)}"
    if atom.operator in MATCHING:
        return _matched(atom)
    if atom.operator is not Operator.IN:
        return f"{name} {_COMPARISON[atom.operator]} {_value(atom)}"
    if atom.attribute.type is Type.TIME:
        return f"the time is {_value(atom)}"
    return f"{name} is {_value(atom)}"


def _called(attribute: Attribute) -> str:
    """Say an attribute: ``touch age``, ``ownerID of the resource``."""
    return attribute.meaning if attribute.criterion == CRITERION else attribute.name.replace("_", " ")


def _matched(atom: Atom) -> str:
    pattern = str(atom.value)
    if atom.operator is Operator.IP_MATCH:
        return f"the address is {'in ' if '/' in pattern else ''}{pattern}"
    if atom.operator is Operator.TIME_MATCH:
        start, end = (part.replace("T", " ") for part in pattern.split("/"))
        bounds = [f"after {start} UTC" if start != "_" else "", f"before {end} UTC" if end != "_" else ""]
        return f"it is {' and '.join(filter(None, bounds)) or 'any time'}"
    return f"the path is like {pattern} ({atom.operator.value})"


def _denied(atom: Atom) -> str:
    if atom.operator is Operator.IS:
        return f"it is not so that {atom.attribute.meaning}"
    if atom.operator is Operator.IN or atom.operator in MATCHING:
        return _atom(atom).replace(" is ", " is not ", 1)
    return f"not ({_atom(atom)})"


def _value(atom: Atom) -> str:
    value = atom.value
    if atom.attribute.type is Type.TIME:
        start, end = (values.clock_words(minute) for minute in value)  # type: ignore[union-attr, arg-type]
        return f"between {start} and {end} UTC"
    if atom.attribute.type is Type.VERSION:
        return ".".join(str(part) for part in value)  # type: ignore[union-attr]
    if atom.attribute.type is Type.DURATION:
        return values.duration_words(value)  # type: ignore[arg-type]
    if atom.attribute.name == "weekday":
        return values.day_words(value if isinstance(value, tuple) else (value,))  # type: ignore[arg-type]
    return values.either(value) if isinstance(value, tuple) else str(value)
