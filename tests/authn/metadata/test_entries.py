"""Each entry is read by itself, and what cannot be read makes its model worse, never better."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from authn.metadata.entries import read_payload
from authn.metadata.refused import MetadataRefused
from authn.metadata.rules import broken_rules
from domain.key_rules import KeyRule, KeyRules
from domain.metadata import StatusReport
from tests.authn.metadata.authority import certify, house
from tests.authn.metadata.models import AAGUID, NOW
from tests.authn.metadata.payload import entry, payload

ROOT = house().old.certificate.public_bytes(Encoding.DER)
OTHER = "00112233-4455-6677-8899-aabbccddeeff"


def read(*entries, **members):
    return read_payload(payload(*entries, **members), signed=True)


def model(**changes):
    return read(entry(**changes)).metadata.models[AAGUID]


def rules(model):
    return broken_rules(model, KeyRules(), algorithm=-7, now=NOW)


def test_a_whole_entry():
    found = read(entry(anchors=[ROOT]), no=291, nextUpdate="2026-11-01")

    assert (found.metadata.number, found.metadata.signed) == (291, True)
    assert found.metadata.next_update == datetime(2026, 11, 2, tzinfo=UTC)
    model = found.metadata.models[AAGUID]
    assert (model.broken, model.description, model.anchors) == ("", "Test key", (ROOT,))
    assert rules(model) == ()


def test_what_an_entry_is_counted_as():
    counts = read(
        entry(),
        entry(aaguid=OTHER, statement={"attachmentHint": None}),
        {"attestationCertificateKeyIdentifiers": ["00"], "metadataStatement": {}},
        {"aaid": "1234#5678"},
        {"aaguid": "no uuid"},
        {"aaguid": 5},
        {},
        "text",
        None,
    ).counts

    assert counts == {
        "entries": 9,
        "models": 2,
        "broken": 1,
        "listed-twice": 0,
        "nameless": 5,
        "u2f": 1,
        "uaf": 1,
        "anchors": 2,
        "anchors-unreadable": 0,
    }


@pytest.mark.parametrize(
    "member",
    [
        "description",
        "protocolFamily",
        "authenticationAlgorithms",
        "attestationTypes",
        "userVerificationDetails",
        "keyProtection",
        "matcherProtection",
        "attachmentHint",
        "attestationRootCertificates",
    ],
)
@pytest.mark.parametrize("value", [None, 5, "text", [], [[]], {}, [5], [{}], [""], ["a\x00b"]])
def test_a_member_that_is_missing_or_of_another_kind_breaks_its_model_only(member, value):
    statement = {member: 7 if (member, value) == ("description", "text") else value}

    found = read(entry(statement=statement), entry(aaguid=OTHER)).metadata.models

    assert member in found[AAGUID].broken
    assert KeyRule.ENTRY_MALFORMED in rules(found[AAGUID])
    assert rules(found[OTHER]) == ()


@pytest.mark.parametrize(
    ("member", "value"),
    [("isKeyRestricted", "yes"), ("isKeyRestricted", 0), ("multiDeviceCredentialSupport", 5)],
)
def test_an_optional_member_of_another_kind_breaks_its_model(member, value):
    assert model(statement={member: value}).broken == member


@pytest.mark.parametrize("statement", [None, "text", [], 5])
def test_an_entry_without_statement_is_broken(statement):
    found = read({"aaguid": AAGUID, "metadataStatement": statement, "statusReports": []})

    assert "metadataStatement" in found.metadata.models[AAGUID].broken


def test_a_statement_of_another_model_is_broken():
    assert model(statement={"aaguid": OTHER}).broken == "aaguid"
    assert model(statement={"aaguid": AAGUID.upper()}).broken == ""


def test_an_aaguid_in_capitals_is_the_same_model():
    assert set(read(entry(aaguid=AAGUID.upper())).metadata.models) == {AAGUID}


def test_a_model_that_is_listed_twice_is_refused_with_the_statuses_of_both():
    twice = read(entry(), entry(aaguid=AAGUID.upper(), statuses=[{"status": "REVOKED"}]))

    assert twice.counts["listed-twice"] == 1
    assert rules(twice.metadata.models[AAGUID]) == (KeyRule.ENTRY_MALFORMED, KeyRule.STATUS_BAD)


def test_statuses_are_newest_first():
    old, new = {"status": "A", "effectiveDate": "2020-01-01"}, {"status": "B", "effectiveDate": "2024-01-01"}

    assert model(statuses=[old, {"status": "C"}, new]).statuses == (
        StatusReport("C"),
        StatusReport("B", date(2024, 1, 1)),
        StatusReport("A", date(2020, 1, 1)),
    )


@pytest.mark.parametrize("reports", [None, [], "REVOKED", {}, [5], [{"status": 5}], [{}]])
def test_statuses_that_cannot_be_read_deny_the_model_registered_keys_too(reports):
    found = model(statuses=reports)

    assert "statusReports" in found.broken
    assert KeyRule.STATUS_UNKNOWN in rules(found)


@pytest.mark.parametrize("day", ["2026-13-01", "20261101", "2999", 5, "2026-W01-1", ""])
def test_a_bad_status_with_a_day_that_cannot_be_read_holds_now(day):
    found = model(statuses=[{"status": "REVOKED", "effectiveDate": day}])

    assert rules(found)[:2] == (KeyRule.ENTRY_MALFORMED, KeyRule.STATUS_BAD)


def test_the_certificate_of_a_compromise():
    leaf = base64.b64encode(ROOT).decode()
    report = {"status": "ATTESTATION_KEY_COMPROMISE", "effectiveDate": "2024-01-01"}
    good = [{"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2023-01-01"}]

    assert model(statuses=[{**report, "certificate": leaf}]).statuses[0].certificate == ROOT
    assert rules(model(statuses=[{**report, "certificate": leaf}, *good])) == ()
    for unreadable in ("AAAA", 5, None, leaf[:-8]):
        assert rules(model(statuses=[{**report, "certificate": unreadable}, *good])) == (KeyRule.STATUS_BAD,)


def test_an_anchor_that_cannot_be_read_is_dropped_and_counted():
    found = read(entry(anchors=[ROOT, ROOT + b"\x00", b"no certificate", ROOT]))

    assert found.metadata.models[AAGUID].anchors == (ROOT,)
    assert (found.counts["anchors"], found.counts["anchors-unreadable"]) == (4, 2)
    assert found.metadata.models[AAGUID].broken == ""


@pytest.mark.parametrize("anchors", [[b"no certificate"], []])
def test_a_model_with_no_anchor_that_can_be_read_is_broken(anchors):
    assert model(anchors=anchors).broken == "attestationRootCertificates"


def test_a_model_that_vouches_for_itself_needs_no_anchor():
    found = model(anchors=[], statement={"attestationTypes": ["basic_surrogate"]})

    assert found.broken == ""
    assert rules(found) == (KeyRule.ATTESTATION_TYPE,)


def test_spaces_in_an_anchor_are_as_in_the_wild():
    text = base64.encodebytes(ROOT).decode()

    assert model(statement={"attestationRootCertificates": [text]}).anchors == (ROOT,)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"no": 1, "nextUpdate": "2026-11-01"}',
        b'{"no": 1, "nextUpdate": "2026-11-01", "entries": {}}',
        b'{"no": -1, "nextUpdate": "2026-11-01", "entries": []}',
        b'{"no": true, "nextUpdate": "2026-11-01", "entries": []}',
        b'{"no": 9007199254740992, "nextUpdate": "2026-11-01", "entries": []}',
        b'{"no": 1.0, "nextUpdate": "2026-11-01", "entries": []}',
        b'{"nextUpdate": "2026-11-01", "entries": []}',
        b'{"no": 1, "nextUpdate": "soon", "entries": []}',
        b'{"no": 1, "nextUpdate": "9999-12-31", "entries": []}',
        b'{"no": 1, "entries": []}',
    ],
)
def test_a_payload_whose_whole_cannot_be_read(raw):
    with pytest.raises(MetadataRefused) as caught:
        read_payload(raw, signed=True)

    assert caught.value.code == "metadata-unreadable"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["REVOKED", AAGUID]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["status", "certificate", "effectiveDate", "userVerificationMethod", "x"]), inner
        )
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(sorted(entry()["metadataStatement"])), json_values),
    json_values,
    st.lists(json_values, max_size=3),
)
def test_no_entry_stops_the_others(statement, statuses, strange):
    spoilt = entry(statement=statement, statuses=statuses)

    found = read(*strange, spoilt, entry(aaguid=OTHER)).metadata.models

    assert rules(found[OTHER]) == ()
    assert AAGUID in found


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(raw):
    with suppress(MetadataRefused):
        assert read_payload(raw, signed=False).counts["models"] == 0


def test_a_serial_number_below_one_is_not_read():
    """The library warns of it and will raise; it must mean the same before and after."""
    der = bytearray(certify("Zero").certificate.public_bytes(Encoding.DER))
    serial = der.index(b"\x02\x14")
    der[serial + 2] |= 0x80

    assert model(anchors=[bytes(der)]).broken == "attestationRootCertificates"
