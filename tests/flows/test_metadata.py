"""Metadata is imported: what it says counts at once, for registered keys too."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, update

from authn.metadata.refused import MetadataRefused
from demo.softkey import NotAllowed
from domain.errors import DoorwardError
from domain.key_rules import KeyRules, Level
from domain.metadata import Freshness
from flows import catalog, login
from flows.key_standing import reassess
from flows.parts import Parts
from flows.session import current
from flows.trust import current_metadata, trust
from models.instance import instance, state_revision
from models.keys import TrustAnchor
from models.metadata import MetadataImport
from tests.authn.metadata.authority import house
from tests.authn.metadata.payload import CERTIFIED, entry
from tests.flows.metadata_desk import (
    OTHER,
    REVOKED,
    blob,
    history,
    keys_of,
    model,
    recorded,
    sequence,
    state_of,
    take,
    take_bare,
)
from tests.tokens.company import Company, found
from tests.world import AAGUID, HOME, Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani", "role:support")


def distrust(world: World) -> None:
    """Take the model from the overlay: from now on metadata alone speaks for it."""
    with world.parts.db.write() as session:
        anchor = session.scalars(select(TrustAnchor)).one()
        world.parts.commit(session, catalog.distrust_key_model(session, anchor.id, by="host"))


def with_rules(world: World, **rules: Any) -> Parts:
    world.parts = replace(world.parts, key_rules=KeyRules(**rules))
    return world.parts


def refused(world: World, importing: Any) -> str:
    with pytest.raises(MetadataRefused) as caught:
        importing()
    return caught.value.code


def numbers(world: World) -> list[int]:
    with world.parts.db.read() as session:
        return list(session.scalars(select(MetadataImport.number).order_by(MetadataImport.id)))


def current_number(world: World) -> int | None:
    with world.parts.db.read() as session:
        metadata = current_metadata(session)
        return metadata.number if metadata else None


def test_what_was_imported_counts(world: World) -> None:
    done = take(world, blob(model(world, OTHER), entry(), no=291))

    assert (done.number, done.signed, done.known, done.freshness) == (291, True, False, Freshness.FRESH)
    assert done.counts["models"] == 2
    assert done.report["admitted"] == 2
    with world.parts.db.read() as session:
        trusted = trust(session, world.parts)
        assert [trusted.label(aaguid) for aaguid in (OTHER, entry()["aaguid"])] == ["Soft key", "Test key"]
    told = recorded(world, "metadata.imported")
    assert [(t["number"], t["signed"], t["source"], t["blocked"]) for t in told] == [
        (291, True, "file mds.jwt", 0)
    ]


def test_an_import_raises_both_revisions(world: World) -> None:
    def revisions() -> tuple[int, int]:
        with world.parts.db.read() as session:
            return instance(session).trust_revision, state_revision(session)

    before = revisions()
    take(world, blob(model(world)))

    assert all(after > was for after, was in zip(revisions(), before, strict=True))


def test_what_fido_did_not_sign_is_refused_and_recorded(world: World) -> None:
    forged = house().blob(b"{}") + b"A"

    assert refused(world, lambda: take(world, forged)) == "metadata-signature"
    assert refused(world, lambda: take(world, blob(), roots=None)) == "metadata-path"
    assert [t["code"] for t in recorded(world, "metadata.refused")] == ["metadata-signature", "metadata-path"]
    assert current_number(world) is None


def test_an_older_number_is_refused_and_recorded(world: World) -> None:
    take(world, blob(model(world), no=10))

    assert refused(world, lambda: take(world, blob(model(world), no=9))) == "metadata-older"
    assert [t["code"] for t in recorded(world, "metadata.refused")] == ["metadata-older"]
    assert current_number(world) == 10


def test_the_same_again_is_known_and_writes_nothing(world: World) -> None:
    take(world, blob(model(world)))
    before = sequence(world)

    again = take(world, blob(model(world)))

    assert again.known
    assert (sequence(world), numbers(world)) == (before, [7])


def test_the_same_number_with_other_content_is_taken(world: World) -> None:
    """A later release of ours may read more of the same file."""
    take(world, blob(model(world), no=7))

    assert not take(world, blob(model(world), entry(), no=7)).known
    assert numbers(world) == [7, 7]


def test_a_payload_without_signature_is_taken_until_one_was_signed(world: World) -> None:
    bare = take_bare(world, model(world), no=9_000_000)
    signed = take(world, blob(model(world), no=3))

    assert (bare.signed, signed.signed, signed.known) == (False, True, False)
    assert current_number(world) == 3
    assert refused(world, lambda: take_bare(world, model(world), no=9_000_001)) == "metadata-unsigned"
    assert current_number(world) == 3


def test_the_same_signed_after_unsigned_is_not_known_already(world: World) -> None:
    take_bare(world, model(world))

    assert not take(world, blob(model(world))).known


def test_a_signed_import_counts_even_if_the_clock_went_back(world: World) -> None:
    take(world, blob(model(world), no=3))
    world.clock.advance(hours=-2)
    take(world, blob(model(world), no=4))

    assert current_number(world) == 4


def test_metadata_that_is_due_or_old_is_taken_and_says_so(world: World) -> None:
    assert take(world, blob(no=1, due="2026-11-01")).freshness is Freshness.GRACE
    assert take(world, blob(no=2, due="2026-09-01")).report["freshness"] == "stale"


@pytest.mark.parametrize("status", ["REVOKED", "USER_KEY_PHYSICAL_COMPROMISE", "USER_VERIFICATION_BYPASS"])
def test_a_compromised_model_stops_its_keys_though_the_operator_trusts_it(
    world: World, imani: Contractor, status: str
) -> None:
    world.login(imani)
    take(world, blob(model(world), no=1))

    done = take(world, blob(model(world, statuses=[{"status": status}, *CERTIFIED]), no=2))

    assert state_of(world, imani) == "suspended"
    assert current(world.parts, imani.cookie, HOME) is None
    assert [(b["person"], b["rules"]) for b in done.report["blocked"]] == [(imani.id, ["status-bad"])]
    assert history(world, imani)[-1] == ("suspended", "model-blocked: status-bad")
    assert recorded(world, "key.model-blocked")[0]["statuses"] == [status, *(r["status"] for r in CERTIFIED)]
    # She is asked for other keys only, as if this one did not exist.
    with pytest.raises(NotAllowed):
        world.login(imani)


def test_a_revoked_model_ends_sessions_doors_and_tokens_within_the_import(world: World) -> None:
    """The promise: what the key opened is dead at every door once the import has returned."""
    company: Company = found(world)
    opening = company.open()
    token = company.token()
    assert company.introspect(token)["active"]

    take(world, blob(model(world, statuses=REVOKED)))

    assert company.introspect(token) == {"active": False}
    assert company.check({"token": token}).get_json()["decision"] is False
    assert company.check({"grant_id": opening.grant_id}).get_json()["decision"] is False
    assert current(world.parts, company.imani.cookie, HOME) is None
    assert company.kinds()[-3:] == ["metadata.imported", "key.model-blocked", "access.ended"]


def test_other_rules_stop_keys_that_only_metadata_vouches_for(world: World, imani: Contractor) -> None:
    lapsed = [{"status": "NOT_FIDO_CERTIFIED", "effectiveDate": "2026-11-01"}, *CERTIFIED]

    take(world, blob(model(world, statuses=lapsed), no=1))
    assert state_of(world, imani) == "active"
    distrust(world)
    take(world, blob(model(world, statuses=lapsed), entry(), no=2))

    assert state_of(world, imani) == "suspended"
    assert history(world, imani)[-1] == ("suspended", "model-blocked: certification-level")


@pytest.mark.parametrize(
    "changes",
    [
        {"statuses": [{"status": "RETIRED"}, *CERTIFIED]},
        {"statuses": [{"status": "UPDATE_AVAILABLE"}, *CERTIFIED]},
        {"statement": {"attachmentHint": None}},
    ],
)
def test_what_says_nothing_against_keys_that_are_out_there_is_a_warning(
    world: World, imani: Contractor, changes: dict[str, Any]
) -> None:
    distrust(world)

    done = take(world, blob(model(world, **changes)))

    assert (state_of(world, imani), done.report["blocked"]) == ("active", [])
    assert [w["aaguid"] for w in done.report["warnings"]] == [AAGUID]


def test_a_model_that_metadata_does_not_know_is_left_alone(world: World, imani: Contractor) -> None:
    take(world, blob(model(world), no=1))

    done = take(world, blob(entry(), no=2))

    assert state_of(world, imani) == "active"
    assert [(m["aaguid"], m["what"], m["keys"]) for m in done.report["models"]] == [(AAGUID, "gone", 1)]


def test_the_report_names_models_in_use_that_are_new_or_changed(world: World, imani: Contractor) -> None:
    first = take(world, blob(model(world), entry(), no=1))
    second = take(world, blob(model(world), no=2))
    third = take(world, blob(model(world, statuses=[{"status": "RETIRED"}, *CERTIFIED]), no=3))

    assert [m["what"] for m in first.report["models"]] == ["new"]
    assert second.report["models"] == []
    assert [(m["what"], m["after"][0]) for m in third.report["models"]] == [("changed", "RETIRED")]
    assert state_of(world, imani) == "active"


def test_a_status_that_begins_later_is_announced_and_then_counts(world: World, imani: Contractor) -> None:
    later = [{"status": "REVOKED", "effectiveDate": "2026-11-20"}, *CERTIFIED]

    done = take(world, blob(model(world, statuses=later)))
    assert [w["says"] for w in done.report["warnings"]] == ["REVOKED from 2026-11-20"]
    assert state_of(world, imani) == "active"
    world.clock.advance(days=2)
    stopped = reassess(world.parts)

    assert [one.key.person_id for one in stopped] == [imani.id]
    assert state_of(world, imani) == "suspended"


def test_a_compromised_certificate_stops_the_keys_that_it_signed(world: World, imani: Contractor) -> None:
    def of(der: bytes) -> list[dict[str, Any]]:
        text = base64.b64encode(der).decode()
        return [{"status": "ATTESTATION_KEY_COMPROMISE", "certificate": text}, *CERTIFIED]

    asha = world.person("asha", "role:admin")
    leaf = keys_of(world, imani)[0].leaf
    maker = world.authority.certificate.public_bytes(Encoding.DER)

    take(world, blob(model(world, statuses=of(leaf)), no=1))
    assert (state_of(world, imani), state_of(world, asha)) == ("suspended", "active")
    take(world, blob(model(world, statuses=of(maker)), no=2))

    assert state_of(world, asha) == "suspended"


def test_a_dry_run_says_everything_and_writes_nothing(world: World, imani: Contractor) -> None:
    asha = world.person("asha", "role:admin")
    before = sequence(world)

    done = take(world, blob(model(world, statuses=REVOKED)), dry_run=True)

    assert done.dry_run
    assert {b["person"] for b in done.report["blocked"]} == {imani.id, asha.id}
    assert done.report["locks_out_admins"] is True
    assert refused(world, lambda: take(world, b"x", dry_run=True)) == "metadata-signature"
    assert (sequence(world), current_number(world), state_of(world, asha)) == (before, None, "active")


def test_admins_are_not_locked_out_while_another_key_of_theirs_works(world: World, imani: Contractor) -> None:
    world.person("asha", "role:admin")
    other = [{"status": "REVOKED"}]

    done = take(world, blob(model(world, OTHER, statuses=other)), dry_run=True)

    assert done.report["locks_out_admins"] is False


def test_without_metadata_nothing_is_held_against_a_key(world: World, imani: Contractor) -> None:
    before = sequence(world)

    assert reassess(world.parts) == ()
    assert (sequence(world), state_of(world, imani)) == (before, "active")


def test_stricter_settings_stop_keys_at_the_next_start_once(world: World, imani: Contractor) -> None:
    distrust(world)
    take(world, blob(model(world)))
    assert reassess(world.parts) == ()
    with_rules(world, level=Level.L2)

    stopped = reassess(world.parts)
    before = sequence(world)

    assert [one.told()["rules"] for one in stopped] == [["certification-level"]]
    assert state_of(world, imani) == "suspended"
    assert reassess(world.parts) == ()
    assert sequence(world) == before


def test_a_stored_body_that_cannot_be_read_counts_as_none(world: World, imani: Contractor) -> None:
    take(world, blob(model(world)))
    with world.parts.db.write() as session:
        session.execute(update(MetadataImport).values(body=b"spoilt"))
        session.commit()

    assert current_number(world) is None
    world.login(imani)
    assert not take(world, blob(model(world), no=8)).known
    assert current_number(world) == 8


def test_of_two_imports_at_once_the_higher_number_counts(world: World) -> None:
    raws = [blob(model(world), no=n) for n in range(1, 9)]

    def attempt(raw: bytes) -> str:
        try:
            take(world, raw)
        except MetadataRefused as error:
            return error.code
        return "taken"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, raws))

    assert current_number(world) == 8
    assert set(answers) <= {"taken", "metadata-older"}
    assert answers[-1] == "taken"
    with world.parts.db.read() as session:
        taken = list(
            session.scalars(
                select(MetadataImport.number).order_by(MetadataImport.imported_at, MetadataImport.id)
            )
        )
    assert len(taken) == answers.count("taken")


def test_no_login_outlives_an_import_that_blocks_its_model(world: World, imani: Contractor) -> None:
    """64 logins race one import: when it has returned, no session of the model lives."""

    def attempt(n: int) -> str:
        try:
            begun = login.begin(world.parts, login_name="imani", browser=f"b-{n}", address=HOME)
            answer = imani.key.sign(begun["publicKey"], world.origin)
            return login.finish(
                world.parts, ceremony=begun["ceremony"], credential=answer, browser=f"b-{n}", address=HOME
            ).cookie
        except (DoorwardError, NotAllowed):
            return ""

    raw = blob(model(world, statuses=REVOKED))
    with ThreadPoolExecutor(65) as pool:
        logins = [pool.submit(attempt, n) for n in range(64)]
        imported = pool.submit(take, world, raw)
        imported.result()
        cookies = [cookie for done in logins if (cookie := done.result())]

    assert state_of(world, imani) == "suspended"
    assert [cookie for cookie in cookies if current(world.parts, cookie, HOME) is not None] == []
