"""Many decisions, each made three times: by Doorward, by a stock PyCasbin Enforcer, by the reference decider.

Worlds are drawn from a seed, so that a difference can be seen again. Role
links may run in circles here, which a bundle to be published may not. Run by
``tests/properties/test_policy_differential.py`` and, a million, by ``tests/policies/soak.py``.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import lru_cache
from random import Random
from typing import Any

import casbin
from casbin.model.model import Model
from casbin.persist.adapters import StringAdapter
from casbin.util import key_match_func

from domain.access import AccessRequest, Link, Subject, SubjectKind
from policies import kleene
from policies.bundle import model_text
from policies.conditions import parse
from policies.decide import decide_for, facts_at, outcome
from policies.index import path_of
from tests.policies import strategies as drawn
from tests.reference import decider

QUESTIONS = 50
"""Questions asked about one world."""
_parsed = lru_cache(maxsize=4096)(lambda text: parse(text, drawn.DECLARED))


class Unknown(Exception):
    """What the registered function raises where a condition is neither true nor false."""


def condition(text: str, facts: kleene.Facts) -> bool:
    """The one function that a stock Enforcer needs, as ``docs/policy.md`` gives it."""
    value = True if text == "-" else kleene.evaluate(_parsed(text), facts).value
    if value is None:
        raise Unknown
    return value


def stock(text: str, assignments: tuple[Link, ...]) -> Any:
    """Return a stock Enforcer over the bundle's own text, given the assignments as g rows."""
    logging.getLogger("casbin").setLevel(logging.CRITICAL)
    model = Model()
    model.load_model_from_text(model_text())
    enforcer: Any = casbin.Enforcer(model, StringAdapter(text))
    enforcer.enable_auto_save(False)  # a StringAdapter cannot save
    for link in assignments:
        enforcer.add_named_grouping_policy("g", link.member, link.group)
    enforcer.add_function("condition", condition)
    enforcer.add_named_matching_func("g2", key_match_func)
    return enforcer


def ask_stock(enforcer: Any, asked: tuple[Any, ...]) -> bool:
    """Return its answer; rule by rule where it raises: the exception is that rule's unknown."""
    try:
        return bool(enforcer.enforce(*asked))
    except Unknown:
        rows = list(enforcer.get_policy())
    permits = forbids = False
    for row in rows:
        enforcer.model["p"]["p"].policy = [[*row[:-1], "allow"]]
        try:
            applies = enforcer.enforce(*asked)
        except Unknown:
            applies = row[-1] == "deny"
        permits |= applies and row[-1] == "allow"
        forbids |= applies and row[-1] == "deny"
    enforcer.model["p"]["p"].policy = rows
    return permits and not forbids


def compare(seed: int, count: int) -> int:
    """Make *count* decisions three times, and return how many were permitted.

    Raises AssertionError at the first difference, with all that is needed to see it again.
    """
    random = Random(seed)
    permitted = 0
    for world in range(0, count, QUESTIONS):
        policy = draw_policy(random)
        assignments = tuple(
            Link(f"person:{name}", role)
            for name in drawn.NAMES
            for role in random.sample(drawn.ROLES, random.randint(0, 2))
        )
        three = Three(policy, assignments)
        for number in range(min(QUESTIONS, count - world)):
            question = draw_question(random)
            found = three.ask(*question)
            assert len(set(found)) == 1, (seed, world, number, found, policy.text, assignments, question)
            permitted += found[0][0]
    return permitted


class Three:
    """One policy and the memberships, for three deciders."""

    def __init__(self, policy: drawn.Policy, assignments: tuple[Link, ...]) -> None:
        self.policy = policy
        self.enforcer = stock(policy.text, assignments)
        self.bundle = policy.bundle
        self.names = self.bundle.index.everybody(assignments)
        self.links = [*policy.role_links, *((link.member, link.group) for link in assignments)]

    def ask(self, name: str, action: str, resource: str, facts: dict[str, Any]) -> list[tuple[bool, Any]]:
        """Return for each decider whether it permits, and by which rules (Casbin does not say)."""
        who = f"person:{name}"
        names = self.names.get(who, frozenset((who, "*")))
        request = AccessRequest(Subject(SubjectKind.PERSON, name), action, resource, facts)
        brief = outcome(names, action, resource, bundle=self.bundle, facts=facts)
        told = decide_for(names, request, bundle=self.bundle, facts=facts, now=drawn.MONDAY)
        plain, rules = decider.decide(
            self.policy.rules,
            self.links,
            self.policy.resource_links,
            drawn.ACTION_LINKS,
            who,
            action,
            resource,
            facts,
        )
        determining = tuple(sorted(rules))
        casbins = ask_stock(self.enforcer, (who, action, resource, facts))
        return [
            (brief.permitted, brief.ids()),
            (told.permitted, told.determining),
            (plain, determining),
            (casbins, determining),
        ]


