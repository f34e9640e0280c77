"""What a condition is of the facts, said once more as plainly as it can be.

A condition is None or a tree of tuples: ("is", name), ("cmp", name, operator, value),
("in", name, values), ("between", name, start, end), ("match", name, operator, pattern)
for the few patterns of the generated policies, ("same", name, operator, name) for two
facts, ("not", c), ("and", c, …), ("or", c, …).
"""

import operator

COMPARE = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def value(condition, facts):
    """Kleene's strong three values, with None for unknown."""
    if condition is None:
        return True
    kind, *parts = condition
    if kind in ("and", "or"):
        ranked = [{False: 0, None: 1, True: 2}[value(part, facts)] for part in parts]
        return [False, None, True][min(ranked) if kind == "and" else max(ranked)]
    if kind == "not":
        return {True: False, False: True, None: None}[value(parts[0], facts)]
    if kind == "same":
        one, two = facts.get(parts[0]), facts.get(parts[2])
        return None if one is None or two is None else COMPARE[parts[1]](one, two)
    if (have := facts.get(parts[0])) is None:
        return None
    if kind == "match":
        return matches(have, parts[2])
    if kind == "between":
        start, end = parts[1:]
        return start <= have < end if start < end else not end <= have < start
    if kind == "cmp":
        return COMPARE[parts[1]](have, parts[2])
    return have in parts[1] if kind == "in" else have


def matches(have, pattern):
    if "T" in pattern:
        start, end = pattern.split("/")
        now = have.replace(tzinfo=None).isoformat()
        return start.replace("_", "") < now < end.replace("_", "~")
    if pattern.startswith("10."):
        return have.startswith("10.1." if "16" in pattern else "10.")
    first, *more = have[1:].split("/")
    return {
        "/x*": first.startswith("x"), "/{id}": not more, "^/x(/.*)?$": first == "x",
    }.get(pattern, first == "x" and len(more) == 1)  # fmt: skip
