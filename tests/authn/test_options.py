"""What we ask of the browser, and what we name to strangers."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from authn.decoys import decoy_ids
from authn.options import assertion_options, registration_options
from demo.wire import from_base64url
from tests.authn.forgery import CHALLENGE, CREDENTIAL_ID, RP_ID, USER_HANDLE


def asked() -> dict[str, Any]:
    return registration_options(
        rp_id=RP_ID,
        rp_name="Doorward",
        user_handle=USER_HANDLE,
        user_name="ada",
        display_name="Ada",
        challenge=CHALLENGE,
        exclude=[CREDENTIAL_ID],
    )


def test_a_registration_asks_for_a_roaming_key_with_pin_and_attestation() -> None:
    options = asked()

    assert options["attestation"] == "direct"
    assert options["authenticatorSelection"] == {
        "authenticatorAttachment": "cross-platform",
        "residentKey": "discouraged",
        "requireResidentKey": False,
        "userVerification": "required",
    }
    assert options["hints"] == ["security-key"]
    assert options["pubKeyCredParams"] == [
        {"type": "public-key", "alg": -7},
        {"type": "public-key", "alg": -8},
    ]
    assert set(options["extensions"]) >= {"credProps", "credentialProtectionPolicy", "minPinLength"}
    assert options["timeout"] == 300_000


def test_binary_options_are_base64url_without_padding() -> None:
    text = json.dumps(asked())
    options = json.loads(text)

    assert "=" not in text
    assert from_base64url(options["challenge"]) == CHALLENGE
    assert from_base64url(options["user"]["id"]) == USER_HANDLE
    assert from_base64url(options["excludeCredentials"][0]["id"]) == CREDENTIAL_ID


def test_an_assertion_asks_for_the_pin_and_names_the_keys() -> None:
    options = assertion_options(rp_id=RP_ID, challenge=CHALLENGE, allow=[CREDENTIAL_ID])

    assert options["userVerification"] == "required"
    assert options["rpId"] == RP_ID
    assert [from_base64url(one["id"]) for one in options["allowCredentials"]] == [CREDENTIAL_ID]
    assert options["timeout"] == 120_000


def test_an_assertion_without_keys_is_not_asked_for() -> None:
    with pytest.raises(ValueError, match="every credential"):
        assertion_options(rp_id=RP_ID, challenge=CHALLENGE, allow=[])


def test_decoys_stay_the_same_for_a_name() -> None:
    assert decoy_ids(b"secret", "mallory", 2) == decoy_ids(b"secret", "mallory", 2)
    assert decoy_ids(b"secret", "mallory", 1) == decoy_ids(b"secret", "mallory", 2)[:1]


def test_decoys_differ_by_name_by_secret_and_among_themselves() -> None:
    first, second = decoy_ids(b"secret", "mallory", 2)

    assert first != second
    assert first not in decoy_ids(b"secret", "trudy", 2)
    assert first not in decoy_ids(b"another secret", "mallory", 2)


def test_one_more_key_of_a_known_kind_changes_no_decoy() -> None:
    """Real ids never change: a name whose ids did, when somebody else registered, was nobody's."""
    for number in range(40):
        name = f"name{number}"
        assert decoy_ids(b"secret", name, 2, lengths=[48, 64]) == decoy_ids(
            b"secret", name, 2, lengths=[64, 48, 64]
        )


def test_decoys_have_the_lengths_of_real_keys() -> None:
    lengths = {tuple(len(decoy) for decoy in decoy_ids(b"secret", f"name {n}", 2)) for n in range(200)}

    assert lengths == set(product((48, 64, 96), repeat=2))


def test_the_length_of_a_decoy_does_not_follow_that_of_another() -> None:
    """Two of one length for every stranger would make a real key beside a decoy stand out."""
    pairs = [decoy_ids(b"secret", f"name {n}", 2, lengths=(48, 64)) for n in range(60)]

    assert any(len(first) != len(second) for first, second in pairs)


def test_decoys_need_a_secret() -> None:
    with pytest.raises(ValueError, match="key"):
        decoy_ids(b"", "mallory", 1)