def draw_policy(random: Random) -> drawn.Policy:
    """Draw rules and links; one world in four has roles that run in a circle."""
    rules = tuple(
        (
            f"r{n}",
            random.choice(["*", "*", "role:a", *drawn.ROLES, "person:ann"]),
            random.choice(["*", "*", *drawn.ACTIONS, "group:look", "group:all"]),
            random.choice(drawn.PATTERNS),
            random.choice([None, draw_condition(random, 2)]),
            random.choice(["allow", "allow", "allow", "deny"]),
        )
        for n in range(random.randint(3, 9))
    )
    links = random.sample(drawn.ROLE_LINKS, random.randint(0, 3))
    if random.random() < 0.25:
        links += [(group, member) for member, group in links[:1]]
    groups = random.sample(drawn.RESOURCE_LINKS, random.randint(0, 3))
    return drawn.Policy(rules, tuple(links), (*drawn.MEMBERS, *groups))


def draw_condition(random: Random, depth: int) -> tuple[Any, ...]:
    """Draw a condition as a tree of tuples, as the reference decider takes it."""
    kinds = ["is", "level", "missed", "age", "country", "weekday", "time", "path", "address", "moment"]
    kinds += ["word", "number", "same", "same"]
    kind = random.choice([*kinds, "not", "and", "or", "not", "and", "or"])
    if depth and kind == "not":
        return ("not", draw_condition(random, depth - 1))
    if depth and kind in ("and", "or"):
        return (kind, draw_condition(random, depth - 1), draw_condition(random, depth - 1))
    order = random.choice(drawn.ORDERINGS)
    starts, ends = random.sample(range(24), 2)
    same = random.choice(drawn.SAMES)
    simple: dict[str, tuple[Any, ...]] = {
        "level": ("cmp", "tier", random.choice(["==", "!=", order]), random.randint(0, 3)),
        "missed": ("cmp", "presence_missed", order, random.randint(0, 2)),
        "age": ("cmp", "touch_age", order, random.choice([60, 300])),
        "country": ("in", "country", random.choice([("US",), ("US", "DE")])),
        "weekday": ("in", "weekday", random.choice([("mon",), ("tue", "sun")])),
        "path": ("match", "path", *random.choice(drawn.PATHS)),
        "address": ("match", "address", "ipMatch", random.choice(["10.0.0.0/8", "10.1.0.0/16"])),
        "moment": ("match", "now", "timeMatch", random.choice(drawn.PERIODS)),
        "time": ("between", "time", starts * 60, ends * 60 + 30),
        "word": ("in", "resource.ownerID", ("ann@x.org", "DE")),
        "number": ("cmp", "resource.level", order, random.randint(0, 3)),
        "same": ("same", same[0], random.choice(["==", "!="]), same[1]),
    }
    return simple.get(kind, ("is", random.choice(["remote_control", "disk_encrypted", "action.soft"])))


def draw_question(random: Random) -> tuple[str, str, str, dict[str, Any]]:
    """Draw who asks for what, and what is known: each fact is missing one time in three."""
    facts = {
        "remote_control": random.random() < 0.5,
        "disk_encrypted": random.random() < 0.5,
        "tier": random.randint(0, 3),
        "presence_missed": random.randint(0, 3),
        "touch_age": random.randint(0, 400),
        "country": random.choice(["US", "DE", "FR"]),
        "address": random.choice(["10.0.0.1", "10.1.0.1", "192.0.2.1"]),
        **{name: random.choice(values) for name, values in drawn.PROPERTY_VALUES.items()},
    }
    known = {name: value for name, value in facts.items() if random.random() < 0.67}
    now = drawn.MONDAY + timedelta(minutes=random.randrange(7 * 1440))
    resource = random.choice([*drawn.RESOURCES, "data:x/1/2", "svc:t", "new:x"])
    return (
        random.choice([*drawn.NAMES, "nobody"]),
        random.choice([*drawn.ACTIONS, "list"]),
        resource,
        {**facts_at(known, now), "path": path_of(resource)},
    )
