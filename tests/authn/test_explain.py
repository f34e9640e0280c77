"""`doorward keys explain`: everything that speaks against a recorded ceremony, without a database."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from commands import main
from demo.wire import AT as ATTESTED
from demo.wire import BE, UP, UV
from tests.authn import holes, test_assertion
from tests.authn.forgery import (
    AAGUID,
    AUTHORITY,
    FOREIGN_AUTHORITY,
    USER_HANDLE,
    Assertion,
    Certificate,
    Registration,
    anchor,
    stored,
)
from tests.authn.holes import CHROMIUM
from tests.authn.recording import case, credential, explained, overlay

OVERLAY = overlay()


def test_an_honest_registration_is_accepted(tmp_path: Path) -> None:
    said = explained(tmp_path, case(Registration().presented()), allow=OVERLAY)

    assert (said.exit_code, said.verdict, said.reasons) == (0, "accepted", [])


def test_an_honest_login_is_accepted(tmp_path: Path) -> None:
    said = explained(tmp_path, case(Assertion(user_handle=USER_HANDLE).presented(), credential()))

    assert (said.exit_code, said.verdict, said.reasons) == (0, "accepted", [])


def test_neither_settings_nor_database_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOORWARD_DATABASE_URL", "nonsense")
    monkeypatch.setenv("DOORWARD_UNKNOWN", "x")

    assert explained(tmp_path, case(Registration().presented()), allow=OVERLAY).exit_code == 0


# Judged by the rules of a new deployment.
USUAL = [hole for hole in holes.HOLES if not hole.rules]
# What was asked for, and what was stored beside the key, is not recorded.
RECORDED = [hole for hole in test_assertion.HOLES if not hole.asked and hole.credential.algorithm == -7]


@pytest.mark.parametrize("hole", USUAL, ids=lambda hole: hole.name)
def test_each_hole_of_the_library_is_told(hole: holes.Hole, tmp_path: Path) -> None:
    said = explained(tmp_path, case(hole.forgery.presented()), allow=overlay(hole.anchors))

    assert (said.exit_code, said.verdict) == (1, "refused")
    assert said.reasons[0] == hole.code.value


@pytest.mark.parametrize("hole", RECORDED, ids=lambda hole: hole.name)
def test_each_hole_of_the_library_at_login_is_told(hole: test_assertion.Hole, tmp_path: Path) -> None:
    said = explained(tmp_path, case(hole.forgery.presented(), credential(hole.credential)))

    assert (said.exit_code, said.verdict) == (1, "refused")
    assert said.reasons[0] == hole.code.value


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    forgery = Registration(
        origin="https://evil.test",
        client={"topOrigin": "https://evil.test", "crossOrigin": True},
        flags=UP | ATTESTED | BE,
        response_id=b"other",
        certificate=Certificate(unit="Sales", aaguid="11111111-2222-4333-8444-555555555555"),
        authority=FOREIGN_AUTHORITY,
        signer=ec.generate_private_key(ec.SECP256R1()),
        transports=["hybrid"],
    )

    said = explained(tmp_path, case(forgery.presented()), allow=OVERLAY)

    assert said.reasons == [
        "origin-mismatch",
        "top-origin",
        "cross-origin",
        "synced",
        "no-pin",
        "credential-mismatch",
        "remote-key",
        "aaguid-mismatch",
        "attestation-chain",
        "attestation-certificate",
        "attestation-signature",
    ]


def test_everything_is_told_at_once_at_login(tmp_path: Path) -> None:
    forgery = Assertion(
        client={"crossOrigin": True},
        flags=UP | BE,
        counter=7,
        user_handle=b"somebody",
        key=test_assertion.STRANGER,
    )

    said = explained(tmp_path, case(forgery.presented(), credential()))

    assert said.reasons == [
        "user-handle-mismatch",
        "signature-invalid",
        "counter-regressed",
        "cross-origin",
        "backup-state",
        "synced",
        "no-pin",
    ]


def test_a_code_of_a_model_is_followed_by_the_rules_that_it_breaks(tmp_path: Path) -> None:
    leaf = Registration(certificate=(made := Certificate())).leaf().public_bytes(Encoding.DER)
    digest = hashlib.sha256(leaf).hexdigest().upper()
    colons = ":".join(digest[i : i + 2] for i in range(0, 64, 2))
    presented = Registration(certificate=made, chain=[leaf]).presented()

    said = explained(tmp_path, case(presented), allow=overlay(leaf_sha256=[colons], aaguids=[AAGUID.upper()]))

    assert said.reasons == ["not-certified", "denied-model", "denied-certificate"]


def test_an_unlisted_model_is_told_so(tmp_path: Path) -> None:
    presented = Registration().presented()
    elsewhere = overlay([anchor(AUTHORITY.certificate, "11111111-2222-4333-8444-555555555555")])

    assert explained(tmp_path, case(presented), allow=elsewhere).reasons == ["not-certified", "not-listed"]
    assert explained(tmp_path, case(presented)).reasons == ["metadata-stale"]


def test_no_overlay_admits_the_virtual_authenticator(tmp_path: Path) -> None:
    made = Certificate(key=CHROMIUM)
    leaf = made.self_signed()
    presented = Registration(certificate=made, chain=[leaf.public_bytes(Encoding.DER)]).presented()

    said = explained(tmp_path, case(presented), allow=overlay([anchor(leaf)]))

    assert said.reasons == ["virtual-authenticator"]


def test_certificates_are_judged_at_the_given_time(tmp_path: Path) -> None:
    recorded = case(Registration().presented())

    assert explained(tmp_path, recorded, allow=OVERLAY, at="2040-01-01T00:00:00+01:00").reasons == [
        "attestation-chain"
    ]
    assert explained(tmp_path, recorded, allow=OVERLAY, at=None).exit_code == 0


@pytest.mark.parametrize(
    "changes",
    [{"sign_count": None}, {"backup_eligible": None}, {"user_handle": None}],
)
def test_what_was_not_recorded_of_a_credential_is_not_held_against_it(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    presented = Assertion(user_handle=USER_HANDLE).presented()

    assert explained(tmp_path, case(presented, credential(**changes))).verdict == "accepted"


def test_padding_is_forgiven_in_the_case_and_not_in_the_response(tmp_path: Path) -> None:
    recorded = case(Registration().presented())
    padded = recorded | {"challenge": recorded["challenge"] + "="}
    spelt = {**recorded["response"], "id": recorded["response"]["id"] + "=="}

    assert explained(tmp_path, padded, allow=OVERLAY).verdict == "accepted"
    assert explained(tmp_path, recorded | {"response": spelt}, allow=OVERLAY).reasons == ["malformed"]


def test_a_case_is_read_from_standard_input() -> None:
    recorded = json.dumps(case(Assertion().presented(), credential()))

    result = CliRunner().invoke(main, ["keys", "explain", "-"], input=recorded)

    assert result.exit_code == 0


@pytest.mark.parametrize(
    "response",
    [
        None,
        7,
        "text",
        [],
        {},
        {"response": {}},
        {"response": {"attestationObject": "AA", "signature": "AA"}},
        {"response": {"attestationObject": 7}},
        {"response": {"attestationObject": "AA"}, "id": "AA", "rawId": "AA", "type": "public-key"},
    ],
)
def test_a_response_that_cannot_be_read_is_malformed(response: object, tmp_path: Path) -> None:
    said = explained(tmp_path, case(response), allow=OVERLAY)

    assert (said.exit_code, said.reasons) == (1, ["malformed"])


def test_a_stray_member_makes_no_other_ceremony(tmp_path: Path) -> None:
    """The door ignores it; explaining it as malformed was another verdict."""
    created, signed = Registration().presented(), Assertion().presented()
    created["response"]["signature"] = signed["response"]["attestationObject"] = "AA"

    assert explained(tmp_path, case(created), allow=OVERLAY).verdict == "accepted"
    assert explained(tmp_path, case(signed, credential(stored()))).verdict == "accepted"


def test_a_name_that_stands_twice_in_the_response_is_malformed(tmp_path: Path) -> None:
    text = json.dumps(case(Registration().presented())).replace('"type"', '"type": "public-key", "type"', 1)

    assert explained(tmp_path, text.encode(), allow=OVERLAY).reasons == ["malformed"]


def test_a_response_that_is_too_long_is_too_large(tmp_path: Path) -> None:
    presented = Registration().presented() | {"more": "x" * 100_000}

    assert explained(tmp_path, case(presented), allow=OVERLAY).reasons == ["too-large"]


def test_a_counter_and_a_copyable_key_are_read_from_the_record(tmp_path: Path) -> None:
    row = stored(sign_count=8, backup_eligible=True)

    said = explained(tmp_path, case(Assertion(flags=UP | UV | BE).presented(), credential(row)))

    assert said.reasons == ["counter-regressed", "synced"]
