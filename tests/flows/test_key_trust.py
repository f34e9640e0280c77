"""What is trusted and denied counts at registration and at every login, from the next request on."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from demo.softkey import SoftKey
from demo.wire import to_base64url
from domain.errors import ChallengeExpired
from flows import login, people
from flows.login import LoginRefused
from flows.register import KeyNotAccepted
from flows.trust import trust
from models.audit import AuditDetail, AuditRecord
from models.keys import Credential
from models.metadata import KeyDenial
from models.people import Person
from tests.flows.test_register import begin, finish, invited, new_key
from tests.world import AAGUID, HOME, Contractor, World


def deny(world: World, kind: str, value: str) -> None:
    with world.parts.db.write() as session:
        session.add(
            KeyDenial(
                id=world.parts.ids.new("dny"),
                kind=kind,
                value=value,
                reason="test",
                created_by="host",
                created_at=world.clock.now(),
            )
        )
        session.commit()


def values(key: SoftKey) -> dict[str, str]:
    leaf = x509.load_der_x509_certificate(key.chain[0])
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "aaguid": key.aaguid,
        "leaf": hashlib.sha256(key.chain[0]).hexdigest(),
        "spki": hashlib.sha256(spki).hexdigest(),
    }


def told(world: World, kind: str) -> dict[str, Any]:
    """Return the details of the newest record of *kind*."""
    with world.parts.db.read() as session:
        found = session.scalars(
            select(AuditDetail)
            .join(AuditRecord, AuditRecord.sequence == AuditDetail.sequence)
            .where(AuditRecord.kind == kind)
            .order_by(AuditRecord.sequence.desc())
        ).first()
        assert found is not None
        return dict(found.details)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("aaguid", "denied-model"), ("leaf", "denied-certificate"), ("spki", "denied-key")],
)
def test_what_is_denied_registers_no_more(world: World, kind: str, rule: str) -> None:
    key = new_key(world)
    begun = begin(world, invited(world))
    deny(world, kind, values(key)[kind])

    with pytest.raises(KeyNotAccepted) as refused:
        finish(world, begun, key)

    assert refused.value.code == "not-certified"
    assert told(world, "key.refused")["rules"] == [rule]


@pytest.mark.parametrize("kind", ["aaguid", "leaf", "spki"])
def test_what_is_denied_logs_in_no_more_though_its_key_is_active(world: World, kind: str) -> None:
    """authentik's pull request 22867: the list counts at registration and at authentication alike."""
    imani = world.person("imani")
    world.login(imani)
    deny(world, kind, values(imani.key)[kind])

    with pytest.raises(LoginRefused):
        world.login(imani)

    assert told(world, "login.refused")["reason"] == "not-certified"


def test_what_is_denied_signs_no_action_either(world: World) -> None:
    imani = world.person("imani")
    viewer = world.login(imani)
    deny(world, "aaguid", AAGUID)

    with pytest.raises(Exception, match="could not be accepted"):
        world.tap(viewer, imani, {"do": "session.touch"})


def test_denying_another_model_changes_nothing(world: World) -> None:
    imani = world.person("imani")
    deny(world, "aaguid", "11111111-2222-4333-8444-555555555555")

    world.login(imani)
    finish(world, begin(world, invited(world, "jon")), new_key(world))


def test_a_key_whose_algorithm_left_the_list_logs_in_no_more(world: World) -> None:
    imani = world.person("imani")
    world.parts = replace(world.parts, key_rules=replace(world.parts.key_rules, algorithms=(-8,)))

    with pytest.raises(LoginRefused):
        world.login(imani)

    assert told(world, "login.refused")["reason"] == "algorithm-refused"


def test_trust_is_built_once_for_each_state_of_it(world: World) -> None:
    with world.parts.db.read() as session:
        first, second = trust(session, world.parts), trust(session, world.parts)
    deny(world, "aaguid", AAGUID)
    with world.parts.db.read() as session:
        third = trust(session, world.parts)

    assert first is second
    assert third is not first
    assert third.denials.models == {AAGUID}


