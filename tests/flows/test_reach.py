"""Who can reach this, and what can they reach: of real people, with what they belong to now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import Invalid, NotFound
from flows import people
from flows.decide import Asked, decide, know
from flows.reach import explained, what_reaches, who_reaches
from models.people import Person
from policies.pages import CursorInvalid
from policies.reverse import Entry, Given, Reach
from tests.world import World

RULES = """
p, logs-read, role:support, read, data:customer-logs, tier >= 2, max 15m, allow
p, logs-keep, role:keeper, *, data:customer-logs, -, -, allow
p, board, *, read, svc:board, -, standing, allow
p, barred, group:barred, *, data:*, -, -, deny
g, role:senior, role:support
"""


@pytest.fixture
def company(world: World) -> World:
    for resource, actions in (("data:customer-logs", ("read", "export")), ("svc:board", ("read",))):
        world.resource(resource, *actions)
    world.publish(RULES)
    world.person("imani", "role:support")
    world.person("jonas", "role:senior")
    world.person("kira", "role:keeper")
    world.person("lena", "role:keeper", "group:barred")
    world.person("mara", "role:keeper", engaged=False)
    world.person("noor", "role:sales")
    return world


def readers(world: World, **asked: object) -> dict[str, Entry]:
    page = who_reaches(world.parts, action="read", resource="data:customer-logs", **asked).page  # type: ignore[arg-type]
    return {entry.who.key: entry for entry in page.entries}


def suspend(world: World, name: str) -> None:
    with world.parts.db.write() as session:
        gone = people.suspend(session, world.parts, world.people[name].id, reason="test", by="host")
        world.parts.commit(session, *gone)


def test_everybody_is_answered_for_by_login_name(company: World) -> None:
    found = readers(company)

    assert {name: entry.reach.value for name, entry in found.items()} == {
        "imani": "conditional",
        "jonas": "conditional",
        "kira": "always",
        "lena": "no",
        "mara": "no",
        "noor": "no",
    }


def test_those_who_can_are_found_without_the_others(company: World) -> None:
    assert list(readers(company, only=True)) == ["imani", "jonas", "kira"]
    assert list(readers(company, only=False)) == ["lena", "mara", "noor"]
    assert list(readers(company, search="JON")) == ["jonas"]
    assert readers(company, search="%") == {}


def test_whoever_is_out_or_not_engaged_reaches_nothing_whatever_the_rules_say(company: World) -> None:
    suspend(company, "kira")

    found = readers(company)

    told = {name: [miss.sentence for miss in found[name].misses] for name in ("kira", "mara")}
    assert told == {"kira": ["they are suspended"], "mara": ["they have no engagement"]}
    assert found["kira"].reach is Reach.NO


def test_a_membership_counts_from_its_beginning_to_its_end(company: World) -> None:
    parts, now = company.parts, company.clock.now()
    with parts.db.write() as session:
        given = people.assign(
            session,
            parts,
            company.people["noor"].id,
            "role:keeper",
            not_after=now + timedelta(hours=1),
            by="host",
        )
        parts.commit(session, given)

    assert readers(company)["noor"].reach is Reach.ALWAYS
    company.clock.advance(hours=2)
    assert readers(company)["noor"].reach is Reach.NO
    assert readers(company, given=Given({}, now))["noor"].open


def test_every_answer_is_the_one_a_check_without_a_session_gets(company: World) -> None:
    """The attack: an account that is left out of the list, or said to be shut out, and gets in."""
    suspend(company, "kira")
    now = company.clock.now()
    doors = (("read", "data:customer-logs"), ("export", "data:customer-logs"), ("read", "svc:board"))

    for action, resource in (*doors, ("read", "app:payroll")):
        told = who_reaches(company.parts, action=action, resource=resource, given=Given({}, now)).page.entries

        with company.parts.db.read() as session:
            for entry in told:
                id_ = entry.who.subject.id
                asked = Asked("page", id_, action, resource)
                decision = decide(company.parts, asked, know(session, company.parts, id_, None, now), now)
                assert entry.open is decision.permitted, (entry.who.key, action, resource)
        assert len(told) == 6


def test_what_one_person_reaches_lists_registered_doors_in_order(company: World) -> None:
    id_ = company.people["kira"].id

    found = what_reaches(company.parts, id_)

    assert [(e.resource, e.action, e.reach.value) for e in found.page.entries] == [
        ("data:customer-logs", "export", "always"),
        ("data:customer-logs", "read", "always"),
        ("svc:board", "read", "always"),
    ]
    assert found.titles["svc:board"]
    assert [e.action for e in what_reaches(company.parts, id_, search="LOGS").page.entries] == [
        "export",
        "read",
    ]
    assert [e.resource for e in what_reaches(company.parts, id_, actions=["export"]).page.entries] == [
        "data:customer-logs"
    ]


def test_pages_follow_one_another_while_people_come(company: World) -> None:
    parts = company.parts
    first = who_reaches(parts, action="read", resource="svc:board", limit=2).page
    for name in ("aaron", "joy"):  # one behind us, one before us
        company.person(name)

    second = who_reaches(parts, action="read", resource="svc:board", limit=9, cursor=first.next).page

    assert [e.who.key for e in first.entries] == ["imani", "jonas"]
    assert [e.who.key for e in second.entries] == ["joy", "kira", "lena", "mara", "noor"]


def test_a_cursor_of_another_resource_is_refused(company: World) -> None:
    first = who_reaches(company.parts, action="read", resource="svc:board", limit=2).page

    with pytest.raises(CursorInvalid):
        readers(company, cursor=first.next)


def test_nobody_reaches_what_is_not_registered(company: World) -> None:
    found = who_reaches(company.parts, action="read", resource="data:customer-logs/part")
    unknown = who_reaches(company.parts, action="read", resource="app:payroll")

    assert [row.id for row in found.covering] == ["data:customer-logs"]
    assert not unknown.covering
    assert not any(entry.open for entry in unknown.page.entries)


def test_one_question_with_facts_is_explained(company: World) -> None:
    given = Given({"tier": 1}, company.clock.now())

    entry = explained(
        company.parts,
        company.people["jonas"].id,
        action="read",
        resource="data:customer-logs",
        given=given,
    )

    assert entry.decision is not None
    assert not entry.decision.permitted
    assert [miss.sentence for miss in entry.misses] == ["would be allowed at tier 2"]
    assert [ground.words for ground in entry.permits] == ["as role support, which role senior includes"]


def test_what_names_nobody_or_nothing_is_refused(company: World) -> None:
    with pytest.raises(NotFound):
        what_reaches(company.parts, "prs_nobody")
    with pytest.raises(NotFound):
        explained(
            company.parts,
            "prs_nobody",
            action="read",
            resource="svc:board",
            given=Given({}, company.clock.now()),
        )
    with pytest.raises(Invalid):
        who_reaches(company.parts, action="Read", resource="svc:board")


def test_the_order_is_that_of_the_letters_codes_whatever_the_database_sorts_by(company: World) -> None:
    with company.parts.db.write() as session:
        for old, new in (("imani", "a-b"), ("jonas", "ab"), ("kira", "a.b")):
            row = session.get(Person, company.people[old].id)
            assert row is not None
            row.login_name = new
        company.parts.commit(session)

    assert list(readers(company))[:3] == ["a-b", "a.b", "ab"]
