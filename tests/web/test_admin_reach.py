"""Who can reach this, what can they reach: what an admin reads, and nobody else."""

from __future__ import annotations

import re

import pytest

from models.people import Person
from tests.web.desk import Desk
from tests.world import World

RULES = """
p, logs-read, role:support, read, data:logs, tier >= 2, max 15m, allow
p, logs-keep, role:keeper, *, data:logs, -, -, allow
p, no-remote, *, *, data:*, remote_control, -, deny
p, board, role:support, read, svc:board, -, standing, allow
g, role:senior, role:support
"""


@pytest.fixture
def company(world: World, asha: Desk) -> Desk:
    world.resource("data:logs", "read", "export")
    world.resource("svc:board", "read")
    world.publish(RULES)
    for name, *roles in (("imani", "role:senior"), ("kira", "role:keeper"), ("noor",)):
        world.person(name, *roles)
    return asha


def rows(html: str) -> dict[str, str]:
    """Return the words of each line of the page's table, by its name."""
    found = {}
    for row in re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", html, re.DOTALL):
        words = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", row, flags=re.DOTALL)
        text = " ".join(words.split())
        found[text.split()[0]] = text
    return found


def test_a_resource_says_who_can_reach_it_and_why(company: Desk) -> None:
    found = rows(company.get("/admin/reach?resource=data:logs&action=read").text)

    assert list(found) == ["Imani", "Kira"]
    assert "conditional" in found["Imani"]
    assert (
        "As role support, which role senior includes, when tier is at least 2. Rule logs-read"
        in found["Imani"]
    )
    assert "As role keeper. Rule logs-keep" in found["Kira"]


def test_what_closes_it_for_everybody_is_said_once(company: Desk) -> None:
    html = company.get("/admin/reach?resource=data:logs").text

    assert html.count("or when that is not known") == 1


def test_whoever_cannot_is_told_why_not(company: Desk) -> None:
    found = rows(company.get("/admin/reach?resource=data:logs&action=export&show=all").text)

    assert "Rules let others do this, and name none of their roles: role keeper." in found["Noor"]
    assert "They have no engagement." in found["Asha"]
    assert list(rows(company.get("/admin/reach?resource=data:logs&action=export&show=cannot").text)) == [
        "Asha",
        "Imani",
        "Noor",
    ]


def test_a_person_is_found_by_name_and_leads_to_what_they_reach(company: Desk, world: World) -> None:
    html = company.get("/admin/reach?resource=data:logs&q=IMA").text
    path = f"/admin/people/{world.people['imani'].id}/reach"

    found = rows(company.get(path).text)

    assert list(rows(html)) == ["Imani"]
    assert f'href="{path}"' in html
    assert list(found) == ["Logs", "Board"]
    assert "always" in found["Board"]


def test_a_person_who_reaches_nothing_is_told_why(company: Desk, world: World) -> None:
    path = f"/admin/people/{world.people['noor'].id}/reach"

    nothing, why = company.get(path).text, rows(company.get(f"{path}?show=all&q=board").text)

    assert "They reach nothing" in nothing
    assert "name none of their roles: role support." in why["Board"]


def test_a_long_list_is_read_page_by_page(
    company: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.reach.PAGE", 2)
    address = "/admin/reach?resource=svc:board&show=all"
    read: list[str] = []

    while address:
        html = company.get(address).text
        read += rows(html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        address = following[1].replace("&amp;", "&") if following else ""

    assert read == ["Asha", "Imani", "Kira", "Noor"]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 200, "Who can reach what"),
        ("?resource=logs", 400, "is not a resource id"),
        ("?resource=data:logs&action=Read", 400, "is not an action name"),
        ("?resource=data:logs&cursor=made-up", 400, "does not belong to this question"),
        ("?resource=data:unknown", 200, "This is not registered"),
        ("?resource=data:logs&show=whatever", 200, "Kira"),
        ("?resource=data:logs%00&q=%ff", 400, "The request cannot be read"),
        ("?resource=data:logs&q=nobody", 200, "Nobody is found"),
    ],
)
def test_whatever_is_asked_is_answered_or_refused_with_words(
    company: Desk, query: str, status: int, said: str
) -> None:
    answer = company.get(f"/admin/reach{query}")

    assert answer.status_code == status
    assert said in answer.text


def test_without_rules_nobody_reaches_anything_and_the_page_says_why(world: World, asha: Desk) -> None:
    world.resource("data:logs", "read")

    html = asha.get("/admin/reach?resource=data:logs").text

    assert "No policy is published" in html
    assert "Nobody reaches it" in html


def test_pages_of_people_and_resources_lead_here_only_for_those_who_may_look(
    world: World, company: Desk
) -> None:
    reviewer = Desk(world, world.person("rowan", "role:reviewer"))
    person = f"/admin/people/{world.people['imani'].id}"

    assert f'href="{person}/reach"' in company.get(person).text
    assert "/reach" not in reviewer.get(person).text
    assert "/admin/reach?resource=data%3Alogs" in company.get("/admin/resources/data:logs").text
    assert reviewer.get("/admin/reach").status_code == 403


def test_names_of_people_are_text_and_never_markup(world: World, asha: Desk) -> None:
    world.resource("data:logs", "read")
    world.publish("p, a, *, read, data:logs, -, -, allow\n")
    eve = world.person("eve")
    with world.parts.db.write() as session:
        row = session.get(Person, eve.id)
        assert row is not None
        row.display_name = "<b>Eve"
        world.parts.commit(session)

    assert "<bdi>&lt;b&gt;Eve" in asha.get("/admin/reach?resource=data:logs").text
