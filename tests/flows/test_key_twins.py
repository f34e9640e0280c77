"""A certificate that counts for nothing does not come back in another form, or by being left out."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.serialization import Encoding

from authn.certificates import key_digest
from flows.register import KeyNotAccepted
from tests.authn.metadata.payload import CERTIFIED
from tests.authn.test_sameness import twin
from tests.flows.metadata_desk import blob, model, state_of, take
from tests.flows.test_key_denials import forbid
from tests.flows.test_key_trust import values
from tests.flows.test_register import begin, finish, invited, new_key
from tests.world import World


def other_form(der: bytes) -> bytes:
    return twin(x509.load_der_x509_certificate(der), SECP256R1.group_order).public_bytes(Encoding.DER)


def compromised(der: bytes) -> list[dict[str, str]]:
    certificate = base64.b64encode(der).decode()
    report = {
        "status": "ATTESTATION_KEY_COMPROMISE",
        "effectiveDate": "2026-11-01",
        "certificate": certificate,
    }
    return [report, *CERTIFIED]


def test_a_denied_certificate_is_not_let_in_by_its_twin(world: World) -> None:
    key = new_key(world)
    begun = begin(world, invited(world))
    forbid(world, "leaf", values(key)["leaf"])
    key.chain = [other_form(key.chain[0])]

    with pytest.raises(KeyNotAccepted) as refused:
        finish(world, begun, key)

    assert refused.value.code == "not-certified"


@pytest.mark.parametrize("kind", ["leaf", "spki"])
def test_a_denied_authority_counts_though_the_key_does_not_send_it(world: World, kind: str) -> None:
    authority = world.authority.certificate
    digest = {
        "leaf": hashlib.sha256(authority.public_bytes(Encoding.DER)).hexdigest(),
        "spki": key_digest(authority),
    }[kind]
    imani = world.person("imani")
    link = invited(world, "jon")

    forbid(world, kind, digest)

    assert state_of(world, imani) == "suspended"
    with pytest.raises(KeyNotAccepted):
        finish(world, begin(world, link), new_key(world))


def test_a_compromised_attestation_key_makes_no_key_by_a_twin(world: World) -> None:
    key = new_key(world)
    take(world, blob(model(world, statuses=compromised(key.chain[0]))))
    key.chain = [other_form(key.chain[0])]

    with pytest.raises(KeyNotAccepted) as refused:
        finish(world, begin(world, invited(world)), key)

    assert refused.value.code == "not-certified"


def test_a_key_that_was_enrolled_with_a_twin_is_stopped_by_the_import(world: World) -> None:
    key = new_key(world)
    plain = key.chain[0]
    key.chain = [other_form(plain)]
    finish(world, begin(world, invited(world)), key)

    outcome = take(world, blob(model(world, statuses=compromised(plain))))

    assert len(outcome.report["blocked"]) == 1
