"""What does a test of a bundle say? From a ``t`` row to a typed, frozen trial.

``t, id, subject, action, resource, given, effect, reason``: somebody asks for
something, some facts are known, and the author says what must come out. Casbin
knows no row of this type and passes it over. Whether a bundle passes its tests
is asked of ``policies.proof``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.access import Link, Subject, SubjectKind
from domain.reasons import ReasonCode
from policies import names
from policies.advice import Known
from policies.causes import DENYING
from policies.conditions import Declared
from policies.facts import read_fact
from policies.names import ANY, EMPTY
from policies.parse import Row, read_field
from policies.problems import Problem, Refusal, Severity, did_you_mean, shown
from policies.read import Read
from policies.rules import RuleEffect, read_effect

T = TypeVar("T")
SOMEBODY = "-"
"""The id of whoever a test means by roles alone: no rule can name it."""
_PRINCIPALS = (SubjectKind.PERSON, SubjectKind.SERVICE)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: *subject*, holding exactly *memberships*. Written, *text*."""

    text: str
    subject: Subject
    memberships: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """One test. *given*: all the facts that are known, by name. *reason* None: any will do.

    *row*: the values of its row, as they are written.
    """

    id: str
    asker: Asker
    action: str
    resource: str
    given: tuple[tuple[str, Any], ...]
    effect: RuleEffect
    reason: ReasonCode | None
    line: int
    row: tuple[str, ...]

    def sentence(self) -> str:
        """Say it: ``the rules must not let role:support read data:x (tier-too-low), given tier = 1``."""
        _, who, action, resource, given, effect, reason = self.row
        why = "" if self.reason is None else f" ({reason})"
        facts = "nothing" if given == EMPTY else given
        let = "let" if effect == RuleEffect.ALLOW else "not let"
        return f"the rules must {let} {who} {action} {resource}{why}, given {facts}"


def read(rows: Iterable[Row], declared: Declared) -> tuple[tuple[Trial, ...], tuple[Problem, ...]]:
    """Return the trials of these t rows, and every problem of them. *declared*: properties of the bundle."""
    trials: list[Trial] = []
    problems: list[Problem] = []
    first: dict[str, int] = {}
    for row in rows:
        field = row.fields[0]
        if first.setdefault(field.text, row.line) != row.line:
            message = f"the test id {shown(field.text)} is taken by line {first[field.text]}"
            hint = "give each test an id of its own"
            problems.append(Problem(row.line, field.column, "duplicate-id", message, hint))
        trial, faults = _trial(row, declared)
        problems += faults
        if trial is not None:
            trials.append(trial)
    return tuple(trials), tuple(problems)


def warnings(read_: Read, known: Known | None) -> tuple[Problem, ...]:
    """Warn of tests about roles that nobody can hold, and resources that nobody registered.

    Such a test is true of a name that was mistyped, and says nothing of the one that was meant.
    """
    if known is None:
        return ()
    held = known.roles | names.ADMIN_ROLES
    held |= {name for row in read_.rows["g"] for name in row.values}
    held |= set(read_.rules.subjects)
    found = []
    for row in read_.rows["t"]:
        column, text = row.fields[1].column, row.fields[1].text
        for offset, name in _parts(text, "+"):
            if name.startswith(names.MEMBERSHIPS) and name not in held:
                message = f"nobody can hold {shown(name)}, which this test is about"
                found.append(_warn(row, column + offset, "role-unknown", message, did_you_mean(name, held)))
        resource = row.fields[3]
        whole = f"{resource.text.partition(':')[0]}:{ANY}"
        if known.resources.isdisjoint((*names.upwards(resource.text), whole)):
            message = f"{shown(resource.text)} is no resource that is registered"
            hint = did_you_mean(resource.text, known.resources)
            found.append(_warn(row, resource.column, "resource-unknown", message, hint))
    return tuple(found)


def _warn(row: Row, column: int, code: str, message: str, hint: str) -> Problem:
    return Problem(row.line, column, code, message, hint, Severity.WARNING)


