"""What the operator denies stops at once, whatever metadata says of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from cryptography import x509
from sqlalchemy import select

from authn.certificates import key_digest
from domain.errors import Conflict, DoorwardError, Invalid, NotFound
from flows.activate import ActivationRefused
from flows.key_denials import allow_again, deny
from flows.session import current
from flows.trust import trust_for_new_keys
from models.keys import Credential
from models.metadata import denials
from tests.flows.metadata_desk import REVOKED, blob, history, keys_of, model, recorded, state_of, take
from tests.world import AAGUID, HOME, Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani", "role:support")


def forbid(world: World, kind: str, value: str, *, reason: str = "lost batch", force: bool = False) -> None:
    with world.parts.db.write() as session:
        events = deny(session, world.parts, kind, value, reason=reason, by="host", force=force)
        world.parts.commit(session, *events)


def permit(world: World, kind: str, value: str) -> None:
    with world.parts.db.write() as session:
        world.parts.commit(session, allow_again(session, world.parts, kind, value, by="host"))


def values(world: World, person: Contractor) -> dict[str, str]:
    key = keys_of(world, person)[0]
    return {
        "aaguid": key.aaguid,
        "leaf": key.leaf_sha256,
        "spki": key_digest(x509.load_der_x509_certificate(key.leaf)),
    }


@pytest.mark.parametrize(
    ("kind", "rule"), [("aaguid", "denied-model"), ("leaf", "denied-certificate"), ("spki", "denied-key")]
)
def test_a_denial_stops_the_keys_that_it_covers_and_no_other(
    world: World, imani: Contractor, kind: str, rule: str
) -> None:
    jon = world.person("jon", "role:support")
    world.login(imani)

    forbid(world, kind, values(world, imani)[kind].upper())

    assert current(world.parts, imani.cookie, HOME) is None
    assert history(world, imani)[-1] == ("suspended", f"model-blocked: {rule}")
    # A model is denied whole; certificates of this maker differ from key to key.
    assert state_of(world, jon) == ("suspended" if kind == "aaguid" else "active")
    assert recorded(world, "denial.added")[0]["blocked"] == (2 if kind == "aaguid" else 1)


def test_a_denied_model_cannot_be_registered(world: World) -> None:
    forbid(world, "aaguid", AAGUID)

    with pytest.raises(DoorwardError) as caught:
        world.person("imani")

    assert caught.value.code == "not-certified"
    assert recorded(world, "key.refused")[0]["rules"] == ["denied-model"]


def test_a_denial_that_leaves_no_admin_a_key_is_refused_unless_forced(world: World) -> None:
    asha = world.person("asha", "role:admin")

    with pytest.raises(Conflict) as caught:
        forbid(world, "aaguid", AAGUID)
    kept = state_of(world, asha)
    forbid(world, "aaguid", AAGUID, force=True)

    assert (caught.value.code, kept) == ("locks-out-admins", "active")
    assert "--force" in str(caught.value.remedy)
    assert state_of(world, asha) == "suspended"
    assert recorded(world, "denial.added")[0]["locks_out_admins"] is True


def test_taking_a_denial_back_lets_new_keys_in_and_reinstates_none(world: World, imani: Contractor) -> None:
    forbid(world, "aaguid", AAGUID)
    permit(world, "aaguid", AAGUID)

    world.person("jon")

    assert state_of(world, imani) == "suspended"
    assert recorded(world, "denial.removed") == [{"kind": "aaguid", "value": AAGUID}]
    with world.parts.db.read() as session:
        assert denials(session) == []


@pytest.mark.parametrize(
    ("kind", "value", "reason", "code"),
    [
        ("aaguid", "no uuid", "why", "aaguid"),
        ("leaf", "ab" * 31, "why", "denial-value"),
        ("spki", "xy" * 32, "why", "denial-value"),
        ("colour", "ab" * 32, "why", "denial-kind"),
        ("aaguid", AAGUID, "  ", "denial-reason"),
    ],
)
def test_what_cannot_be_denied(world: World, kind: str, value: str, reason: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        forbid(world, kind, value, reason=reason)

    assert caught.value.code == code


def test_a_fingerprint_with_colons_is_the_same(world: World) -> None:
    forbid(world, "leaf", ":".join(["AB"] * 32))

    with pytest.raises(Conflict):
        forbid(world, "leaf", "ab" * 32)
    with pytest.raises(NotFound):
        permit(world, "spki", "ab" * 32)


@pytest.mark.parametrize("by", ["import", "denial"])
def test_no_key_slips_in_while_its_model_is_being_blocked(world: World, by: str) -> None:
    """A registration that was judged before must be stored before, and is then stopped with the others."""
    judged, go = threading.Event(), threading.Event()

    def slow(session, parts):
        trusted = trust_for_new_keys(session, parts)
        judged.set()
        assert go.wait(20)
        return trusted

    def block() -> None:
        assert judged.wait(20)
        threading.Timer(0.5, go.set).start()
        if by == "import":
            take(world, blob(model(world, statuses=REVOKED)))
        else:
            forbid(world, "aaguid", AAGUID)

    with patch("flows.register.trust_for_new_keys", slow), ThreadPoolExecutor(2) as pool:
        blocked = pool.submit(block)
        entered = pool.submit(world.person, "imani")
        blocked.result()
        # She may have activated her key before it was stopped, or find it stopped.
        assert entered.exception() is None or isinstance(entered.exception(), ActivationRefused)

    with world.parts.db.read() as session:
        assert list(session.scalars(select(Credential.state))) == ["suspended"]
