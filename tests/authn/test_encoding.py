"""Every message has one meaning: what has two is refused."""

from __future__ import annotations

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from authn.attestation import read_attestation_object
from authn.authenticator_data import read_authenticator_data
from authn.cose import read_key
from authn.encoding import cbor_item, cbor_map, from_base64url, json_object, to_base64url
from authn.refused import Refused
from demo.wire import AT, ED, UP, attested_credential, authenticator_data, cose_key
from demo.wire import from_base64url as lenient
from domain.key_refusals import KeyRefusal
from tests.authn.forgery import AAGUID, CREDENTIAL_ID, CREDENTIAL_KEY, RP_ID, Registration

K = KeyRefusal
ED25519 = ed25519.Ed25519PrivateKey.generate()
EC2 = cbor2.loads(cose_key(CREDENTIAL_KEY))
OKP = cbor2.loads(cose_key(ED25519))


@pytest.mark.parametrize("value", [b"", b"a", b"ab", b"abc", bytes(range(256))])
def test_base64url_reads_what_it_writes(value: bytes) -> None:
    assert from_base64url(to_base64url(value), "it", 256) == value


@pytest.mark.parametrize("text", ["AA==", "A", "A A", "AB", "AA\n", "A+8A", "ÄA", 7, None])
def test_another_spelling_of_base64url_is_refused(text: object) -> None:
    with pytest.raises(Refused) as refused:
        from_base64url(text, "it", 100)

    assert refused.value.refusal.code is K.MALFORMED


def test_the_limit_of_base64url_is_in_bytes() -> None:
    assert len(from_base64url(to_base64url(bytes(100)), "it", 100)) == 100
    with pytest.raises(Refused) as refused:
        from_base64url(to_base64url(bytes(101)), "it", 100)

    assert refused.value.refusal.code is K.TOO_LARGE


@pytest.mark.parametrize("text", ["NaN", '{"a": NaN}', '{"a": {"b": 1, "b": 1}}', "1", "\ufeff{}", "{} {}"])
def test_json_with_two_meanings_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        json_object(text, "it")


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("a201010102"),
        bytes.fromhex("bf0101ff"),
        bytes.fromhex("a10101") + b"\0",
        bytes.fromhex("a101"),
        bytes.fromhex("80"),
        bytes.fromhex("81" * 50 + "00"),
        bytes.fromhex("bb00000000ffffffff"),
        b"",
    ],
    ids=["duplicate", "indefinite", "trailing", "cut off", "array", "deep", "claims to be huge", "empty"],
)
def test_cbor_with_two_meanings_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        cbor_map(data, "it")

    assert refused.value.refusal.code is K.MALFORMED


def test_cbor_items_are_read_one_after_the_other() -> None:
    data = b"skip" + cbor2.dumps({1: b"x" * 300}) + cbor2.dumps(7) + b"rest"

    first, middle = cbor_item(data, 4)
    second, end = cbor_item(data, middle)

    assert (first, second, data[end:]) == ({1: b"x" * 300}, 7, b"rest")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (EC2 | {-4: b"d"}, K.MALFORMED),
        (EC2 | {"kid": b"x"}, K.MALFORMED),
        ({label: value for label, value in EC2.items() if label != -3}, K.MALFORMED),
        (EC2 | {-3: True}, K.MALFORMED),
        (EC2 | {3: -7.0}, K.MALFORMED),
        (OKP | {1: True}, K.MALFORMED),
        ({True: 1} | {label: value for label, value in OKP.items() if label != 1}, K.MALFORMED),
        (OKP | {-1: 4}, K.ALGORITHM_CURVE_MISMATCH),
        (OKP | {-3: bytes(32)}, K.MALFORMED),
        (OKP | {-2: bytes(31)}, K.MALFORMED),
    ],
)
def test_a_public_key_of_another_shape_is_refused(key: dict[object, object], expected: KeyRefusal) -> None:
    read = read_key(cbor2.dumps(key), (-7, -8))

    assert read.key is None
    assert read.finding is not None
    assert read.finding.code is expected


def test_both_kinds_of_public_key_are_read() -> None:
    for key, algorithm in ((CREDENTIAL_KEY, -7), (ED25519, -8)):
        read = read_key(cose_key(key), (-7, -8))

        assert (read.algorithm, read.finding) == (algorithm, None)
        assert read.key == key.public_key()


def test_extensions_that_are_no_map_are_refused() -> None:
    with pytest.raises(Refused):
        read_authenticator_data(authenticator_data(RP_ID, UP | ED, 1, cbor2.dumps([1])))


@pytest.mark.parametrize("length", [0, 36, 37, 54, 55, 60])
def test_authenticator_data_cut_off_anywhere_is_refused(length: int) -> None:
    attested = attested_credential(AAGUID, CREDENTIAL_ID, cose_key(CREDENTIAL_KEY))
    whole = authenticator_data(RP_ID, UP | AT, 1, attested)

    with pytest.raises(Refused) as refused:
        read_authenticator_data(whole[:length])

    assert refused.value.refusal.code is K.MALFORMED
    assert read_authenticator_data(whole).attested is not None


def test_an_empty_credential_id_is_refused() -> None:
    attested = attested_credential(AAGUID, b"", cose_key(CREDENTIAL_KEY))

    with pytest.raises(Refused):
        read_authenticator_data(authenticator_data(RP_ID, UP | AT, 1, attested))


@pytest.mark.parametrize("change", [{"fmt": 7}, {"attStmt": []}, {"authData": "text"}])
def test_a_member_of_another_type_is_refused(change: dict[str, object]) -> None:
    honest = cbor2.loads(lenient(Registration().presented()["response"]["attestationObject"]))

    with pytest.raises(Refused) as refused:
        read_attestation_object(cbor2.dumps(honest | change))

    assert refused.value.refusal.code is K.MALFORMED


def test_another_member_of_the_attestation_object_is_refused() -> None:
    honest = cbor2.loads(lenient(Registration().presented()["response"]["attestationObject"]))

    with pytest.raises(Refused):
        read_attestation_object(cbor2.dumps(honest | {"epAtt": True}))
    assert read_attestation_object(cbor2.dumps(honest)).format == "packed"
