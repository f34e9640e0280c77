"""What is stored is what was read, whoever can write to the table."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import authn.metadata.compact as compact
from authn.metadata.compact import Compact, CompactInvalid, pack, unpack
from crypto.digests import sha256_hex
from domain.metadata import Metadata, Model, StatusReport
from tests.authn.metadata.models import GOOD

words = st.lists(st.text(min_size=1, max_size=12), max_size=3).map(tuple)
certificates = st.sampled_from([b"one", b"two", b"three", b"\x00\xff"])
models = st.builds(
    Model,
    aaguid=st.uuids().map(str),
    description=st.text(max_size=12),
    statuses=st.lists(
        st.builds(
            StatusReport, st.text(min_size=1, max_size=12), st.none() | st.dates(), st.none() | certificates
        ),
        max_size=3,
    ).map(tuple),
    anchors=st.lists(certificates, max_size=3).map(tuple),
    key_protection=words,
    restricted=st.booleans(),
    attachment=words,
    multi_device=st.text(max_size=5),
    attestation_types=words,
    algorithms=words,
    verification=st.lists(words, max_size=2).map(tuple),
    matcher_protection=words,
    broken=st.text(max_size=9),
)
metadata = st.builds(
    Metadata,
    id=st.just(""),
    number=st.integers(0, 2**53 - 1),
    next_update=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)).map(  # noqa: DTZ001
        lambda moment: moment.replace(tzinfo=UTC)
    ),
    signed=st.booleans(),
    models=st.lists(models, max_size=4).map(lambda found: {model.aaguid: model for model in found}),
)

ONE = Metadata("", 7, datetime(2026, 12, 2, tzinfo=UTC), True, {GOOD.aaguid: GOOD})


def of(text: bytes) -> Compact:
    return Compact(zlib.compress(text), sha256_hex(text))


def refused(stored: Compact) -> None:
    with pytest.raises(CompactInvalid):
        unpack(stored, id="mdi_1", signed=True)


def refused_or_whole(document) -> None:
    """What is read of a strange text has the types of metadata: it can be stored and read again."""
    try:
        found = unpack(of(json.dumps(document).encode()), id="", signed=True)
    except CompactInvalid:
        return
    assert unpack(pack(found), id="", signed=True) == found


@given(metadata)
def test_what_is_stored_is_what_was_read(given_metadata):
    assert unpack(pack(given_metadata), id="", signed=given_metadata.signed) == given_metadata


@given(metadata, metadata)
def test_equal_metadata_has_an_equal_digest_and_other_another(left, right):
    same = (left.number, left.next_update, left.models) == (right.number, right.next_update, right.models)

    assert (pack(left).digest == pack(right).digest) is same


def test_certificates_stand_once():
    big = b"c" * 1000
    one = Model("", "", anchors=(big,), statuses=(StatusReport("A", None, big),))
    shared = {str(n): replace(one, aaguid=str(n)) for n in range(50)}
    text = zlib.decompress(pack(Metadata("", 1, ONE.next_update, True, shared)).body)

    assert len(text) < 50 * 200 + 2000


@given(st.data())
def test_a_changed_body_is_refused(data):
    stored = pack(ONE)
    place = data.draw(st.integers(0, len(stored.body) - 1))
    changed = bytearray(stored.body)
    changed[place] ^= data.draw(st.integers(1, 255))

    try:
        found = unpack(Compact(bytes(changed), stored.digest), id="", signed=True)
    except CompactInvalid:
        return
    # The header of zlib has bits that change nothing.
    assert found == ONE


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(body):
    refused(Compact(body, sha256_hex(body)))


def test_a_body_that_grows_beyond_bounds_is_refused(monkeypatch):
    monkeypatch.setattr(compact, "MAX_TEXT_BYTES", 1000)

    refused(of(b" " * 1001 + zlib.decompress(pack(ONE).body)))


def test_a_body_that_is_cut_or_continued_is_refused():
    stored = pack(ONE)

    refused(Compact(stored.body[:-1], stored.digest))
    refused(Compact(stored.body + b"\x00", stored.digest))


@given(
    st.sampled_from(["version", "number", "next_update", "certificates", "models"]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.text(max_size=3), max_size=2),
)
def test_a_member_of_another_kind_is_refused_or_makes_sense(member, value):
    document = json.loads(zlib.decompress(pack(ONE).body))
    document[member] = value

    refused_or_whole(document)


@given(
    st.sampled_from([*json.loads(zlib.decompress(pack(ONE).body))["models"][0], "unknown"]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.lists(st.integers(-9, 9) | st.none() | st.lists(st.none())),
)
def test_a_model_of_another_shape_is_refused_or_makes_sense(member, value):
    document = json.loads(zlib.decompress(pack(ONE).body))
    document["models"][0][member] = value

    refused_or_whole(document)


def test_a_model_without_a_name_is_refused():
    document = json.loads(zlib.decompress(pack(ONE).body))
    del document["models"][0]["aaguid"]

    refused(of(json.dumps(document).encode()))


def test_a_later_version_is_refused():
    document = {**json.loads(zlib.decompress(pack(ONE).body)), "version": compact.VERSION + 1}

    refused(of(json.dumps(document).encode()))


def test_a_date_survives():
    model = Model("a", "b", statuses=(StatusReport("REVOKED", date(2024, 2, 29)),))

    assert (
        unpack(pack(Metadata("", 1, ONE.next_update, True, {"a": model})), id="", signed=True).models["a"]
        == model
    )
