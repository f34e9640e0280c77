"""The console's pages about what was decided, what happened, and what needs somebody."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import insert, update

from flows import access
from models.access import DecisionRow, decisions
from models.audit import AuditDetail, AuditRecord
from tests.web.desk import Desk, recorded
from tests.world import World

COLUMNS = [column.key for column in DecisionRow.__table__.columns]
RULES = "p, logs-read, role:support, read, data:customer-logs, tier >= 2, max 15m, allow\n"


def a_day_at_work(world: World) -> tuple[str, str]:
    """Let Imani open one door and be refused another; return the references, refused one first."""
    imani = world.person("imani", "role:support")
    world.resource("data:customer-logs")
    world.resource("ci:staging", "deploy")
    world.publish(RULES)
    viewer = world.login(imani)
    world.laptop(viewer).report(viewer)
    world.open(viewer, "data:customer-logs")
    world.clock.advance(minutes=1)
    world.open(viewer, "ci:staging", "deploy")
    with world.parts.db.read() as session:
        refused, opened = decisions(session)
        return refused.id, opened.id


def test_a_reference_leads_straight_to_the_decision(world: World, asha: Desk) -> None:
    refused, opened = a_day_at_work(world)

    found = asha.get(f"/admin/decisions?q={refused}")
    page = asha.get(f"/admin/decisions/{opened}").text

    assert found.headers["Location"] == f"/admin/decisions/{refused}"
    for text in (
        "A rule allows this.",
        "logs-read",
        "posture.remote-control",
        "-15",
        "revision 1",
        "touch_age",
    ):
        assert text in page


def test_a_refused_decision_says_what_the_person_read(world: World, asha: Desk) -> None:
    refused, _opened = a_day_at_work(world)

    page = asha.get(f"/admin/decisions/{refused}").text

    assert "No rule opens this for you." in page
    assert "policy-no-rule" in page
    assert "final" in page


def test_a_refused_decision_says_what_each_rule_needs_and_what_there_was(world: World, asha: Desk) -> None:
    imani = world.person("imani", "role:support")
    world.resource("data:customer-logs", "read")
    world.publish("p, logs, role:support, read, data:customer-logs, custody >= 2 and tier >= 2, -, allow\n")
    denied = access.why(world.parts, world.login(imani), action="read", resource="data:customer-logs")

    page = asha.get(f"/admin/decisions/{denied.id}").text

    assert "custody 0; rule “logs” needs 2" in page
    assert "tier 1; rule “logs” needs 2" in page


def test_decisions_are_found_by_whatever_is_known_of_them(world: World, asha: Desk) -> None:
    refused, opened = a_day_at_work(world)
    minute = "2026-11-18T12:01"  # the refused one's

    def found(query: str) -> set[str]:
        page = asha.get(f"/admin/decisions?{query}").text
        return {id_ for id_ in (refused, opened) if f"/admin/decisions/{id_}" in page}

    for query, which in {
        "q=IMANI": {refused, opened},
        "resource=data:&effect=permit": {opened},
        "action=deploy": {refused},
        "door=page": {refused, opened},
        "door=evaluation": set(),
        "service=svc_0": set(),
        "rule=logs-read": {opened},
        "rule=logs": set(),
        "reason=policy-no-rule": {refused},
        "reason=tier-ok": {opened},
        f"from={minute}": {refused},
        f"to={minute}": {opened},
        f"q=imani&action=read&rule=logs-read&from=2026-11-18&to={minute}": {opened},
    }.items():
        assert found(query) == which, query


def test_what_narrowed_a_search_is_said_where_nothing_is_found(world: World, asha: Desk) -> None:
    a_day_at_work(world)

    none = asha.get("/admin/decisions?q=imani&effect=permit&resource=ci:&from=2026-11-18T09:00").text

    assert "No decision is found" in none
    assert "person imani; resource that begins with ci:; decision permit; from 2026-11-18T09:00" in none
    for unread in ("from=soon", "to=0001-01-01T00:00%2B14:00", "rule=%00"):
        assert asha.get(f"/admin/decisions?{unread}").status_code == 400
    reviewer = Desk(world, world.person("rowan", "role:reviewer"))
    assert reviewer.get("/admin/decisions?rule=logs-read").status_code == 403
    assert 'name="rule"' not in reviewer.get("/admin/decisions").text


def test_decisions_go_on_at_the_cursor_with_what_was_looked_for(world: World, asha: Desk) -> None:
    """Also among those of one moment."""
    a_day_at_work(world)
    with world.parts.db.write() as session:
        row = decisions(session)[0]
        columns = {name: getattr(row, name) for name in COLUMNS}
        more = [{**columns, "id": f"dec_more{number:02}"} for number in range(60)]
        session.execute(insert(DecisionRow), more)
        world.parts.commit(session)

    first = asha.get("/admin/decisions?action=deploy&reason=policy-no-rule").text
    older = re.findall(r'href="(/admin/decisions\?[^"]*before=[^"]+)"', first)[0].replace("&amp;", "&")
    second = asha.get(older).text

    told = [re.findall(r'href="/admin/decisions/(dec_\w+)"', page) for page in (first, second)]
    assert "50 of 61 found" in first
    assert "11 of 61 found" in second
    assert len({*told[0], *told[1]}) == 61


def test_an_unknown_reference_is_not_found(asha: Desk) -> None:
    assert asha.get("/admin/decisions/dec_0").status_code == 404


def test_records_are_filtered_by_kind_and_by_who(world: World, asha: Desk) -> None:
    a_day_at_work(world)

    kind = asha.get("/admin/audit?kind=grant.").text
    who = asha.get("/admin/audit?who=imani&kind=login.").text
    nobody = asha.get("/admin/audit?who=nobody").text

    assert "2 of 2 found" in kind
    assert "2 of 2 found" in who  # the first touch of the key, and a login
    assert "No record is found" in nobody


def test_a_record_of_access_says_what_was_asked_for(world: World, asha: Desk) -> None:
    a_day_at_work(world)

    issued = asha.get("/admin/audit?kind=grant.issued").text
    refused = asha.get("/admin/audit?kind=grant.refused").text

    assert "read data:customer-logs" in issued
    assert "deploy ci:staging" in refused


def test_a_kind_of_record_is_found_by_its_words(world: World, asha: Desk) -> None:
    a_day_at_work(world)

    page = asha.get("/admin/audit?kind=a+person+opened+a+resource.")

    assert "1 of 1 found" in page.text


def test_the_ids_in_a_record_can_be_copied(world: World, asha: Desk) -> None:
    a_day_at_work(world)
    record, details = recorded(world, "grant.issued")[0]

    page = asha.get(f"/admin/audit/{record.sequence}").text

    for id_ in (details["grant"], details["decision"], record.actor):
        assert f'data-copy="{id_}"' in page


def test_the_record_goes_on_at_the_cursor(world: World, asha: Desk) -> None:
    for number in range(60):
        asha.post("/admin/networks", cidr=f"10.{number}.0.0/16", label="lab", kind="corporate")

    first = asha.get("/admin/audit?kind=network.").text
    older = re.findall(r'href="(/admin/audit\?[^"]*before=\d+)"', first)[0].replace("&amp;", "&")
    second = asha.get(older).text

    assert "50 of 63 found" in first
    assert "13 of 63 found" in second


def test_a_record_has_a_page_with_its_place_in_the_chain(world: World, asha: Desk) -> None:
    a_day_at_work(world)
    with world.parts.db.read() as session:
        record = session.get_one(AuditRecord, 3)

    page = asha.get("/admin/audit/3").text

    assert record.hash in page
    assert record.previous in page
    assert asha.get("/admin/audit/99999").status_code == 404


def test_erased_details_are_said_to_be_erased(world: World, asha: Desk) -> None:
    with world.parts.db.write() as session:
        session.delete(session.get_one(AuditDetail, 2))
        session.commit()

    assert "Erased." in asha.get("/admin/audit/2").text


def test_an_intact_chain_is_said_to_be_intact(world: World, asha: Desk) -> None:
    page = asha.post("/admin/audit/verify").text

    assert "The chain is intact" in page


def test_an_altered_record_is_named(world: World, asha: Desk) -> None:
    with world.parts.db.write() as session:
        session.execute(update(AuditRecord).where(AuditRecord.sequence == 4).values(actor="prs_other"))
        session.commit()

    page = asha.post("/admin/audit/verify").text

    assert "The chain is broken" in page
    assert 'href="/admin/audit/4"' in page
    assert "The record was altered." in page


def test_the_first_page_names_whom_it_waits_for(world: World, asha: Desk) -> None:
    world.person("imani")
    asha.post("/admin/people/new", kind="staff", display_name="Olu Adeyemi", name="olu")

    today = asha.get("/admin").text
    world.clock.advance(days=50)
    later = Desk(world, asha.person).get("/admin").text

    assert "Olu Adeyemi" in today
    assert "invited" in today
    assert "Engagements that end within 14 days" not in today
    assert "Engagements that end within 14 days" in later
    assert "Northlight" in later


def test_the_first_page_is_quiet_when_nothing_waits(world: World, asha: Desk) -> None:
    world.publish(RULES)

    assert "Nothing needs you" in asha.get("/admin").text


def test_the_first_page_shows_refused_logins(world: World, asha: Desk) -> None:
    jon = world.person("jon")
    begun = asha.send("/login/options", {"login_name": "jon"}).json
    signed = jon.key.sign(begun["publicKey"], world.origin)
    signed["response"]["signature"] = "AAAA"
    asha.send("/login/finish", {"ceremony": begun["ceremony"], "credential": signed})

    page = asha.get("/admin").text

    assert "Last refused logins and registrations" in page
    assert "signature-invalid" in page


def test_the_evidence_page_lists_every_weight(world: World, asha: Desk) -> None:
    page = asha.get("/admin/evidence").text

    for kind, weight in world.parts.weights.kinds.items():
        assert kind.value in page
        assert not weight.present or f"{weight.present:+d}" in page
    assert world.parts.weights.version in page


def test_a_session_that_is_idle_for_too_long_is_asked_to_log_in(world: World, asha: Desk) -> None:
    world.clock.advance(seconds=world.parts.limits.session_idle / timedelta(seconds=1))

    assert asha.get("/admin/people", Accept="application/json").status_code == 401


def test_what_is_left_of_a_grant_is_rounded_up_and_its_end_loads_the_page_again(world: World) -> None:
    imani = world.person("imani", "role:support")
    world.resource("data:customer-logs")
    world.publish(RULES.replace("tier >= 2", "-"))
    world.open(world.login(imani), "data:customer-logs")
    desk = Desk(world, imani)

    world.clock.advance(seconds=30)
    page = desk.get("/access").text

    assert re.search(r"data-until[^>]* data-reload[^>]*>in 15 min<", page)


def test_what_to_do_with_a_laptop_stands_in_the_content_of_its_page(world: World, asha: Desk) -> None:
    laptop = world.laptop(world.login(world.person("imani")), approved=False)

    page = asha.get(f"/admin/devices/{laptop.id}").text

    assert "Approve it?" in page.partition("</main>")[0]


def test_tables_that_are_old_are_not_shown_in_green(world: World, asha: Desk) -> None:
    newest = max(info.date for info in world.parts.tables.versions())
    world.clock.advance(days=(newest - world.clock.now().date()).days + 91)

    page = Desk(world, asha.person).get("/admin/networks").text

    ages = page.partition("Address tables")[2]
    assert "badge-waiting" in ages
    assert "badge-open" not in ages
