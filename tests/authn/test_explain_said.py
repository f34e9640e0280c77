"""What `doorward keys explain` says beside its verdict: what it found and what it ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.authn.forgery import FOREIGN_AUTHORITY, ORIGIN, Assertion, Registration, stored
from tests.authn.recording import case, credential, explained, overlay, payload

OVERLAY = overlay()


def registered(**changes: Any) -> dict[str, Any]:
    return case(Registration(**changes).presented())


def test_reasons_are_said_in_words_where_asked(tmp_path: Path) -> None:
    said = explained(tmp_path, registered(format="none"), more=["--verbose"])

    assert said.reasons == ["attestation-missing"]
    assert "choose Allow" in said.error
    assert "found: format none" in said.error


@pytest.mark.parametrize(
    ("changes", "at", "found"),
    [
        ({"origin": "https://evil.test"}, None, f"not {ORIGIN}: origin is 'https://evil.test'"),
        ({"challenge": "YW5vdGhlciBxdWVzdGlvbg"}, None, "challenge is 'YW5vdGhlciBxdWVzdGlvbg'"),
        ({"rp_id": "evil.test"}, None, "the key did not answer for "),
        ({"authority": FOREIGN_AUTHORITY}, None, "unable to get"),
        ({}, "2040-01-01T00:00:00Z", "certificate has expired"),
    ],
)
def test_what_was_found_is_said_where_asked(
    changes: dict[str, Any], at: str | None, found: str, tmp_path: Path
) -> None:
    said = explained(tmp_path, registered(**changes), allow=OVERLAY, more=["--verbose"], at=at)

    assert said.exit_code == 1
    assert f"found: {found}" in said.error or f"Error: {found}" in said.error


def test_what_is_malformed_is_said_where_asked(tmp_path: Path) -> None:
    spelt = registered()["response"] | {"type": "x"}

    assert "found: type is not public-key" in explained(tmp_path, case(spelt), more=["--verbose"]).error
    assert "found: the response is neither" in explained(tmp_path, case({}), more=["--verbose"]).error


def test_rules_are_said_in_words_where_asked(tmp_path: Path) -> None:
    weak = payload(keyProtection=["software"])

    said = explained(tmp_path, registered(), metadata=weak, more=["--verbose"])

    assert "  rule: key-protection: It does not protect its private keys as asked for" in said.error


def test_what_a_browser_presented_moves_no_cursor(tmp_path: Path) -> None:
    said = explained(tmp_path, registered(origin="\x1b[2J\u202e"), allow=OVERLAY, more=["--verbose"])

    assert all(c.isprintable() or c == "\n" for c in said.error)


def test_nothing_is_said_beside_the_verdict_unless_asked(tmp_path: Path) -> None:
    assert explained(tmp_path, registered(format="none"), allow=OVERLAY).error == ""


def test_that_no_model_can_be_known_is_said(tmp_path: Path) -> None:
    alone = explained(tmp_path, registered())

    assert alone.reasons == ["metadata-stale"]
    assert "no --metadata and no --overlay were given" in alone.error
    assert "no --metadata" not in explained(tmp_path, registered(), allow=overlay([])).error


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("signCount", "sign_count"),
        ("sign-count", "sign_count"),
        ("counter", "sign_count"),
        ("backupEligible", "backup_eligible"),
        ("userHandle", "user_handle"),
        ("publicKey", "public_key"),
    ],
)
def test_a_misspelt_member_of_the_credential_ends_with_two(written: str, meant: str, tmp_path: Path) -> None:
    """It was ignored, and a counter that went backwards was accepted."""
    recorded = credential()
    recorded[written] = recorded.pop(meant)

    said = explained(tmp_path, case(Assertion().presented(), recorded))

    assert (said.exit_code, said.verdict) == (2, "")
    assert f"the credential holds `{written}`" in said.error
    assert f"Write `{meant}`." in said.error


@pytest.mark.parametrize(("written", "meant"), [("rpId", "rp_id"), ("Challenge", "challenge")])
def test_a_misspelt_member_of_the_ceremony_ends_with_two(written: str, meant: str, tmp_path: Path) -> None:
    recorded = registered()
    recorded[written] = recorded.pop(meant)

    said = explained(tmp_path, recorded, allow=OVERLAY)

    assert (said.exit_code, said.verdict) == (2, "")
    assert f"Write `{meant}`." in said.error


def test_notes_beside_a_ceremony_are_ignored_and_said(tmp_path: Path) -> None:
    recorded = case(
        Assertion().presented(),
        credential(stored(), transports=["usb"], aaguid="x", algorithm=-7, signCount=50),
        name="a case",
        description="why",
        expected={"verdict": "accepted"},
    )

    said = explained(tmp_path, recorded)

    assert (said.exit_code, said.verdict) == (0, "accepted")
    assert "warning: `description` of the ceremony is not known and was ignored" in said.error
    assert "warning: `signCount` of the credential is not known and was ignored" in said.error


@pytest.mark.parametrize(
    "challenge", ["AAAA==", "AAA==", "AA=A", "====", "A", "AB", "A A", "AA/+", "", "AAA\n"]
)
def test_a_challenge_that_is_not_base64url_ends_with_two(challenge: str, tmp_path: Path) -> None:
    said = explained(tmp_path, registered() | {"challenge": challenge}, allow=OVERLAY)

    assert (said.exit_code, said.verdict) == (2, "")
    assert "`challenge`" in said.error


@pytest.mark.parametrize("challenge", ["AAAA", "AA", "AA=="])
def test_another_challenge_is_refused(challenge: str, tmp_path: Path) -> None:
    said = explained(tmp_path, registered() | {"challenge": challenge}, allow=OVERLAY)

    assert (said.exit_code, said.reasons) == (1, ["challenge-mismatch"])
