"""What becomes of a bundle when a few of its lines change? The next one, without compiling all of it anew.

Ten rules of a hundred thousand change in a fraction of the time that loading
takes, and the old bundle serves on unchanged meanwhile. The result is the one
that ``policies.bundle.load`` gives: whatever is not plainly a small, sound
change is left to it, errors above all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from policies import names, parse
from policies.bundle import Bundle, assembled, load
from policies.parse import Row
from policies.read import Read, read
from policies.validate import Checked, joined, row_errors, undefined_groups

MOST = 1_000
"""More changed lines than these are compiled anew, and so is a bundle whose rules changed as often since."""


def succeed(old: Bundle, text: str) -> Bundle:
    """Return the bundle of *text*, which is much like that of *old*. Raises as ``load``."""
    before, after = old.text.split("\n"), text.split("\n")
    known, kept = set(before), set(after)
    came, gone = kept - known, known - kept
    changed = len(came) + len(gone) + len(old.rules.added) + len(old.rules.removed)
    if changed > MOST or old.builtin or _repeats_a_rule(after, kept):
        return load(text)
    # Sorted: a set is in another order in each process, and rules are numbered as they come.
    fresh, dropped = (
        read("\n".join(sorted(lines)), builtin=False, declared=old.declared) for lines in (came, gone)
    )
    if "a" in fresh.rows or "a" in dropped.rows:  # the same condition may say something else now
        return load(text)
    remaining = old.rules.ids - dropped.rules.ids
    if fresh.problems or not remaining.isdisjoint(fresh.rules.ids) or not (remaining or fresh.rules):
        return load(text)
    return _next(old, text, fresh, dropped, after)


def _next(old: Bundle, text: str, fresh: Read, dropped: Read, after: Sequence[str]) -> Bundle:
    index, first = old.index, len(old.rules.clauses)
    gone = [
        (_number_of(old, rule.id, rule.subject, rule.action, rule.resource), rule.action, rule.resource)
        for rule in dropped.rules
    ]
    rules = old.rules.succeeded(gone=frozenset(number for number, _, _ in gone), come=fresh.rules)
    come = [(first + n, *place) for n, place in enumerate(zip(fresh.actions, fresh.resources, strict=True))]
    buckets = index.buckets.changed(rules.subjects, gone=gone, come=come)
    mentioned = (*fresh.actions, *fresh.resources)
    # Tests know their lines, which any change may have moved.
    if not (old.tests or fresh.rows or dropped.rows or any(map(names.is_group, mentioned))):
        links = (old.links, old.resource_links, old.action_links)
        return assembled(text, Checked(rules, buckets, *links, (), (), old.declared))
    rows = _rows(after)
    patterns = {pattern for table in buckets.by_action.values() for pattern in table}
    problems = [
        *row_errors(rows, old.declared),
        *undefined_groups(((0, action) for action in buckets.by_action), rows["g3"]),
        *undefined_groups(((0, pattern) for pattern in patterns), rows["g2"]),
    ]
    return load(text) if problems else assembled(text, joined(rules, buckets, rows, (), old.declared))


def _repeats_a_rule(lines: Sequence[str], distinct: set[str]) -> bool:
    """Return whether a line that may be a rule stands there twice; comments and blank lines may."""
    if len(lines) == len(distinct):
        return False
    return any(count > 1 and line.lstrip()[:1] == "p" for line, count in Counter(lines).items())


def _number_of(old: Bundle, id_: str, subject: str, action: str, resource: str) -> int:
    rules, buckets = old.rules, old.index.buckets
    there = buckets.whole((buckets.by_action[action],), (resource,))
    return next(number for number in there if rules.subjects[number] == subject and rules.id(number) == id_)


def _rows(lines: Sequence[str]) -> defaultdict[str, list[Row]]:
    """Return the rows of *lines* that are no rules, by their type."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for number, line in enumerate(lines, 1):
        if line.lstrip()[:1] in ("g", "a", "t") and isinstance(row := parse.row(number, line), Row):
            found[row.kind].append(row)
    return found
