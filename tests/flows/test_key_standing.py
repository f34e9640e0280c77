"""What an import, a day that comes or a stricter setting does to keys that are registered."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from demo.softkey import NotAllowed
from domain.errors import DoorwardError
from domain.key_rules import KeyRules, Level
from flows import catalog, login
from flows.key_standing import reassess
from flows.parts import Parts
from flows.session import current
from models.keys import TrustAnchor
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
    assert (sequence(world), state_of(world, asha)) == (before, "active")


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
