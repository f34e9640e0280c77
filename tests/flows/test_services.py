"""An admin keeps the services: what is accepted, and what ends when one changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crypto.jws import Signer
from domain.errors import Conflict, DoorwardError, Invalid, NotFound
from flows.service_auth import proven_pep
from flows.services import ServiceForm, create_service, disable_service, make_secret, update_service
from models.catalog import Service, ServiceSecret, covers, guard_of, secrets_of
from models.people import Principal
from tests.world import World

FORM = ServiceForm(
    "Log service",
    "https://logs.example.org",
    "client_secret",
    redirect_uris=("https://logs.example.org/callback",),
    prefixes=("data:customer-logs", "data:archive/"),
    actions=("read",),
)


def save(world: World, form: ServiceForm = FORM, name: str = "logs") -> Service:
    with world.parts.db.write() as session:
        row, events = create_service(session, world.parts, name=name, form=form, by="host")
        world.parts.commit(session, *events)
        return row


def test_a_service_is_a_principal_with_a_name(world: World) -> None:
    row = save(world)

    with world.parts.db.read() as session:
        principal = session.get(Principal, row.id)
        assert principal is not None
        assert principal.kind == "service"


def test_a_form_with_one_fault_is_refused_by_name(world: World) -> None:
    key = {k: Signer.generate("k").public_jwk()[k] for k in ("kty", "crv", "x", "y")}
    faults: list[tuple[dict[str, Any], str]] = [
        ({"title": " "}, "service-title"),
        ({"audience": "logs"}, "audience"),
        ({"audience": "https://logs example"}, "audience"),
        ({"audience": world.origin}, "audience"),
        ({"auth_method": "password"}, "service-auth-method"),
        ({"redirect_uris": ("http://logs.example.org/cb",)}, "redirect-uri"),
        ({"redirect_uris": ("https://logs.example.org/cb#x",)}, "redirect-uri"),
        ({"redirect_uris": ("https://logs.example.org/cb#",)}, "redirect-uri"),
        ({"redirect_uris": ("https://u@logs.example.org/",)}, "redirect-uri"),
        ({"redirect_uris": ("javascript:alert(1)",)}, "redirect-uri"),
        ({"redirect_uris": ("https:///cb",)}, "redirect-uri"),
        ({"redirect_uris": ("https://[/cb",)}, "redirect-uri"),
        ({"redirect_uris": ("https://logs.example.org/ü",)}, "redirect-uri"),
        ({"redirect_uris": ("http://localhost.evil.example/cb",)}, "redirect-uri"),
        ({"home_url": "ftp://logs.example.org"}, "home-url"),
        ({"prefixes": ("doorward:",)}, "resource-reserved"),
        ({"prefixes": ("doorward:policy",)}, "resource-reserved"),
        ({"prefixes": ("",)}, "resource-id"),
        ({"prefixes": ("data",)}, "resource-id"),
        ({"prefixes": ("data:../x",)}, "resource-id"),
        ({"actions": ("READ",)}, "action-name"),
        ({"subject_types": ("robot",)}, "subject-type"),
        ({"context_keys": ("token",)}, "context-key"),
        ({"searches": ("everything",)}, "search-kind"),
        ({"auth_method": "private_key_jwt"}, "service-key"),
        ({"jwk": key}, "service-key"),
        ({"auth_method": "private_key_jwt", "jwk": {**key, "x": "AA"}}, "service-key"),
        ({"auth_method": "private_key_jwt", "jwk": {**key, "d": "AA"}}, "service-key"),
    ]

    for changes, code in faults:
        with pytest.raises(Invalid) as refused:
            save(world, replace(FORM, **changes))
        assert refused.value.code == code, changes


def test_names_and_audiences_are_taken_once(world: World) -> None:
    save(world)

    with pytest.raises(Conflict, match="logs"):
        save(world, replace(FORM, audience="https://other.example.org"))
    with pytest.raises(Conflict, match="another service"):
        save(world, name="other")
    with pytest.raises(Invalid):
        save(world, name="Logs")


def test_a_form_can_be_saved_again_under_its_own_name(world: World) -> None:
    row = save(world)

    with world.parts.db.write() as session:
        form = replace(FORM, title="Renamed")
        events = update_service(session, world.parts, row.id, form=form, by="host")
        world.parts.commit(session, *events)
        after = session.get(Service, row.id)

    assert after is not None
    assert (after.title, after.epoch) == ("Renamed", 1)
    assert [event.kind.code for event in events] == ["service.saved"]


def test_another_way_to_prove_itself_ends_what_the_service_holds(world: World) -> None:
    row = save(world)

    with world.parts.db.write() as session:
        form = replace(FORM, auth_method="none")
        events = update_service(session, world.parts, row.id, form=form, by="host")
        world.parts.commit(session, *events)
    with world.parts.db.read() as session:
        after = session.get(Service, row.id)

    assert after is not None
    assert after.epoch == 2
    assert [event.kind.code for event in events] == ["service.saved", "access.ended"]


def test_a_new_secret_lets_the_old_one_work_for_the_overlap_and_no_longer(world: World) -> None:
    row = save(world)
    secrets = []
    for _ in range(3):
        with world.parts.db.write() as session:
            secret, events = make_secret(session, world.parts, row.id, by="host")
            world.parts.commit(session, *events)
            secrets.append(secret)
        world.clock.advance(hours=1)

    with world.parts.db.read() as session:
        ends = [r.expires_at for r in secrets_of(session, row.id)]
        digests = [r.digest for r in session.query(ServiceSecret).order_by(ServiceSecret.created_at)]

    assert ends[0] is None
    assert ends[1] is not None
    assert ends[2] is not None
    assert ends[2] < ends[1]
    now = world.clock.now()
    assert all(proven_pep(world.parts, f"Bearer {secret}", now) == row.id for secret in secrets)
    assert len(set(secrets)) == 3
    assert all(secret not in digests for secret in secrets)


def test_a_disabled_service_is_gone_from_every_door(world: World) -> None:
    row = save(world)
    with world.parts.db.write() as session:
        events = disable_service(session, row.id, by="host")
        world.parts.commit(session, *events)

    with world.parts.db.write() as session:
        assert guard_of(session, "data:customer-logs") is None
        for act in (
            lambda: update_service(session, world.parts, row.id, form=FORM, by="host"),
            lambda: make_secret(session, world.parts, row.id, by="host"),
            lambda: disable_service(session, row.id, by="host"),
        ):
            with pytest.raises(NotFound):
                act()


def test_a_service_without_secrets_gets_none(world: World) -> None:
    row = save(world, replace(FORM, auth_method="none"))

    with world.parts.db.write() as session, pytest.raises(DoorwardError) as refused:
        make_secret(session, world.parts, row.id, by="host")

    assert refused.value.code == "service-no-secret"


def test_the_nearest_named_service_guards_a_resource_then_the_longest_prefix(world: World) -> None:
    wide = save(world, replace(FORM, prefixes=("data:",)))
    narrow = save(
        world, replace(FORM, audience="https://n.example.org", prefixes=("data:customer-logs",)), "narrow"
    )
    world.resource("data:named", "read", service=wide.id)
    world.resource("data:customer-logs", "read", service=wide.id)

    with world.parts.db.read() as session:
        guards = {
            resource: getattr(guard_of(session, resource), "id", None)
            for resource in ("data:named", "data:customer-logs/eu", "data:other", "svc:x")
        }

    assert guards == {
        "data:named": wide.id,
        "data:customer-logs/eu": wide.id,
        "data:other": wide.id,
        "svc:x": None,
    }
    assert narrow.id not in guards.values()
    assert covers("data:customer-logs", "data:customer-logs/eu")
    assert not covers("data:customer-logs", "data:customer-logs-eu")
