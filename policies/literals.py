"""What does one word of a condition say? A typed value of its attribute, or what is wrong with it.

Refuses what could never be equal. Knows no grammar: see ``policies.conditions``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from domain.attributes import ATTRIBUTES, Attribute, Type
from domain.properties import MAX_WORD, TYPES, is_name, scoped
from policies import values
from policies.comparisons import Value
from policies.problems import Refusal, did_you_mean, shown

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


def example(attribute: Attribute) -> str:
    """Return a comparison of *attribute* as an author would write it."""
    return _EXAMPLE[attribute.type].format(attribute.name)


def unknown(name: str, declared: Iterable[str], offset: int, others: Iterable[str] = ATTRIBUTES) -> Refusal:
    """Return the refusal of *name*, which is no attribute, with the nearest one."""
    known = sorted(declared)
    if scoped(name):
        types = " or ".join(type_.value for type_ in TYPES)
        hint = _nearest(name, known) or (f"declare it: a, {name}, … ({types})" if is_name(name) else "")
        return Refusal("property-unknown", f"no line declares {shown(name)}", hint, offset)
    hint = did_you_mean(name, [*others, *known]) or f"known are {', '.join([*sorted(ATTRIBUTES), *known])}"
    return Refusal("attribute-unknown", f"there is no attribute {shown(name)}", hint, offset)


def _nearest(name: str, known: Iterable[str]) -> str:
    """Return a suggestion naming the property of the same scope whose key is nearest, or nothing."""
    scope, _, key = name.partition(".")
    keys = {each.partition(".")[2].lower(): each for each in known if each.startswith(f"{scope}.")}
    near = get_close_matches(key.lower()[:80], keys, n=1, cutoff=0.6)
    return f"did you mean `{keys[near[0]]}`?" if near else ""


def value(attribute: Attribute, text: str, offset: int) -> Value:
    """Return the typed value of one word. Raises Refusal with what to write."""
    read: Value | None
    if attribute.type is Type.INT:
        read = int(text) if re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) else None
    elif attribute.type is Type.DURATION:
        read = values.duration(text)
    elif attribute.type is Type.VERSION:
        read = values.version(text)
    else:
        fits = re.fullmatch(attribute.form or r"[A-Za-z0-9_.-]+", text, re.ASCII) and len(text) <= MAX_WORD
        read = text if fits else None
    if read is None or (attribute.values and text not in attribute.values):
        hint = f"write for example `{example(attribute)}`"
        if attribute.values:
            hint = did_you_mean(text, attribute.values) or f"known are {', '.join(attribute.values)}"
        what = f"{shown(text)} is not" if text else "the condition ends before"
        message = f"{what} a value of `{attribute.name}` ({attribute.meaning})"
        raise Refusal("value", message, hint, offset)
    return read


def period(text: str, offset: int) -> tuple[int, int]:
    """Return start and end, minutes after midnight, of ``09:00-17:30``. Raises Refusal."""
    start_text, _, end_text = text.partition("-")
    start, end = values.minutes(start_text), values.minutes(end_text)
    if start is None or end is None or start == end:
        raise Refusal(
            "value",
            f"{shown(text)} is not a period of the day",
            "write for example `time in 09:00-17:30`; 22:00-06:00 runs past midnight",
            offset,
        )
    return start, end
