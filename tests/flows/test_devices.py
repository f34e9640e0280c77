"""Laptops: enrolled, approved, reporting; and the reports that are refused, each by name."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from crypto.jws import Signer
from domain.errors import Conflict, DoorwardError, NotFound
from domain.evidence import Binding, Tier
from flows import devices
from flows.access import my_access
from flows.decide import know
from flows.liveness import read_roots
from flows.session import Viewer
from models.audit import AuditRecord
from models.evidence import ObservationRow, observations_for
from tests.world import CLEAN, HOSTED, OFFICE, Contractor, Laptop, World

ANYDESK = {
    **CLEAN,
    "remote_control": [{"name": "AnyDesk", "process": "anydesk", "pid": 1, "evidence": "process"}],
}


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani", "role:support")


@pytest.fixture
def viewer(world: World, imani: Contractor) -> Viewer:
    return world.login(imani)


@pytest.fixture
def laptop(world: World, viewer: Viewer) -> Laptop:
    return world.laptop(viewer)


def tier(world: World, viewer: Viewer) -> Tier:
    return my_access(world.parts, viewer).assessment.tier


def refused(world: World, token: str, *, address: str = "203.0.113.7") -> str:
    with pytest.raises(DoorwardError) as caught:
        devices.report(world.parts, token, address=address)
    return caught.value.code


def test_a_clean_report_from_the_sessions_address_raises_the_tier(
    world: World, viewer: Viewer, laptop: Laptop
) -> None:
    before = tier(world, viewer)

    accepted = laptop.report(viewer)

    assert accepted.binding is Binding.D1
    assert (before, tier(world, viewer)) == (Tier.T1, Tier.T2)


def test_a_report_from_elsewhere_does_not(world: World, viewer: Viewer, laptop: Laptop) -> None:
    accepted = laptop.report(viewer, address=OFFICE)

    assert accepted.binding is Binding.D0
    assert tier(world, viewer) is Tier.T1


def test_a_bad_report_from_elsewhere_counts_all_the_same(
    world: World, viewer: Viewer, laptop: Laptop
) -> None:
    laptop.report(viewer)

    laptop.report(viewer, ANYDESK, address=OFFICE)

    assert tier(world, viewer) is Tier.T1


def test_an_adverse_report_stays_in_force_when_reports_stop(
    world: World, imani: Contractor, viewer: Viewer, laptop: Laptop
) -> None:
    laptop.report(viewer, ANYDESK)
    world.clock.advance(hours=11)

    later = world.login(imani)

    known = my_access(world.parts, later).assessment
    assert known.attributes["remote_control"] is True
    assert known.tier <= Tier.T1


def test_a_clean_report_of_the_same_laptop_ends_it(world: World, viewer: Viewer, laptop: Laptop) -> None:
    laptop.report(viewer, ANYDESK)
    world.clock.advance(seconds=30)

    laptop.report(viewer)

    assert tier(world, viewer) is Tier.T2


def test_a_clean_report_of_another_laptop_does_not(world: World, viewer: Viewer, laptop: Laptop) -> None:
    laptop.report(viewer, ANYDESK)
    world.clock.advance(seconds=30)

    world.laptop(viewer).report(viewer)

    assert tier(world, viewer) <= Tier.T1


def test_killing_the_agent_takes_the_tier_away(world: World, viewer: Viewer, laptop: Laptop) -> None:
    laptop.report(viewer)
    world.clock.advance(minutes=4)

    assert tier(world, viewer) is Tier.T1


def test_a_clean_session_does_not_help_a_session_elsewhere(
    world: World, imani: Contractor, viewer: Viewer, laptop: Laptop
) -> None:
    laptop.report(viewer)

    away = world.login(imani, address=HOSTED)

    assert tier(world, viewer) is Tier.T2
    assert tier(world, away) is Tier.T1


def test_a_pending_laptop_may_not_report(world: World, viewer: Viewer) -> None:
    laptop = world.laptop(viewer, approved=False)

    with pytest.raises(DoorwardError) as caught:
        laptop.poll()

    assert caught.value.code == "device-pending"


def test_a_revoked_laptop_may_not_report(world: World, viewer: Viewer, laptop: Laptop) -> None:
    nonce = laptop.poll()[viewer.session_id]
    with world.parts.db.write() as session:
        event = devices.settle(session, world.parts, laptop.id, state="revoked", by="host")
        world.parts.commit(session, event)

    assert refused(world, laptop.sign_report(viewer.session_id, nonce, CLEAN)) == "device-revoked"


def test_a_replayed_report_is_refused_and_recorded(world: World, viewer: Viewer, laptop: Laptop) -> None:
    token = laptop.sign_report(viewer.session_id, laptop.poll()[viewer.session_id], CLEAN)
    devices.report(world.parts, token, address="203.0.113.7")

    assert refused(world, token) == "report-replayed"
    with world.parts.db.read() as session:
        kinds = session.scalars(select(AuditRecord.kind)).all()
    assert "posture.refused" in kinds


def test_a_stale_report_is_refused(world: World, viewer: Viewer, laptop: Laptop) -> None:
    token = laptop.sign_report(viewer.session_id, laptop.poll()[viewer.session_id], CLEAN)
    world.clock.advance(minutes=2)

    assert refused(world, token) == "report-stale"


def test_a_report_signed_by_another_key_is_refused(world: World, viewer: Viewer, laptop: Laptop) -> None:
    nonce = laptop.poll()[viewer.session_id]
    forged = Laptop(world, Signer(laptop.id, Signer.generate("x").key))

    assert refused(world, forged.sign_report(viewer.session_id, nonce, CLEAN)) == "report-signature"


def test_a_poll_is_not_a_report(world: World, viewer: Viewer, laptop: Laptop) -> None:
    assert refused(world, laptop.signer.sign(laptop.claims(60), typ=devices.POLL_TYPE)) == "report-signature"


def test_nobody_reports_for_another_persons_session(world: World, viewer: Viewer, laptop: Laptop) -> None:
    mallory = world.login(world.person("mallory"))
    theirs = world.laptop(mallory)
    nonce = theirs.poll()[mallory.session_id]

    assert viewer.session_id not in theirs.poll()
    assert refused(world, theirs.sign_report(viewer.session_id, nonce, CLEAN)) == "report-session"


@pytest.mark.parametrize(
    "facts",
    [
        {"disk_encrypted": "yes"},
        {"unheard_of": True},
        {"remote_control": [{"name": "x" * 10_000}]},
        {"remote_logons": "none"},
    ],
)
def test_a_malformed_report_is_refused_and_raises_nothing(
    world: World, viewer: Viewer, laptop: Laptop, facts: dict[str, Any]
) -> None:
    token = laptop.sign_report(viewer.session_id, laptop.poll()[viewer.session_id], facts)

    assert refused(world, token) == "report-malformed"
    with world.parts.db.read() as session:
        reported = (
            select(func.count()).select_from(ObservationRow).where(ObservationRow.device_id == laptop.id)
        )
        assert session.scalar(reported) == 0


def test_an_enrolment_code_works_once(world: World, viewer: Viewer) -> None:
    code = devices.enrolment_code(world.parts, viewer)

    def enrol() -> None:
        jwk = Signer.generate("n").public_jwk()
        devices.enrol(world.parts, code=code, jwk=jwk, name="laptop", platform={})

    enrol()
    with pytest.raises(NotFound):
        enrol()


def test_one_laptop_key_enrols_once(world: World, viewer: Viewer) -> None:
    jwk = Signer.generate("n").public_jwk()

    def enrol() -> None:
        code = devices.enrolment_code(world.parts, viewer)
        devices.enrol(world.parts, code=code, jwk=jwk, name="laptop", platform={})

    enrol()
    with pytest.raises(Conflict):
        enrol()


def test_a_long_session_is_assessed_from_few_observations(
    world: World, viewer: Viewer, laptop: Laptop
) -> None:
    for number in range(12):
        laptop.report(viewer, ANYDESK if number == 3 else CLEAN)
        world.clock.advance(seconds=60)

    with world.parts.db.read() as session:
        chosen = observations_for(session, viewer.person_id, viewer.session_id)
        roots = read_roots(session, viewer.session_id)
        known = know(session, world.parts, viewer.person_id, roots, world.clock.now())
    assert len([o for o in chosen if o.device == laptop.id]) < 16
    assert known.assessment.tier is Tier.T2
