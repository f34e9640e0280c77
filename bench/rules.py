"""Rules in numbers: a company's bundle of N rules, questions about it, and the same for other engines.

A tenth as many roles as rules, a thousand people with three roles each, ten
rules on each resource; every third rule is unconditional, every fiftieth a
deny, every twentieth on a whole folder, and one deny is about everything.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import casbin
import cedarpy
import regopy

from domain.access import Link
from policies.bundle import model_text

PEOPLE = 1_000
Engine = Callable[["Question"], bool]


@dataclass(frozen=True, slots=True)
class Line:
    """One rule: *folder* is set where it is on a whole folder."""

    number: int
    role: str
    action: str
    folder: str
    item: str | None
    guarded: bool
    effect: str

    @property
    def resource(self) -> str:
        return f"data:{self.folder}/{self.item or '*'}"


@dataclass(frozen=True, slots=True)
class Question:
    """One distinct question, with the facts of its session."""

    person: str
    action: str
    resource: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Company:
    """A bundle of *count* rules."""

    count: int

    @property
    def roles(self) -> int:
        return max(1, self.count // 10)

    def lines(self) -> Iterator[Line]:
        for n in range(self.count):
            yield Line(
                n,
                f"r{n % self.roles}",
                f"a{n % 7}",
                f"d{n // 10 % 97}",
                None if n % 20 == 19 else f"x{n // 10}",
                bool(n % 3),
                "deny" if n % 50 == 49 else "allow",
            )

    def text(self) -> str:
        """Return the bundle's text."""
        rows = [
            f"p, r{line.number}, role:{line.role}, {line.action}, {line.resource}, "
            f"{'tier >= 2' if line.guarded else '-'}, -, {line.effect}"
            for line in self.lines()
        ]
        return "\n".join(["p, remote, *, *, data:*, remote_control, -, deny", *rows]) + "\n"

    def roles_of(self, person: int) -> list[str]:
        return [f"r{(person * 7 + k * 31) % self.roles}" for k in range(3)]

    def links(self) -> list[Link]:
        return [Link(f"person:p{p}", f"role:{role}") for p in range(PEOPLE) for role in set(self.roles_of(p))]

    def questions(self) -> Iterator[Question]:
        """Yield distinct questions, two of three about a rule of one of the person's roles.

        No two have the same facts: the age of the last report counts up.
        """
        random = Random(self.count)
        for age in count():
            person = random.randrange(PEOPLE)
            role = int(random.choice(self.roles_of(person))[1:])
            known = random.random() < 0.67
            n = role + self.roles * random.randrange(10) if known else random.randrange(self.count)
            item = n // 10 if known else random.randrange(10 * self.count)
            facts = {"tier": random.randrange(4), "remote_control": random.random() < 0.1, "posture_age": age}
            yield Question(f"p{person}", f"a{n % 7}", f"data:d{n // 10 % 97}/x{item}", facts)


def stock_casbin(company: Company) -> Engine:
    """A stock PyCasbin enforcer over the whole bundle, with the one registered function."""
    folder = Path(tempfile.mkdtemp())
    (folder / "model.conf").write_text(model_text())
    rows = "".join(f"g, {link.member}, {link.group}\n" for link in company.links())
    (folder / "policy.csv").write_text(company.text() + rows)
    logging.getLogger("casbin").setLevel(logging.CRITICAL)
    enforcer: Any = casbin.Enforcer(str(folder / "model.conf"), str(folder / "policy.csv"))
    conditions: dict[str, Callable[[dict[str, Any]], bool]] = {
        "-": lambda _: True,
        "tier >= 2": lambda facts: facts["tier"] >= 2,
        "remote_control": lambda facts: facts["remote_control"],
    }
    enforcer.add_function("condition", lambda text, facts: conditions[text](facts))
    return lambda q: bool(enforcer.enforce(f"person:{q.person}", q.action, q.resource, q.facts))


def cedar(company: Company) -> Engine:
    """Cedar by cedarpy, with policies and entities parsed beforehand."""
    policies = ['forbid(principal, action, resource in Folder::"all") when { context.remote_control };']
    for line in company.lines():
        kind = "forbid" if line.effect == "deny" else "permit"
        where = f'== Data::"{line.resource}"' if line.item else f'in Folder::"{line.folder}"'
        when = "when { context.tier >= 2 }" if line.guarded else ""
        policies.append(
            f'{kind}(principal in Role::"{line.role}", action == Action::"{line.action}", resource {where})'
            f"{when};"
        )
    parsed = cedarpy.PolicySet.from_str("\n".join(policies))
    people = [
        _entity("Person", f"p{p}", [_uid("Role", role) for role in set(company.roles_of(p))])
        for p in range(PEOPLE)
    ]
    folders = [_entity("Folder", f"d{n}", [_uid("Folder", "all")]) for n in range(97)]
    fixed = cedarpy.Entities.from_json_str(json.dumps([*people, *folders]))

    def ask(q: Question) -> bool:
        folder = q.resource.partition(":")[2].partition("/")[0]
        place = json.dumps([_entity("Data", q.resource, [_uid("Folder", folder)])])
        answer = cedarpy.is_authorized(
            {
                "principal": f'Person::"{q.person}"',
                "action": f'Action::"{q.action}"',
                "resource": f'Data::"{q.resource}"',
                "context": q.facts,
            },
            parsed,
            fixed.with_added_json_str(place),
        )
        return bool(answer.allowed)

    return ask


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _entity(kind: str, name: str, parents: list[dict[str, str]]) -> dict[str, Any]:
    return {"uid": _uid(kind, name), "attrs": {}, "parents": parents}


_REGO = """
package doorward
import rego.v1
default allow := false
rules contains rule if { some rule in data.rules[input.resource][input.action] }
rules contains rule if { some rule in data.rules[input.folder][input.action] }
says contains rule.effect if {
  some rule in rules
  rule.role in data.roles[input.person]
  input.tier >= rule.tier
}
allow if { "allow" in says; not "deny" in says; not input.remote_control }
"""


def rego(company: Company) -> Engine:
    """Rego by regopy: rules as data by resource and action, as its documents advise, built beforehand."""
    rules: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for line in company.lines():
        rule = {"n": line.number, "role": line.role, "effect": line.effect, "tier": 2 if line.guarded else 0}
        rules.setdefault(line.resource, {}).setdefault(line.action, []).append(rule)
    engine: Any = regopy.Interpreter
    interpreter: Any = engine()
    interpreter.add_module("doorward.rego", _REGO)
    interpreter.add_data({"rules": rules, "roles": {f"p{p}": company.roles_of(p) for p in range(PEOPLE)}})
    built = interpreter.build("data.doorward.allow")

    def ask(q: Question) -> bool:
        folder = q.resource.partition("/")[0] + "/*"
        asked = {"person": q.person, "action": q.action, "resource": q.resource, "folder": folder, **q.facts}
        interpreter.set_input(asked)
        return "true" in str(interpreter.query_bundle(built))

    return ask
