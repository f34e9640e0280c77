"""What the gate lets in, and each thing that it does not although the library would."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from authn.registration import verify_registration
from authn.trust import Trust
from demo.wire import AT, ED, UP, UV, cose_key
from domain.authenticators import VerifiedRegistration
from domain.key_refusals import KeyRefusal, Refusal
from tests.authn.asking import code, library_accepts_registration, register
from tests.authn.forgery import (
    AAGUID,
    CHALLENGE,
    CREDENTIAL_ID,
    NOW,
    ORIGIN,
    RP_ID,
    Certificate,
    Registration,
)
from tests.authn.holes import DEFECTS, HOLES, Hole

K = KeyRefusal


def test_an_honest_registration_is_accepted() -> None:
    forgery = Registration()

    verified = register(forgery.presented())

    assert isinstance(verified, VerifiedRegistration)
    assert verified.credential_id == CREDENTIAL_ID
    assert verified.public_key == forgery.public_key
    assert (verified.algorithm, verified.sign_count, verified.aaguid) == (-7, 1, AAGUID)
    assert verified.transports_hint == ("usb",)
    assert verified.user_verified
    assert not verified.backup_eligible
    assert verified.serial is None
    assert len(verified.leaf_sha256) == 64


@pytest.mark.parametrize("as_bytes", [False, True])
def test_text_and_bytes_are_read_like_an_object(as_bytes: bool) -> None:
    text = json.dumps(Registration().presented())

    verified = register(text.encode() if as_bytes else text)

    assert isinstance(verified, VerifiedRegistration)


def test_an_ed25519_credential_is_accepted() -> None:
    key = ed25519.Ed25519PrivateKey.generate()

    verified = register(Registration(public_key=cose_key(key)).presented())

    assert isinstance(verified, VerifiedRegistration)
    assert verified.algorithm == -8


def test_extensions_after_the_credential_are_read_to_the_end() -> None:
    extensions = cbor2.dumps({"credProtect": 3, "minPinLength": 4})

    verified = register(Registration(flags=UP | UV | AT | ED, after_key=extensions).presented())

    assert isinstance(verified, VerifiedRegistration)
    assert verified.public_key == Registration().public_key


def test_unknown_members_of_the_client_data_are_allowed() -> None:
    grease = {"other_keys_can_be_added_here": "do not compare clientDataJSON against a template"}

    verified = register(Registration(client=grease).presented())

    assert isinstance(verified, VerifiedRegistration)


def test_the_serial_of_an_enterprise_attestation_is_read() -> None:
    verified = register(Registration(certificate=Certificate(serial=b"S-0042")).presented())

    assert isinstance(verified, VerifiedRegistration)
    assert verified.serial == b"S-0042"


def test_a_model_alone_with_its_maker_needs_no_aaguid_extension() -> None:
    verified = register(Registration(certificate=Certificate(aaguid=None)).presented())

    assert isinstance(verified, VerifiedRegistration)


def test_unknown_transports_are_dropped() -> None:
    presented = Registration().presented()
    presented["response"]["transports"] = ["nfc", "telepathy", 7, "nfc", "usb"]

    verified = register(presented)

    assert isinstance(verified, VerifiedRegistration)
    assert verified.transports_hint == ("nfc", "usb")


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_what_the_library_lets_through_is_refused_by_name(hole: Hole) -> None:
    presented = hole.forgery.presented()

    assert library_accepts_registration(presented, roots=hole.roots)
    assert code(register(presented, hole.anchors, **hole.rules)) is hole.code


@pytest.mark.parametrize(("expected", "forgery"), DEFECTS)
def test_what_the_library_refuses_is_refused_by_name(expected: KeyRefusal, forgery: Registration) -> None:
    presented = forgery.presented()

    assert not library_accepts_registration(presented)
    assert code(register(presented)) is expected


@pytest.mark.parametrize(
    "presented",
    [
        None,
        [],
        7,
        "",
        b"\xff\xfe",
        "[]",
        "{}",
        '{"id": "AA", "id": "AA"}',
        {"id": "AA"},
        Registration().presented() | {"rawId": "AAAA"},
        Registration().presented() | {"type": "password"},
        Registration().presented() | {"id": "AB", "rawId": "AB"},
        Registration().presented() | {"id": "", "rawId": ""},
        Registration().presented() | {"response": None},
        Registration().presented() | {"response": {"clientDataJSON": 7}},
    ],
)
def test_another_shape_is_malformed(presented: Any) -> None:
    assert code(register(presented)) is K.MALFORMED


def test_an_endless_text_is_too_large() -> None:
    assert code(register(b" " * 200_000)) is K.TOO_LARGE


def test_a_time_without_zone_is_our_own_mistake() -> None:
    naive = datetime(2026, 11, 22)  # noqa: DTZ001

    with pytest.raises(ValueError, match="aware"):
        verify_registration({}, challenge=CHALLENGE, origin=ORIGIN, rp_id=RP_ID, trust=Trust(), now=naive)


def test_certificates_are_judged_at_the_given_time() -> None:
    presented = Registration(certificate=Certificate(ends=NOW + timedelta(days=1))).presented()
    tomorrow = NOW + timedelta(days=2)

    late = register(presented, now=tomorrow)

    assert isinstance(register(presented), VerifiedRegistration)
    assert code(late) is K.ATTESTATION_CHAIN


def test_a_refusal_has_no_truth_value() -> None:
    with pytest.raises(TypeError):
        bool(Refusal(K.MALFORMED))


def test_what_the_key_reports_signed_is_read_and_what_the_client_says_is_not() -> None:
    extensions = cbor2.dumps({"credProtect": 3, "minPinLength": 6})
    claims = {"clientExtensionResults": {"credProtect": 1, "minPinLength": 63}}

    reported = register(Registration(flags=UP | UV | AT | ED, after_key=extensions, hints=claims).presented())
    silent = register(Registration(hints=claims).presented())

    assert isinstance(reported, VerifiedRegistration)
    assert isinstance(silent, VerifiedRegistration)
    assert (reported.min_pin_length, reported.cred_protect) == (6, 3)
    assert (silent.min_pin_length, silent.cred_protect) == (None, None)


def test_a_key_that_reports_what_is_demanded_is_accepted() -> None:
    extensions = cbor2.dumps({"credProtect": 3, "minPinLength": 6})
    presented = Registration(flags=UP | UV | AT | ED, after_key=extensions).presented()

    assert isinstance(register(presented, min_pin_length=6, cred_protect=3), VerifiedRegistration)


@pytest.mark.parametrize(
    "transports", [None, [], ["usb"], ["usb", "hybrid"], ["internal", "nfc"], "internal", [7]]
)
def test_a_key_that_may_be_in_this_computer_is_not_refused_for_its_transports(transports: Any) -> None:
    assert isinstance(register(Registration(transports=transports).presented()), VerifiedRegistration)
