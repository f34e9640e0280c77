"""The specification of a decision, said once more as plainly as it can be.

From ``docs/policy.md`` alone, importing nothing of ``policies``. A rule is (id, subject,
action, resource, condition, effect); a condition is None or a tree of tuples: ("is", name),
("cmp", name, operator, value), ("in", name, values), ("between", name, start, end),
("not", c), ("and", c, …), ("or", c, …).
"""

import operator

COMPARE = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def decide(rules, role_links, resource_links, action_links, subject, action, resource, facts):
    """Return whether it is permitted, and the ids of the rules that determine it."""
    subjects = reached(subject, role_links) | {"*"}
    actions = reached(action, action_links) | {"*"}
    within = [pattern for pattern, _ in resource_links if covers(pattern, resource)]
    groups = set().union(*(reached(pattern, resource_links) for pattern in within))
    concerned = [
        rule for rule in rules
        if rule[1] in subjects and rule[2] in actions
        and (covers(rule[3], resource) or rule[3] in groups)
        and not resource.startswith("doorward:")
    ]  # fmt: skip
    forbids = {r[0] for r in concerned if r[5] == "deny" and value(r[4], facts) is not False}
    permits = {r[0] for r in concerned if r[5] == "allow" and value(r[4], facts) is True}
    return (False, forbids) if forbids or not permits else (True, permits)


def reached(start, links):
    found = {start}
    while more := {group for member, group in links if member in found} - found:
        found |= more
    return found


def covers(pattern, resource):
    return resource.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == resource


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
    if (have := facts.get(parts[0])) is None:
        return None
    if kind == "between":
        start, end = parts[1:]
        return start <= have < end if start < end else not end <= have < start
    if kind == "cmp":
        return COMPARE[parts[1]](have, parts[2])
    return have in parts[1] if kind == "in" else have
