"""Mistakes that other servers made in this layer, each by its advisory."""

from __future__ import annotations

from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from demo.wire import AT, BE, UP, UV, cose_key
from domain.key_refusals import KeyRefusal
from tests.authn.asking import code, register
from tests.authn.forgery import AAGUID, CREDENTIAL_KEY, FOREIGN_AUTHORITY, Certificate, Registration

K = KeyRefusal


def test_direct_was_asked_and_none_came() -> None:
    """Keycloak CVE-2025-12150; its issue 9511: the person pressed Block in the browser."""
    assert code(register(Registration(format="none").presented())) is K.ATTESTATION_MISSING


def test_none_with_a_trusted_aaguid_proves_nothing() -> None:
    """Level 3 browsers no longer blank the AAGUID of a response without attestation."""
    assert code(register(Registration(format="none", aaguid=AAGUID).presented())) is K.ATTESTATION_MISSING


def test_self_attestation_with_an_allowed_aaguid() -> None:
    """Keycloak CVE-2026-6856: the AAGUID list was asked, the missing certificate was not."""
    forgery = Registration(aaguid=AAGUID, statement={"x5c": None}, signer=CREDENTIAL_KEY)

    assert code(register(forgery.presented())) is K.ATTESTATION_SELF


def test_the_machine_s_certificate_authorities_vouch_for_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keycloak, the same thread: every authority of the system's store counted as a maker of keys."""
    store = tmp_path / "system.pem"
    store.write_text(FOREIGN_AUTHORITY.certificate_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(store))

    assert code(register(Registration(authority=FOREIGN_AUTHORITY).presented())) is K.ATTESTATION_CHAIN


@pytest.mark.parametrize(
    ("expected", "forgery"),
    [
        (K.NO_PIN, Registration(flags=UP | AT)),
        (K.ALGORITHM_REFUSED, Registration(public_key=cbor2.dumps({1: 2, 3: -35, -1: 2}))),
    ],
)
def test_what_was_asked_of_the_browser_is_asked_of_the_answer(
    expected: KeyRefusal, forgery: Registration
) -> None:
    """Keycloak CVE-2026-8830: user verification and algorithms were only options."""
    assert code(register(forgery.presented())) is expected


def test_leaving_the_attachment_out_changes_nothing() -> None:
    """Keycloak issue 50719: a policy on the unsigned attachment was passed by omitting it."""
    presented = Registration(flags=UP | UV | AT | BE).presented()
    del presented["authenticatorAttachment"]

    assert code(register(presented)) is K.SYNCED


def test_a_certificate_chain_needs_more_than_matching_names() -> None:
    """A chain check by names or signatures alone lets one batch certificate vouch for another."""
    batch = Certificate()
    leaf = Registration(certificate=batch).leaf()
    other = Certificate(key=ec.generate_private_key(ec.SECP256R1()))
    chain = [
        certificate.public_bytes(Encoding.DER) for certificate in (other.issued_by(batch.key, leaf), leaf)
    ]
    forgery = Registration(certificate=other, chain=chain, public_key=cose_key(CREDENTIAL_KEY))

    assert code(register(forgery.presented())) is K.ATTESTATION_CHAIN
