"""What a denial lacked: told to those who may read the rules, and never to the person who was denied."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from flows import people
from models.policy import BundleRow
from tests.web.desk import Desk
from tests.world import World

RULES = """
p, logs-read, role:support, read, data:logs, tier >= 2, max 15m, allow
p, logs-keep, role:keeper, export, data:logs, -, -, allow
p, secret-hours, role:support, read, svc:board, time in 13:00-14:00, -, allow
"""


@pytest.fixture
def imani(world: World) -> Desk:
    world.resource("data:logs", "read", "export")
    world.resource("svc:board", "read")
    world.publish(RULES)
    return Desk(world, world.person("imani", "role:support"))


def denied(desk: Desk, action: str, resource: str) -> tuple[str, str]:
    """Have the person ask why not; return the page that they read and its reference."""
    html = desk.get(f"/access/why?action={action}&resource={resource}").text
    return html, re.findall(r"dec_[0-9A-Za-z]+", html)[0]


def misses(desk: Desk, reference: str) -> str:
    """Return the words of the section that tells what was missed, empty if there is none."""
    html = desk.get(f"/admin/decisions/{reference}").text
    found = re.search(r"<h2>Nearest misses</h2>(.*?)</section>", html, re.DOTALL)
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", found[1], flags=re.DOTALL).split()) if found else ""


@pytest.mark.parametrize(
    ("action", "resource", "told"),
    [
        ("read", "data:logs", "Would be allowed at tier 2. Rule logs-read"),
        ("export", "data:logs", "Rules let others do this, and name none of their roles: role keeper."),
        ("list", "data:logs", "No rule lets anybody list it; rules open it for export and read."),
        ("read", "svc:board", "Would be allowed from 13:00 UTC. Rule secret-hours"),
        ("read", "app:payroll", "No rule names this resource."),
    ],
)
def test_an_admin_reads_what_a_denial_lacked(
    imani: Desk, asha: Desk, action: str, resource: str, told: str
) -> None:
    _, reference = denied(imani, action, resource)

    assert told in misses(asha, reference)


@pytest.mark.parametrize("action", ["read", "export", "list"])
def test_the_person_reads_reason_and_remedy_and_no_rule(imani: Desk, action: str) -> None:
    html, _ = denied(imani, action, "data:logs")

    assert "What to do:" in html
    for hidden in ("logs-read", "logs-keep", "role:", "keeper", "tier 2", "would be allowed", "no rule lets"):
        assert hidden not in html.lower()


def test_it_is_told_of_rules_memberships_and_moment_of_then(world: World, imani: Desk, asha: Desk) -> None:
    _, reference = denied(imani, "export", "data:logs")
    world.clock.advance(minutes=5)
    with world.parts.db.write() as session:
        given = people.assign(
            session, world.parts, world.people["imani"].id, "role:keeper", not_after=None, by="host"
        )
        world.parts.commit(session, given)
    world.publish("p, all, *, *, *, -, -, allow\n")

    assert "name none of their roles: role keeper" in misses(asha, reference)


def test_a_denial_that_the_rules_do_not_want_says_so(world: World, imani: Desk, asha: Desk) -> None:
    world.publish("p, all, *, *, *, -, -, allow\n")

    _, reference = denied(imani, "read", "app:payroll")

    assert misses(asha, reference).endswith("The rules allow it. What denies it stands above.")


def test_whoever_may_not_read_the_rules_is_told_no_misses(world: World, imani: Desk) -> None:
    _, reference = denied(imani, "read", "data:logs")
    reviewer = Desk(world, world.person("rowan", "role:reviewer"))

    assert reviewer.get(f"/admin/decisions/{reference}").status_code == 200
    assert misses(reviewer, reference) == ""


def test_rules_that_a_newer_version_refuses_break_no_page(world: World, imani: Desk, asha: Desk) -> None:
    _, reference = denied(imani, "read", "data:logs")
    world.publish("p, all, *, *, *, -, -, allow\n")
    with world.parts.db.write() as session:
        session.execute(update(BundleRow).values(text="p, no longer, a rule\n"))
        world.parts.commit(session)

    assert misses(asha, reference).endswith("cannot be read any more.")
