"""A BLOB is taken only if FIDO's signer, under one of the pinned roots, signed exactly it.

Who attacks: whoever sits between FIDO and the host, or gives the operator a
file, and wants a software key to pass for certified hardware or a revoked model
to look good again.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

import authn.metadata.blob as blob
from authn.metadata.blob import SIGNER, pinned_roots, verify_blob
from authn.metadata.refused import MetadataRefused
from tests.authn.metadata.authority import certify, house, long_ago, rsa_key, sign
from tests.authn.metadata.models import NOW

PAYLOAD = b'{"no": 1}'


def verified(raw, *, roots=None, now=NOW):
    return verify_blob(raw, roots=house().roots if roots is None else roots, now=now)


def refused(raw, **options):
    with pytest.raises(MetadataRefused) as caught:
        verified(raw, **options)
    return caught.value.code


def by(signer, *above, payload=PAYLOAD, **options):
    return sign(payload, signer.key, (signer.certificate, *(c.certificate for c in above)), **options)


def test_what_fidos_signer_signed_is_taken():
    assert verified(house().blob(PAYLOAD)) == PAYLOAD


def test_either_root_is_enough_where_one_signed_the_other():
    h = house()
    with_cross = (*h.chain, h.crossed.certificate)

    for roots in (h.roots, (h.new.certificate,), (h.old.certificate,)):
        assert verified(h.blob(PAYLOAD, chain=with_cross), roots=roots) == PAYLOAD


def test_a_chain_that_carries_its_root_is_taken_too():
    h = house()

    assert verified(h.blob(PAYLOAD, chain=(*h.chain, h.new.certificate))) == PAYLOAD
    assert verified(h.blob(PAYLOAD, chain=(h.chain[0], h.crossed.certificate, h.chain[1]))) == PAYLOAD


def test_the_old_root_alone_needs_the_crossed_certificate():
    h = house()

    assert refused(h.blob(PAYLOAD), roots=(h.old.certificate,)) == "metadata-path"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_rsa_algorithms(algorithm):
    assert verified(house().blob(PAYLOAD, algorithm=algorithm)) == PAYLOAD


def test_es256():
    signer = certify("EC", house().middle, ca=False, dns=SIGNER)

    assert verified(by(signer, house().middle, algorithm="ES256")) == PAYLOAD


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS384", "RS1", "ES256", "EdDSA", "rs256", ""])
def test_no_other_algorithm(algorithm):
    assert refused(house().blob(PAYLOAD, algorithm=algorithm)) == "metadata-signature"


def test_an_algorithm_must_fit_the_key():
    p384 = certify("P-384", house().middle, key=ec.generate_private_key(ec.SECP384R1()), ca=False, dns=SIGNER)

    assert refused(by(p384, house().middle, algorithm="ES256")) == "metadata-signature"


def test_a_foreign_authority_with_the_right_name_is_refused():
    root = certify("New root")
    middle = certify("Middle", root)
    signer = certify("Signer", middle, ca=False, dns=SIGNER)

    assert refused(by(signer, middle, root, algorithm="ES256")) == "metadata-path"


@pytest.mark.parametrize(
    "leaf",
    [
        {"dns": "example.org"},
        {"dns": "mds.fidoalliance.org.example.org"},
        {"dns": "*.fidoalliance.org.example"},
        {"dns": None},
        {"end": long_ago()},
        {"start": datetime(2030, 1, 1, tzinfo=UTC)},
        {"usage": ExtendedKeyUsageOID.CLIENT_AUTH},
        {"usage": ExtendedKeyUsageOID.CODE_SIGNING},
        {"usage": None},
        {"ca": True},
    ],
)
def test_a_signer_of_another_kind_is_refused(leaf):
    signer = certify("Signer", house().middle, **{"ca": False, "dns": SIGNER, **leaf})

    assert refused(by(signer, house().middle, algorithm="ES256")) == "metadata-path"


def test_an_authority_that_has_ended_or_is_none_is_refused():
    h = house()
    for middle in (
        certify("Ended", h.new, end=long_ago()),
        certify("Leaf", h.new, ca=False, dns="a.example"),
    ):
        signer = certify("Signer", middle, ca=False, dns=SIGNER)

        assert refused(by(signer, middle, algorithm="ES256")) == "metadata-path"


def test_the_right_chain_under_a_foreign_signature_is_refused():
    other = rsa_key(3072)

    assert refused(sign(PAYLOAD, other, house().chain)) == "metadata-signature"


def test_a_chain_in_another_order_is_refused():
    h = house()

    assert refused(h.blob(PAYLOAD, chain=(h.chain[1], h.chain[0]))) == "metadata-path"


def test_a_signer_with_a_short_key_is_refused():
    signer = certify("Signer", house().middle, key=rsa_key(1024), ca=False, dns=SIGNER)

    assert refused(by(signer, house().middle)) == "metadata-signature"


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"b64": False},
        {"x5u": "https://example.org/"},
        {"jku": "https://example.org/"},
        {"jwk": {}},
        {"x5c": None},
        {"x5c": []},
        {"x5c": "text"},
        {"x5c": [1]},
        {"x5c": ["AAAA"]},
        {"x5c": ["not base64!"]},
        {"alg": None},
        {"alg": 5},
    ],
)
def test_a_header_of_another_shape_is_refused(header):
    assert refused(house().blob(PAYLOAD, header=header)) == "metadata-signature"


def test_more_certificates_than_a_path_needs_are_refused():
    h = house()

    assert refused(h.blob(PAYLOAD, chain=h.chain * 4)) == "metadata-signature"


@pytest.mark.parametrize("raw", [b"", b".", b"..", b"a.b", b"a.b.c.d", b"{}", b"\xff\xfe.\xff.\xff"])
def test_no_jws_at_all(raw):
    assert refused(raw) == "metadata-signature"


def test_a_file_that_is_too_large_is_not_even_read(monkeypatch):
    monkeypatch.setattr(blob, "MAX_BLOB_BYTES", 1000)

    assert refused(house().blob(PAYLOAD)) == "metadata-size"


def test_a_line_break_around_the_file_is_taken():
    assert verified(b"\n" + house().blob(PAYLOAD) + b"\r\n") == PAYLOAD


@given(st.data())
def test_one_changed_byte_is_refused(data):
    raw = house().blob(b'{"no": 1, "entries": []}')
    place = data.draw(st.integers(0, len(raw) - 1))
    changed = bytearray(raw)
    changed[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[place]))
    trimmed = bytes(changed).strip() == raw

    if not trimmed:
        assert refused(bytes(changed)) in {"metadata-signature", "metadata-path"}


def test_the_pinned_roots_are_the_two_and_their_source_says_so():
    sources = (Path(blob.__file__).parent / "roots" / "SOURCES.md").read_text()
    fingerprints = [root.fingerprint(SHA256()).hex() for root in pinned_roots()]

    assert fingerprints == [
        "cbb522d7b7f127ad6a0113865bdf1cd4102e7d0759af635a7cf4720dc963c53b",
        "4fa3126d8d3a11d1c4855a4f807cbad6cf919d3a5a88b03bea2c6372d93c40c9",
    ]
    assert all(fingerprint in sources for fingerprint in fingerprints)


def test_the_pinned_roots_are_installed_with_the_package():
    packaged = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]

    assert packaged["authn"] == ["metadata/roots/*"]


def test_the_pinned_roots_do_not_vouch_for_the_tests_signer():
    assert refused(house().blob(PAYLOAD), roots=pinned_roots()) == "metadata-path"


def test_without_roots_nothing_is_taken():
    assert refused(house().blob(PAYLOAD), roots=()) == "metadata-path"
