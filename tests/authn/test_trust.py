"""Who may vouch for a key model."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from authn.trust import Trust, read_anchors
from domain.authenticators import VerifiedRegistration, read_aaguid
from domain.errors import Invalid
from domain.key_refusals import KeyRefusal
from tests.authn.asking import code, library_accepts_registration, register
from tests.authn.forgery import (
    AAGUID,
    ANCHORS,
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
from tests.authn.recording import pem_of_version

K = KeyRefusal
UNKNOWN_VERSION = pem_of_version(4)
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
        UNKNOWN_VERSION,
        Certificate(key=CHROMIUM).self_signed().public_bytes(Encoding.PEM),
    ],
    ids=["empty", "text", "cut off", "version 5", "virtual authenticator"],
)
def test_only_certificates_of_real_makers_become_anchors(pem: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_anchors(pem, aaguid=AAGUID, label="x")

    assert refused.value.code == "anchor"


def issuer(
    *extensions: x509.ExtensionType, above: x509.Certificate | None = None, key: Any = AUTHORITY.key
) -> Any:
    """Return the key and certificate of an intermediate authority that has *extensions*."""
    own = ec.generate_private_key(ec.SECP256R1())
    parent = above or AUTHORITY.certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"issuer {len(extensions)}")]))
        .issuer_name(parent.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(MADE)
        .not_valid_after(MADE + timedelta(days=3650))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return own, builder.sign(key, SHA256())


def usage(*, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, certifies, False, False, False)


@pytest.mark.parametrize(
    ("extensions", "vouches"),
    [
        ((x509.BasicConstraints(True, None), usage(certifies=True)), True),
        ((x509.BasicConstraints(True, None), usage(certifies=False)), False),
        ((x509.BasicConstraints(False, None), usage(certifies=True)), False),
        ((usage(certifies=True),), False),
        ((), False),
    ],
    ids=["a CA", "no key usage for it", "not a CA", "does not say", "says nothing"],
)
@pytest.mark.parametrize("as_anchor", [False, True], ids=["between", "as anchor"])
def test_who_issues_must_be_an_authority_for_it(
    extensions: tuple[x509.ExtensionType, ...], vouches: bool, as_anchor: bool
) -> None:
    key, certificate = issuer(*extensions)
    made = Certificate()
    chain = [der(made.issued_by(key, certificate)), der(certificate)]
    forgery = Registration(certificate=made, chain=chain[:1] if as_anchor else chain)

    answer = register(forgery.presented(), [anchor(certificate)] if as_anchor else ANCHORS)

    assert code(answer) is (None if vouches else K.ATTESTATION_CHAIN)


@pytest.mark.parametrize(("length", "vouches"), [(1, True), (0, False)])
def test_a_path_is_not_longer_than_its_authority_allows(length: int, vouches: bool) -> None:
    upper_key, upper = issuer(x509.BasicConstraints(True, length))
    authority = (x509.BasicConstraints(True, None), usage(certifies=True))
    lower_key, lower = issuer(*authority, above=upper, key=upper_key)
    made = Certificate()
    chain = [der(made.issued_by(lower_key, lower)), der(lower), der(upper)]

    answer = register(Registration(certificate=made, chain=chain).presented())

    assert code(answer) is (None if vouches else K.ATTESTATION_CHAIN)


@pytest.mark.parametrize(
    "text",
    [
        "2fc0579f-8113-47ea-b116-bb5a8d_9202a",
        "{2fc0579f-8113-47ea-b116-bb5a8db9202a}",
        "2fc0579f81134-7eab116bb5a8db9202a",
        "",
        None,
    ],
)
def test_a_model_that_is_misspelt_is_no_model(text: str | None) -> None:
    """The standard library reads the first as another model, so a denial of it denied nothing."""
    assert read_aaguid(text) is None
    assert read_aaguid(" 2FC0579F-8113-47EA-B116-BB5A8DB9202A ") == "2fc0579f-8113-47ea-b116-bb5a8db9202a"
    assert read_aaguid("2fc0579f811347eab116bb5a8db9202a") == "2fc0579f-8113-47ea-b116-bb5a8db9202a"
