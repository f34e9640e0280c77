"""The console's pages about keys and the models that are trusted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from demo.softkey import AttestationAuthority
from flows.register import KeyNotAccepted
from flows.session import current
from models.keys import anchors, credentials_of
from tests.web.desk import Desk, recorded
from tests.world import AAGUID, HOME, World

OTHER = "d0042a2d-0000-4000-8000-000000000002"


def key_of(world: World, person_id: str) -> str:
    with world.parts.db.read() as session:
        return credentials_of(session, person_id)[0].id


def test_keys_are_listed_with_their_owners_and_filtered_by_state(world: World, asha: Desk) -> None:
    world.person("imani")

    every = asha.get("/admin/keys").text
    revoked = asha.get("/admin/keys?state=revoked").text

    assert "2 of 2" in every
    assert "Imani" in every
    assert "No key is found" in revoked


def test_revoking_a_key_says_what_ends_and_ends_it_by_a_touch(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    world.login(imani)
    key = key_of(world, imani.id)

    said = asha.get(f"/admin/keys/{key}/revoke").text
    done = asha.touch(f"/admin/keys/{key}/revoke", reason="Lost on the train")

    assert "loses 1 session" in said
    assert done.json == {"location": f"/admin/keys/{key}"}
    assert current(world.parts, imani.cookie, HOME) is None
    page = asha.get(f"/admin/keys/{key}").text
    assert "Lost on the train" in page
    assert "Revoke</a>" not in page
    assert recorded(world, "key.revoked")[0][1]["key"] == key


def test_a_person_whose_key_was_revoked_needs_a_reissue_before_an_invite(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    asha.touch(f"/admin/keys/{key_of(world, imani.id)}/revoke", reason="broken")

    page = asha.post(f"/admin/people/{imani.id}/invite")

    assert page.status_code == 409
    assert "a new one needs a re-issue" in page.text
    assert "/register/dwi_" not in page.text


def test_a_revoked_key_is_not_revoked_again(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    here = f"/admin/keys/{key_of(world, imani.id)}/revoke"
    asha.touch(here, reason="lost")

    again = asha.touch(here, reason="lost")

    assert (again.status_code, again.json["code"]) == (409, "key-state")
    assert len(recorded(world, "key.revoked")) == 1


def test_the_only_key_of_the_last_admin_cannot_be_revoked(world: World, asha: Desk) -> None:
    assert asha.person is not None

    refused = asha.touch(f"/admin/keys/{key_of(world, asha.person.id)}/revoke", reason="lost")

    assert (refused.status_code, refused.json["code"]) == (409, "last-admin")


def test_a_touch_for_one_key_does_not_revoke_another(world: World, asha: Desk) -> None:
    imani, jon = world.person("imani"), world.person("jon")
    answer = asha.ask(f"/admin/keys/{key_of(world, imani.id)}/revoke", reason="lost")

    refused = asha.send(f"/admin/keys/{key_of(world, jon.id)}/revoke/finish", answer)

    assert refused.status_code == 409
    assert not recorded(world, "key.revoked")


def test_a_key_that_counts_backwards_is_stopped_recorded_and_shown_first(world: World, asha: Desk) -> None:
    """Stopping a key used to leave no record of its own."""
    imani = world.person("imani")
    world.login(imani)
    begun = asha.send("/login/options", {"login_name": "imani"}).json
    imani.key.counter = 0
    copied = imani.key.sign(begun["publicKey"], world.origin)

    refused = asha.send("/login/finish", {"ceremony": begun["ceremony"], "credential": copied})

    assert refused.status_code == 401
    assert current(world.parts, imani.cookie, HOME) is None
    assert recorded(world, "key.suspended")[0][1]["reason"] == "counter-regressed"
    assert recorded(world, "access.ended")[0][1]["of"] == "key"
    page = asha.get("/admin").text
    assert "The key of Imani was stopped" in page
    assert "It counted backwards" in page
    assert "Nothing needs you" not in page


def test_a_model_is_trusted_and_distrusted_again(world: World, asha: Desk) -> None:
    certificate = world.authority.certificate_pem

    added = asha.post("/admin/keys/models", label="Key Two", aaguid=OTHER.upper(), certificate=certificate)
    with world.parts.db.read() as session:
        anchor = next(row for row in anchors(session) if row.aaguid == OTHER)
    page = asha.get(f"/admin/keys/models/{anchor.id}").text
    removed = asha.post(f"/admin/keys/models/{anchor.id}/remove")

    assert (added.status_code, removed.status_code) == (303, 303)
    assert anchor.sha256 in page
    assert "Key Two" not in asha.get("/admin/keys/models").text
    assert recorded(world, "trust.anchor-removed")[0][1]["aaguid"] == OTHER


def test_a_certificate_that_cannot_be_read_comes_back_as_it_was_pasted(asha: Desk) -> None:
    page = asha.post("/admin/keys/models", label="Key Two", aaguid=OTHER, certificate="-----BEGIN NONSENSE")

    assert page.status_code == 400
    assert "-----BEGIN NONSENSE" in page.text
    assert f'value="{OTHER}"' in page.text
    assert 'href="#f-certificate"' in page.text


def test_a_model_that_is_trusted_already_is_a_conflict(world: World, asha: Desk) -> None:
    page = asha.post(
        "/admin/keys/models", label="Again", aaguid=AAGUID, certificate=world.authority.certificate_pem
    )

    assert page.status_code == 409
    assert "trusted already" in page.text


def test_refused_registrations_are_counted_by_reason(world: World, asha: Desk) -> None:
    stranger = AttestationAuthority.create(now=world.clock.now() - timedelta(days=1))
    world.authority, trusted = stranger, world.authority
    for name in ("imani", "jon"):
        with pytest.raises(KeyNotAccepted):
            world.person(name)
    world.authority = trusted

    page = asha.get("/admin/keys/refusals").text

    assert "attestation-chain" in page
    assert '<td data-label="How often" class="end num">2</td>' in page
