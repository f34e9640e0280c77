"""What does ``tier=2`` say? One fact, as an operator writes it, typed as a rule would type it.

The value is read by the parser of conditions, so that a fact which no rule
could be compared with is refused here with the same words.
"""

from __future__ import annotations

from typing import Any

from domain.attributes import ATTRIBUTES, Type
from policies import conditions
from policies.conditions import Atom
from policies.problems import Refusal, did_you_mean, shown

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


def read_fact(text: str) -> tuple[str, Any]:
    """Return name and typed value of ``name=value``; durations are seconds. Raises Refusal.

    Time and weekday are no facts: they come from the moment that is asked about.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    attribute = ATTRIBUTES.get(name)
    if attribute is None or not equals:
        known = "write name=value; known are " + ", ".join(sorted(ATTRIBUTES))
        hint = known if attribute is not None else did_you_mean(name, ATTRIBUTES) or known
        raise Refusal("fact", f"{shown(text)} is no fact", hint)
    if attribute.criterion == "time":
        raise Refusal(
            "fact", f"`{name}` comes from the moment that is asked about", "give the moment instead"
        )
    if attribute.type is Type.BOOL:
        if value not in _YES_NO:
            raise Refusal("fact", f"{shown(value)} is not yes or no", f"write {name}=yes or {name}=no")
        return name, _YES_NO[value]
    operator = "<" if attribute.type is Type.DURATION else "=="
    tree = conditions.parse(f"{name} {operator} {value}")
    if not isinstance(tree, Atom):
        raise Refusal("fact", f"{shown(value)} is more than one value", f"write {name}=value, one at a time")
    return name, tree.value
