"""What does ``tier = 2`` say? One fact, as a test or an operator writes it, typed as a rule would type it.

Values are read as those of conditions are, so that a fact which no rule could
be compared with is refused.
"""

from __future__ import annotations

import re
from typing import Any

from domain.attributes import ATTRIBUTES, Attribute, Type
from policies import literals, values
from policies.conditions import NONE, Declared
from policies.problems import Refusal, did_you_mean, shown

_EXAMPLES = ("2", "30s", "10:00", "word", "DE", "12.5", "2026-12-01T09:00:00", "192.0.2.7")


def read_fact(part: str, offset: int = 0, declared: Declared = NONE) -> tuple[str, Any]:
    """Return name and typed value of ``tier = 2``, ``disk_encrypted`` or ``not remote_control``.

    *declared*: properties that may be given besides. Durations are seconds. Raises Refusal,
    *offset* being that of *part* in what is read.
    """
    match = re.fullmatch(r"(?P<no>not\s+)?(?P<name>[A-Za-z0-9_.-]+)\s*(?:=(?P<value>.*))?", part, re.ASCII)
    if match is None:
        hint = "write facts like `tier = 2; disk_encrypted; not remote_control`, or `-` for none"
        raise Refusal("given", f"{shown(part)} is not a fact", hint, offset)
    attribute = _attribute(match["name"], offset + match.start("name"), declared)
    if attribute.type is Type.PATH:
        raise Refusal("given", "the path is that of the resource", "write it there", offset)
    if attribute.type is Type.BOOL:
        if match["value"] is not None:
            hint = f"write `{attribute.name}` or `not {attribute.name}`"
            raise Refusal("given", f"`{attribute.name}` is either so or not", hint, offset)
        return attribute.name, match["no"] is None
    example = f"write for example `{attribute.name} = {_example(attribute)}`"
    if match["no"] is not None or match["value"] is None:
        raise Refusal("given", f"{shown(part)} gives no value", example, offset)
    text = match["value"].strip()
    value = _value(attribute, text)
    if value is None:
        hint = did_you_mean(text, attribute.values) or example
        if attribute.values and hint == example:
            hint = f"known are {', '.join(attribute.values)}"
        at = offset + match.start("value") + len(match["value"]) - len(match["value"].lstrip())
        raise Refusal("value", f"{shown(text)} is not a value of `{attribute.name}`", hint, at)
    return attribute.name, value


def _value(attribute: Attribute, text: str) -> Any:
    """Return the value that a condition would compare with, or None: there is one reader of values."""
    if attribute.type is Type.TIME:
        return values.minutes(text)
    if attribute.type is Type.MOMENT:
        return values.moment(text)
    if attribute.type is Type.ADDRESS:
        return values.address(text)
    try:
        return literals.value(attribute, text, 0)
    except Refusal:
        return None


def _example(attribute: Attribute) -> str:
    return next(text for text in (*attribute.values[-1:], *_EXAMPLES) if _value(attribute, text) is not None)


def _attribute(name: str, offset: int, declared: Declared) -> Attribute:
    attribute = ATTRIBUTES.get(name) or declared.get(name)
    if attribute is None:
        raise literals.unknown(name, declared, offset)
    return attribute
