"""TPM attestation, where an operator admits it: an honest one, and each defect by its reason."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from authn.trust import Trust
from demo.wire import AT, BE, UP, UV
from domain.authenticators import VerifiedRegistration
from domain.key_refusals import KeyRefusal
from domain.key_rules import KeyRules
from tests.authn.asking import code, register, told
from tests.authn.forgery import AAGUID, ANCHORS, AUTHORITY, FOREIGN_AUTHORITY, OTHER_AAGUID, anchor
from tests.authn.soft_tpm import AIK, STAYS, Tpm

K = KeyRefusal
ADMITTED = KeyRules(formats=frozenset({"packed", "tpm"}))
TRUST = Trust(ANCHORS, rules=ADMITTED)
STRANGER = ec.generate_private_key(ec.SECP256R1())

DEFECTS = [
    ("a foreign maker", K.ATTESTATION_CHAIN, Tpm(authority=FOREIGN_AUTHORITY)),
    ("a certificate of another model", K.AAGUID_MISMATCH, Tpm(aaguid_in_certificate=OTHER_AAGUID)),
    ("a subject", K.ATTESTATION_CERTIFICATE, Tpm(subject="TPM")),
    ("no alternative name", K.ATTESTATION_CERTIFICATE, Tpm(named=False)),
    ("an alternative name that may be ignored", K.ATTESTATION_CERTIFICATE, Tpm(critical=False)),
    ("no manufacturer", K.ATTESTATION_CERTIFICATE, Tpm(manufacturer=None)),
    ("a manufacturer that nobody knows", K.ATTESTATION_CERTIFICATE, Tpm(manufacturer="id:00000000")),
    ("no usage", K.ATTESTATION_CERTIFICATE, Tpm(usages=())),
    ("another usage", K.ATTESTATION_CERTIFICATE, Tpm(usages=(ExtendedKeyUsageOID.SERVER_AUTH,))),
    ("a CA", K.ATTESTATION_CERTIFICATE, Tpm(ca=True)),
    ("a key that may leave its TPM", K.SYNCED, Tpm(attributes=STAYS & ~(1 << 1))),
    ("a key that may leave its parent", K.SYNCED, Tpm(attributes=STAYS & ~(1 << 4))),
    ("a key that was brought into the TPM", K.SYNCED, Tpm(attributes=STAYS & ~(1 << 5))),
    ("not made by a TPM", K.ATTESTATION_SIGNATURE, Tpm(magic=b"\xffTCH")),
    ("a quote instead of a certification", K.ATTESTATION_SIGNATURE, Tpm(kind=b"\x80\x18")),
    ("a kind that nobody knows", K.ATTESTATION_SIGNATURE, Tpm(kind=b"\x11\x11")),
    ("another registration", K.ATTESTATION_SIGNATURE, Tpm(extra=bytes(32))),
    ("another key certified", K.ATTESTATION_SIGNATURE, Tpm(certified=STRANGER)),
    ("another curve certified", K.ATTESTATION_SIGNATURE, Tpm(curve=b"\x00\x04")),
    ("a name by SHA-1", K.ATTESTATION_SIGNATURE, Tpm(name_algorithm=b"\x00\x04")),
    ("a name that says another digest", K.ATTESTATION_SIGNATURE, Tpm(named_with=b"\x00\x0c")),
    ("a foreign signature", K.ATTESTATION_SIGNATURE, Tpm(signer=STRANGER)),
    ("an algorithm that is not the certificate's", K.ATTESTATION_SIGNATURE, Tpm(algorithm=-257)),
    ("SHA-1 signatures", K.ATTESTATION_SIGNATURE, Tpm(algorithm=-65535)),
    ("an older TPM", K.ATTESTATION_SIGNATURE, Tpm(statement={"ver": "1.2"})),
    ("bytes after certInfo", K.MALFORMED, Tpm(after_info=b"\0")),
    ("bytes after pubArea", K.MALFORMED, Tpm(after_area=b"\0")),
    ("a cut certInfo", K.MALFORMED, Tpm(statement={"certInfo": b"\xffTCG\x80\x17\x00\x09"})),
    ("an empty pubArea", K.MALFORMED, Tpm(statement={"pubArea": b""})),
    ("no signature", K.MALFORMED, Tpm(statement={"sig": None})),
    ("a signature that is a number", K.MALFORMED, Tpm(statement={"sig": 7})),
    ("another member", K.MALFORMED, Tpm(statement={"ecdaaKeyId": b""})),
    ("no certificate", K.ATTESTATION_SELF, Tpm(statement={"x5c": None})),
    ("a synced passkey", K.SYNCED, Tpm(flags=UP | UV | AT | BE)),
    ("a model that nobody trusts", K.NOT_CERTIFIED, Tpm(aaguid=OTHER_AAGUID)),
]


def test_an_honest_tpm_is_admitted_where_the_operator_admits_tpms() -> None:
    verified = register(Tpm().presented(), trust=TRUST)

    assert isinstance(verified, VerifiedRegistration)
    assert verified.aaguid == AAGUID


def test_it_may_name_its_model_and_more_usages() -> None:
    made = Tpm(aaguid_in_certificate=AAGUID, usages=(AIK, ExtendedKeyUsageOID.CLIENT_AUTH))

    assert isinstance(register(made.presented(), trust=TRUST), VerifiedRegistration)


def test_it_is_refused_by_name_where_the_operator_does_not() -> None:
    assert told(Tpm().presented()) == ("attestation-tpm",)


def test_it_must_name_its_model_where_its_maker_has_several() -> None:
    shared = Trust((*ANCHORS, anchor(AUTHORITY.certificate, OTHER_AAGUID)), rules=ADMITTED)

    assert code(register(Tpm().presented(), trust=shared)) is K.AAGUID_EXTENSION_MISSING


@pytest.mark.parametrize(
    ("expected", "made"), [case[1:] for case in DEFECTS], ids=[case[0] for case in DEFECTS]
)
def test_a_defect_is_refused_by_name_and_is_all_that_is_found(expected: KeyRefusal, made: Tpm) -> None:
    codes = told(made.presented(), TRUST)

    assert codes[0] == expected.value
    assert set(codes) <= {expected.value, "not-listed"}
