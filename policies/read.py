"""Which rules and links does a policy text hold? One pass from text to columns.

Most lines of a large bundle repeat subjects, actions and clauses that were
read before: what is known to be sound is looked up. Whatever is not plainly
sound goes the slow way through ``policies.parse`` and ``policies.rules``,
which alone say what is wrong.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from policies import parse
from policies.columns import Rules
from policies.conditions import Declared
from policies.declared import declared_in
from policies.parse import MAX_CHARACTERS, MAX_LINE, Row
from policies.problems import Problem, shown
from policies.rules import Clause, read_rule

_plain_id = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII).fullmatch
_plain_subject = re.compile(
    r"(?:role|group|person|service):[A-Za-z0-9][A-Za-z0-9._@-]{0,127}", re.ASCII
).fullmatch
# A part of what policies.names.resource accepts: no pattern, no reserved type, no segment with a dot first.
_SEGMENT = "[A-Za-z0-9_~@-][A-Za-z0-9_~@.-]*"
_plain_resource = re.compile(
    rf"(?!group:|doorward:)[a-z][a-z0-9-]{{0,31}}:{_SEGMENT}(?:/{_SEGMENT})*", re.ASCII
).fullmatch


@dataclass(slots=True)
class Read:
    """What a text holds: p rows as columns, the other rows by their type, and what is wrong.

    *declared*: the properties that its conditions may ask for.

    *actions*, *resources* and *lines* (from 1) are columns beside those of *rules*.
    """

    rules: Rules
    declared: Declared = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("L"))
    rows: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Problem] = field(default_factory=list)


def read(text: str, *, builtin: bool, declared: Declared | None = None) -> Read:
    """Read a whole text. Never raises; a rule with a problem is left out.

    *declared*: what is declared elsewhere, for a part of a text; else the text's own lines say it.
    """
    if len(text) > MAX_CHARACTERS:
        message = f"a bundle has at most {MAX_CHARACTERS:,} characters"
        return Read(Rules(), problems=[Problem(1, 1, "too-long", message)])
    reader = _Reader(text, declared_in(text) if declared is None else declared, builtin=builtin)
    take = reader.line_taker()
    number, start, size = 1, 0, len(text)
    while start <= size:
        # Only \n ends a line, as for Casbin: str.splitlines() knows a dozen more ends.
        end = text.find("\n", start)
        end = size if end < 0 else end
        line = text[start:end]
        if not take(number, start, line):
            reader.slowly(number, start, line)
        number, start = number + 1, end + 1
    return reader.found


class _Reader:
    """Reads the lines of one text in turn, and knows again what it has read."""

    def __init__(self, text: str, declared: Declared, *, builtin: bool) -> None:
        self.found = Read(Rules(text), declared)
        self._builtin = builtin
        self._ids = self.found.rules.ids
        self._broken: dict[str, int] = {}
        self._lines: dict[str, int] = {}
        self._subjects: dict[str, str] = {}
        self._actions: dict[str, str] = {}
        self._resources: dict[str, str] = {}
        self._clauses: dict[tuple[str, str, str], Clause] = {}

    def line_taker(self) -> Callable[[int, int, str], bool]:
        """Return a function of line number, start and line that takes in a plainly sound rule, or says no.

        Names are bound once: this runs a million times for a bundle of a million rules.
        """
        builtin, found, rules = self._builtin, self.found, self.found.rules
        ids, add_id = self._ids, self._ids.add
        known_subjects, subject_of, action_of = self._subjects, self._subjects.get, self._actions.get
        clause_of, resources = self._clauses.get, self._resources
        starts, subjects, clauses = rules.starts.append, rules.subjects.append, rules.clauses.append
        actions, places, lines = found.actions.append, found.resources.append, found.lines.append

        def take(number: int, start: int, line: str) -> bool:
            if line.count(",") != 7 or len(line) > MAX_LINE:
                return False
            parts = line.split(", ")
            if len(parts) != 8 or parts[0] != "p":
                return False
            _, id_, name, act, resource, condition, terms, effect = parts
            if id_ in ids or not _plain_id(id_):
                return False
            subject, action = subject_of(name), action_of(act)
            clause = clause_of((condition, terms, effect))
            if clause is None or action is None:
                return False
            if subject is None:
                if not _plain_subject(name):
                    return False
                subject = known_subjects[name] = name
            place = resources.get(resource)
            if place is None:
                if builtin or len(resource) > 512 or not _plain_resource(resource):
                    return False
                place = resources[resource] = resource
            add_id(id_)
            starts(start)
            subjects(subject)
            clauses(clause)
            actions(action)
            places(place)
            lines(number)
            return True

        return take

    def slowly(self, number: int, start: int, line: str) -> None:
        """Take in any line, with what is wrong with it."""
        row = parse.row(number, line)
        if isinstance(row, Problem):
            self.found.problems.append(row)
        elif row is not None and row.kind != "p":
            self.found.rows[row.kind].append(row)
        elif row is not None:
            self._rule(row, start)

    def _rule(self, row: Row, start: int) -> None:
        rule, problems = read_rule(row, builtin=self._builtin, declared=self.found.declared)
        self.found.problems += problems
        if row.values[0] in self._ids:
            self.found.problems.append(self._taken(row))
            return
        self._ids.add(row.values[0])
        if rule is None:
            self._broken[row.values[0]] = row.line
            return
        said = (rule.condition, rule.terms, rule.effect.value)
        found = self.found
        found.rules.starts.append(start)
        found.rules.subjects.append(self._subjects.setdefault(rule.subject, rule.subject))
        found.rules.clauses.append(self._clauses.setdefault(said, rule.clause))
        found.actions.append(self._actions.setdefault(rule.action, rule.action))
        found.resources.append(self._resources.setdefault(rule.resource, rule.resource))
        found.lines.append(row.line)

    def _taken(self, row: Row) -> Problem:
        rules, lines = self.found.rules, self.found.lines
        for number in range(len(self._lines), len(lines)):  # those that were read since the last one
            self._lines[rules.id(number)] = lines[number]
        line = self._lines.get(row.values[0]) or self._broken[row.values[0]]
        message = f"the rule id {shown(row.values[0])} is taken by line {line}"
        hint = "give each rule an id of its own: decisions name it"
        return Problem(row.line, row.fields[0].column, "duplicate-id", message, hint)
