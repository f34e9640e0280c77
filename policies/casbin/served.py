"""May they, by the served model? The product's own path, for a bundle in a folder.

The text is loaded by ``policies.bundle`` and asked by ``policies.decide``, as it
is when published. Assignments, which Doorward keeps outside a bundle, are here
its ``g`` rows whose member is a person, service or device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.access import AccessRequest, Link, Subject, SubjectKind, action_name, resource_id
from domain.attributes import ATTRIBUTES, Attribute, Type
from domain.decision import Decision
from domain.errors import EmptyBundle, Invalid
from policies import bundle, names, parse, values
from policies.bundle import Bundle
from policies.casbin.question import Question
from policies.decide import decide
from policies.names import MEMBERSHIPS
from policies.parse import Row
from policies.problems import Problem, Refusal, Severity, shown
from policies.proof import failures
from policies.validate import validate

_PRINCIPALS = tuple(f"{kind.value}:" for kind in SubjectKind)
_DERIVED = frozenset({"now", "time", "weekday", "path"})
"""Facts that come from the moment and the resource of the question, whatever its context says."""
_KINDS = {**{kind.value: kind for kind in SubjectKind}, "user": SubjectKind.PERSON}


class Served:
    """A bundle of the served model, None for an empty one, and the assignments beside it."""

    def __init__(self, bundle: Bundle | None, assignments: tuple[Link, ...]) -> None:
        self.bundle = bundle
        self.assignments = assignments

    def answer(self, question: Question) -> Decision:
        """Return the decision. Raises Invalid for a question that is not in canonical form."""
        kind = _KINDS.get(question.subject.type)
        if kind is None:
            message = f"{shown(question.subject.type)} is not a kind of subject"
            raise Invalid(message, code="subject-type", remedy=f"Write {', '.join(sorted(_KINDS))}.")
        request = AccessRequest(
            subject=Subject(kind, question.subject.id),
            action=action_name(question.action.id),
            resource=resource_id(f"{question.resource.type}:{question.resource.id}"),
            attributes=attributes(question.context) | self.properties(question),
        )
        return decide(request, bundle=self.bundle, assignments=self.assignments, now=question.now)

    def properties(self, question: Question) -> dict[str, Any]:
        """Return the declared properties that the question gives, as conditions ask for them."""
        given = {
            "subject": question.subject.properties,
            "action": question.action.properties,
            "resource": question.resource.properties,
            "context": question.context,
        }
        names = [name.partition(".") for name in (self.bundle.declared if self.bundle else ())]
        return {f"{scope}.{key}": given[scope][key] for scope, _, key in names if key in given[scope]}


def load(text: str) -> tuple[Served | None, tuple[Problem, ...]]:
    """Return the bundle of a ``policy.csv``, or None, and every problem.

    As with what was published, tests of its own that fail do not keep it from being asked; they are
    warned of. An empty one, which publishing refuses, denies everything.
    """
    rules, assignments = _parted(text)
    problems = validate(rules)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if [problem.code for problem in errors] == [EmptyBundle.code]:
        return Served(None, assignments), _warned(problems)
    if errors:
        return None, problems
    loaded = bundle.load(rules)
    return Served(loaded, assignments), (*problems, *_warned(failures(loaded)))


def _warned(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(replace(problem, severity=Severity.WARNING) for problem in problems)


def attributes(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that *context* holds, as conditions compare them.

    A version and a duration may be text, as rules write them. What has another type
    stays as it is: a mistyped fact is unknown.
    """
    given = (name for name in ATTRIBUTES if name in context and name not in _DERIVED)
    return {name: _fact(ATTRIBUTES[name], context[name]) for name in given}


def _fact(attribute: Attribute, value: Any) -> Any:
    readers = {Type.VERSION: values.version, Type.DURATION: values.duration}
    reader = readers.get(attribute.type)
    if reader is None or not isinstance(value, str):
        return value
    read = reader(value)
    return value if read is None else read


def _parted(text: str) -> tuple[str, tuple[Link, ...]]:
    """Part the assignments from the bundle; their lines stay, empty, so that problems keep their places."""
    kept, assignments = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        link = _assignment(number, line) if line.lstrip().startswith("g") else None
        if link is not None:
            assignments.append(link)
            line = ""
        kept.append(line)
    return "\n".join(kept), tuple(dict.fromkeys(assignments))


def _assignment(number: int, line: str) -> Link | None:
    """Return the assignment that *line* holds. Any other is left to be read, or refused, as published."""
    row = parse.row(number, line)
    if not isinstance(row, Row) or row.kind != "g":
        return None
    member, group = row.values
    if not (member.startswith(_PRINCIPALS) and group.startswith(MEMBERSHIPS)):
        return None
    try:
        names.subject(f"{SubjectKind.PERSON.value}:{member.partition(':')[2]}")
        names.subject(group)
    except Refusal:
        return None
    return Link(member, group)
