"""Who may vouch for a key model."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from authn.trust import Trust, read_anchors
from domain.authenticators import VerifiedRegistration
from domain.errors import Invalid
from domain.key_refusals import KeyRefusal
from tests.authn.asking import code, library_accepts_registration, register
from tests.authn.forgery import (
    AAGUID,
    AUTHORITY,
    FOREIGN_AUTHORITY,
    MADE,
    NOW,
    OTHER_AAGUID,
    Certificate,
    Registration,
    anchor,
)
from tests.authn.holes import CHROMIUM

K = KeyRefusal
MAKER = Certificate(unit="Authenticator Attestation CA", ca=True, aaguid=None)
INTERMEDIATE = MAKER.issued_by(AUTHORITY.key, AUTHORITY.certificate)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def from_intermediate(certificate: Certificate | None = None, *, send: bool = True) -> Registration:
    made = certificate or Certificate()
    leaf = made.issued_by(MAKER.key, INTERMEDIATE)
    return Registration(certificate=made, chain=[der(leaf), der(INTERMEDIATE)] if send else [der(leaf)])


def test_a_root_vouches_through_an_intermediate_that_the_key_sends() -> None:
    assert isinstance(register(from_intermediate().presented()), VerifiedRegistration)


def test_an_intermediate_alone_may_be_the_anchor() -> None:
    forgery = from_intermediate(send=False)

    assert isinstance(register(forgery.presented(), [anchor(INTERMEDIATE)]), VerifiedRegistration)


def test_the_key_s_own_certificate_may_be_the_anchor() -> None:
    made = Certificate()
    leaf = made.issued_by(FOREIGN_AUTHORITY.key, FOREIGN_AUTHORITY.certificate)
    forgery = Registration(certificate=made, chain=[der(leaf)])

    assert isinstance(register(forgery.presented(), [anchor(leaf)]), VerifiedRegistration)


def test_an_anchored_certificate_does_not_vouch_for_others() -> None:
    batch = Certificate()
    leaf = batch.issued_by(AUTHORITY.key, AUTHORITY.certificate)
    made = Certificate()
    forgery = Registration(certificate=made, chain=[der(made.issued_by(batch.key, leaf)), der(leaf)])

    assert code(register(forgery.presented(), [anchor(leaf)])) is K.ATTESTATION_CHAIN
    assert code(register(forgery.presented())) is K.ATTESTATION_CHAIN


def test_an_intermediate_that_is_missing_breaks_the_chain() -> None:
    assert code(register(from_intermediate(send=False).presented())) is K.ATTESTATION_CHAIN


def test_a_certificate_with_the_maker_s_name_but_not_its_key_is_refused() -> None:
    impostor = ec.generate_private_key(ec.SECP256R1())
    made = Certificate()
    forgery = Registration(certificate=made, chain=[der(made.issued_by(impostor, AUTHORITY.certificate))])

    assert library_accepts_registration(forgery.presented())
    assert code(register(forgery.presented())) is K.ATTESTATION_CHAIN


def test_a_self_signed_certificate_is_refused() -> None:
    made = Certificate()
    forgery = Registration(certificate=made, chain=[der(made.self_signed())])

    assert library_accepts_registration(forgery.presented())
    assert code(register(forgery.presented())) is K.ATTESTATION_CHAIN


def test_an_expired_anchor_vouches_no_more() -> None:
    presented = Registration().presented()
    late = register(presented, now=MADE + timedelta(days=4000))
    ends_soon = Certificate(unit="CA", ca=True, aaguid=None, ends=NOW - timedelta(days=1))
    expired = ends_soon.issued_by(AUTHORITY.key, AUTHORITY.certificate)
    made = Certificate()
    forgery = Registration(certificate=made, chain=[der(made.issued_by(ends_soon.key, expired))])

    assert code(late) is K.ATTESTATION_CHAIN
    assert code(register(forgery.presented(), [anchor(expired)])) is K.ATTESTATION_CHAIN


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        (AUTHORITY.certificate, AUTHORITY.certificate),
        (INTERMEDIATE, AUTHORITY.certificate),
        (AUTHORITY.certificate, INTERMEDIATE),
        (AUTHORITY.certificate, Certificate().issued_by(AUTHORITY.key, AUTHORITY.certificate)),
    ],
    ids=["same root", "root above", "intermediate below", "leaf below"],
)
def test_an_authority_of_two_models_needs_the_model_in_the_certificate(
    mine: x509.Certificate, other: x509.Certificate
) -> None:
    """Else a key of one model could say that it is the other."""
    trusted = [anchor(mine), anchor(other, OTHER_AAGUID)]
    unnamed = Certificate(aaguid=None)
    forgery = (
        from_intermediate(unnamed) if INTERMEDIATE in (mine, other) else Registration(certificate=unnamed)
    )

    assert Trust(tuple(trusted)).is_shared(AAGUID)
    assert code(register(forgery.presented(), trusted)) is K.AAGUID_EXTENSION_MISSING


def test_the_same_certificate_pinned_for_two_models_needs_the_model_in_it() -> None:
    made = Certificate(aaguid=None)
    leaf = made.issued_by(AUTHORITY.key, AUTHORITY.certificate)
    forgery = Registration(certificate=made, chain=[der(leaf)])
    trusted = [anchor(leaf), anchor(leaf, OTHER_AAGUID)]

    assert code(register(forgery.presented(), trusted)) is K.AAGUID_EXTENSION_MISSING


def test_a_root_that_does_not_say_it_is_one_still_counts_as_shared() -> None:
    old = Certificate(ca=None, aaguid=None).self_signed()

    assert Trust((anchor(old), anchor(old, OTHER_AAGUID))).is_shared(AAGUID)
    made = Certificate(unit="Batch").issued_by(FOREIGN_AUTHORITY.key, old)
    assert Trust((anchor(old), anchor(made, OTHER_AAGUID))).is_shared(AAGUID)


def test_two_makers_of_two_models_share_nothing() -> None:
    trusted = [anchor(AUTHORITY.certificate), anchor(FOREIGN_AUTHORITY.certificate, OTHER_AAGUID)]

    assert not Trust(tuple(trusted)).is_shared(AAGUID)
    assert not Trust(tuple(trusted)).is_shared(OTHER_AAGUID)


def test_a_pem_file_becomes_anchors_of_one_model() -> None:
    pem = AUTHORITY.certificate_pem + FOREIGN_AUTHORITY.certificate_pem

    anchors = read_anchors(pem.encode(), aaguid=AAGUID.upper(), label="Our keys")

    assert [one.certificate for one in anchors] == [
        der(AUTHORITY.certificate),
        der(FOREIGN_AUTHORITY.certificate),
    ]
    assert {(one.aaguid, one.label) for one in anchors} == {(AAGUID, "Our keys")}
    assert isinstance(register(Registration().presented(), anchors), VerifiedRegistration)


@pytest.mark.parametrize("aaguid", ["", "yubikey", "00000000-0000-0000-0000-000000000000"])
def test_an_anchor_needs_a_model(aaguid: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_anchors(AUTHORITY.certificate_pem.encode(), aaguid=aaguid, label="x")

    assert refused.value.code == "aaguid"


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"no certificate",
        AUTHORITY.certificate_pem.encode()[:200],
        Certificate(key=CHROMIUM).self_signed().public_bytes(Encoding.PEM),
    ],
    ids=["empty", "text", "cut off", "virtual authenticator"],
)
def test_only_certificates_of_real_makers_become_anchors(pem: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_anchors(pem, aaguid=AAGUID, label="x")

    assert refused.value.code == "anchor"