def test_what_a_key_says_of_itself_is_kept(world: World) -> None:
    finish(world, begin(world, invited(world)), with_serial(world, b"S-0042"))

    with world.parts.db.read() as session:
        row = session.scalars(select(Credential)).one()
        assert (row.serial, row.label, row.metadata_import, row.metadata_statuses) == (
            "S-0042",
            "Test key",
            None,
            [],
        )
        assert (row.min_pin_length, row.cred_protect) == (None, None)


def test_a_serial_that_is_no_text_is_kept_in_hex(world: World) -> None:
    finish(world, begin(world, invited(world)), with_serial(world, b"\x00\xff"))

    with world.parts.db.read() as session:
        assert session.scalars(select(Credential.serial)).one() == "0x00ff"


def test_one_serial_number_belongs_to_one_person(world: World) -> None:
    """A key that was reset makes new ids; its serial number stays."""
    finish(world, begin(world, invited(world)), with_serial(world, b"S-0042"))

    with pytest.raises(KeyNotAccepted) as refused:
        finish(world, begin(world, invited(world, "jon")), with_serial(world, b"S-0042"))

    assert refused.value.code == "key-in-use"
    with world.parts.db.read() as session:
        ids = {row.login_name: row.id for row in session.scalars(select(Person))}
        (alarm,) = session.scalars(select(AuditRecord).where(AuditRecord.kind == "key.shared"))
    assert (alarm.actor, alarm.subject) == (ids["jon"], ids["imani"])


def test_a_late_answer_is_told_that_it_is_late_and_a_used_one_is_not(world: World) -> None:
    imani = world.person("imani")
    late = login.begin(world.parts, login_name="imani", browser="b", address=HOME)
    answer = imani.key.sign(late["publicKey"], world.origin)
    world.clock.advance(minutes=3)

    assert code_of(world, late, answer) == "timeout"
    assert code_of(world, late, answer) == "challenge-expired"


def test_strangers_and_contractors_are_late_alike(world: World, imani: Contractor) -> None:
    known, unknown = (
        login.begin(world.parts, login_name=name, browser="b", address=HOME) for name in ("imani", "nobody")
    )
    answer = imani.key.sign(known["publicKey"], world.origin)
    world.clock.advance(minutes=3)

    assert code_of(world, known, answer) == code_of(world, unknown, answer) == "timeout"


def test_a_late_registration_is_told_that_it_is_late(world: World) -> None:
    begun = begin(world, invited(world))
    world.clock.advance(minutes=5)

    with pytest.raises(ChallengeExpired) as refused:
        finish(world, begun, new_key(world))

    assert refused.value.code == "timeout"
    assert "blinks" in (refused.value.remedy or "")


def test_registration_excludes_every_own_key_revoked_ones_too(world: World) -> None:
    imani = world.person("imani")
    with world.parts.db.write() as session:
        row = session.scalars(select(Credential)).one()
        row.state, row.activated_at = "revoked", None  # never activated: no re-issue is needed
        session.commit()

    with world.parts.db.write() as session:
        secret, event = people.invite(session, world.parts, imani.id, by="host")
        world.parts.commit(session, event)
    begun = begin(world, secret)

    excluded = [one["id"] for one in begun["publicKey"]["excludeCredentials"]]
    assert excluded == [to_base64url(imani.key.credentials[0].id)]


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani")


def with_serial(world: World, serial: bytes) -> SoftKey:
    return SoftKey.create(world.authority, AAGUID, now=world.clock.now(), serial=serial)


def code_of(world: World, begun: dict[str, Any], answer: dict[str, Any]) -> str:
    with pytest.raises(ChallengeExpired) as refused:
        login.finish(world.parts, ceremony=begun["ceremony"], credential=answer, browser="b", address=HOME)
    return refused.value.code