def _trial(row: Row, declared: Declared) -> tuple[Trial | None, list[Problem]]:
    problems: list[Problem] = []

    def read(index: int, reader: Callable[[str], T]) -> T | None:
        return read_field(row, index, reader, problems)

    read(0, names.rule_id)
    asker = read(1, read_asker)
    read(2, _action)
    read(3, _resource)
    given = read(4, lambda text: _given(text, declared))
    effect = read(5, read_effect)
    reason = read(6, lambda text: _reason(text, effect))
    if problems or asker is None or given is None or effect is None:
        return None, problems
    id_, _, action, resource = row.values[:4]
    trial = Trial(id_, asker, action, resource, given, effect, reason, row.line, row.values)
    return trial, []


def _parts(text: str, mark: str) -> list[tuple[int, str]]:
    """Return what *mark* parts in *text*, stripped, each with the offset of its first character."""
    found, offset = [], 0
    for part in text.split(mark):
        found.append((offset + len(part) - len(part.lstrip()), part.strip()))
        offset += len(part) + len(mark)
    return found


def read_asker(text: str) -> Asker:
    """Read ``*``, ``role:a + group:b`` or ``person:ann + role:a``. Raises Refusal."""
    if text == ANY:
        return Asker(text, Subject(SubjectKind.PERSON, SOMEBODY), ())
    subject: Subject | None = None
    held: list[str] = []
    for offset, name in _parts(text, "+"):
        try:
            names.subject(name)
        except Refusal as refusal:
            raise _moved(refusal, offset) from None
        kind, _, id_ = name.partition(":")
        if name.startswith(names.MEMBERSHIPS) and name not in held:
            held.append(name)
        elif kind in {each.value for each in _PRINCIPALS} and subject is None:
            subject = Subject(SubjectKind(kind), id_)
        else:
            hint = "write one person or service and its roles, for example `person:prs_1 + role:support`"
            raise Refusal("test-subject", f"{shown(name)} is one too many here", hint, offset)
    subject = subject or Subject(SubjectKind.PERSON, SOMEBODY)
    return Asker(text, subject, tuple(Link(str(subject), name) for name in held))


def _moved(refusal: Refusal, offset: int) -> Refusal:
    return Refusal(refusal.code, refusal.message, refusal.suggestion, offset + refusal.offset)


def _action(text: str) -> None:
    if text == ANY or names.is_group(text):
        raise Refusal("action", "a test asks for one action", "write for example `read`")
    names.action(text)


def _resource(text: str) -> None:
    if "*" in text or names.is_group(text):
        hint = "write one resource, for example `data:customer-logs`"
        raise Refusal("resource", f"{shown(text)} is no single resource", hint)
    names.resource(text, builtin=False)


def _given(text: str, declared: Declared) -> tuple[tuple[str, Any], ...]:
    """Read ``tier = 1; disk_encrypted; not remote_control; time = 10:00``, or ``-``."""
    if text == EMPTY:
        return ()
    facts: dict[str, Any] = {}
    for offset, part in _parts(text, ";"):
        name, value = read_fact(part, offset, declared)
        if name in facts:
            raise Refusal("given", f"`{name}` is given twice", "remove one of them", offset)
        facts[name] = value
    return tuple(facts.items())


def _reason(text: str, effect: RuleEffect | None) -> ReasonCode | None:
    """Read the code of the reason that is shown first, or ``-``; refuse one that can never be."""
    if text == EMPTY or effect is None:
        return None
    able = DENYING if effect is RuleEffect.DENY else frozenset({ReasonCode.POLICY_PERMITS})
    codes = {code.value for code in able}
    if text in codes:
        return ReasonCode(text)
    known = text in {code.value for code in ReasonCode}
    what = f"is never why rules {effect.value}" if known else "is not a reason"
    hint = "" if known else did_you_mean(text, codes)
    hint = hint or f"known are {', '.join(sorted(codes))}; `-` for any"
    raise Refusal("reason", f"{shown(text)} {what}", hint)
