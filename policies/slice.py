"""Which rules concern a subject, an action and a resource? Casbin says so.

The matching is PyCasbin's own, by the served model, over the rules whose
subject is in the closure of the subject's memberships. Conditions are left
out here: they are three-valued and Casbin's are not. This module stands where
a compiled index can stand; its interface is :class:`Slice`.

PyCasbin's enforcer is not safe under threads (its role managers learn every
name they are asked about). A Slice builds one of its own and is used by the one
call that made it; nothing is shared and nothing is cached. Even so, two
enforcers may not be asked at once: see ``_ASKING``.
"""

# mypy: allow-untyped-calls
# casbin has no type annotations.

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import casbin
from casbin.model.model import Model
from casbin.util.log import disabled_logging

from domain.access import Link, Subject, SubjectKind
from policies.bundle import Bundle, model_text
from policies.names import ANY, EMPTY, MEMBERSHIPS, is_reserved
from policies.rules import Rule, RuleEffect

# Casbin logs every denial at WARNING with the subject, the resource and all facts: personal data.
disabled_logging()

# INVARIANT: enforce() is called with this held. It parses its matcher anew each time, inside
# warnings.catch_warnings(), and both touch state of the whole process. Seen on CPython 3.11.7, not on
# 3.12.1 or 3.13.0: if the garbage collector runs a finalizer while one thread parses and another thread
# begins to, ast.parse raises "AST constructor recursion depth mismatch". Seen on 3.11.7 and 3.13.0:
# threads restore each other's warning filters.
_ASKING = Lock()
_PRINCIPALS = tuple(f"{kind.value}:" for kind in SubjectKind)


class Slice:
    """The rules of *bundle* for one subject. Make one per call; not for sharing between threads."""

    def __init__(self, subject: Subject, bundle: Bundle, assignments: Sequence[Link]) -> None:
        """Raises ValueError for an assignment that is not a principal's membership of a role or group."""
        self._name = str(subject)
        self._builtin = bundle.builtin
        own = _own(self._name, assignments)
        names = _closure(self._name, own, bundle.links)
        self._rules = {rule.id: rule for rule in bundle.rules if rule.subject in names}
        self._matched: list[str] = []
        model = Model()
        model.load_model_from_text(model_text())
        # The condition column carries the rule's id to _match, the effect is irrelevant to matching.
        model["p"]["p"].policy = [
            [*rule.row[:4], rule.id, EMPTY, RuleEffect.ALLOW.value] for rule in self._rules.values()
        ]
        model["g"]["g"].policy = [[link.member, link.group] for link in (*own, *bundle.links)]
        model["g"]["g2"].policy = [[link.member, link.group] for link in bundle.resource_links]
        self._enforcer = casbin.Enforcer(model)
        self._enforcer.build_role_links()
        self._enforcer.add_function("condition", self._match)

    def concerning(self, action: str, resource: str) -> tuple[Rule, ...]:
        """Return the rules that match, whatever their condition, sorted by what they say.

        So neither the order of lines nor a repeated rule changes which reason comes first.
        A published bundle has no say over Doorward's own resources, even by ``*``.
        """
        # Without rules Casbin would ask its matcher about empty ones, and may permit.
        if not self._rules or is_reserved(resource) is not self._builtin:
            return ()
        self._matched.clear()
        with _ASKING:
            self._enforcer.enforce(self._name, action, resource, {})
        matched = (self._rules[id_] for id_ in self._matched)
        return tuple(sorted(matched, key=lambda rule: (rule.row[1:], rule.id)))

    def _match(self, rule_id: str, facts: object) -> bool:
        """Stand in for the condition: note that the rest matched, and let Casbin go on to the next rule."""
        del facts
        self._matched.append(rule_id)
        return False


def _own(name: str, assignments: Sequence[Link]) -> tuple[Link, ...]:
    for link in assignments:
        if not link.member.startswith(_PRINCIPALS) or not link.group.startswith(MEMBERSHIPS):
            raise ValueError(f"`{link.member}` to `{link.group}` is not a membership of a role or group")
    return tuple(link for link in assignments if link.member == name)


def _closure(name: str, own: Sequence[Link], links: Sequence[Link]) -> frozenset[str]:
    """Return every name that *name* answers to: itself, ``*``, its roles and what they include."""
    included: dict[str, list[str]] = {}
    for link in (*own, *links):
        included.setdefault(link.member, []).append(link.group)
    reached = {name}
    waiting = [name]
    while waiting:
        new = [group for group in included.get(waiting.pop(), ()) if group not in reached]
        reached.update(new)
        waiting.extend(new)
    return frozenset(reached | {ANY})
