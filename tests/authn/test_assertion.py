"""What a login accepts, and each thing that it does not although the library would."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from authn.assertion import presented_credential_id
from demo.wire import (
    AT,
    BE,
    BS,
    ED,
    UP,
    UV,
    attested_credential,
    client_data_hash,
    client_data_json,
    cose_key,
    from_base64url,
    to_base64url,
)
from domain.authenticators import StoredCredential, VerifiedAssertion
from domain.key_refusals import KeyRefusal
from tests.authn.asking import code, library_accepts_assertion, sign_in, told_at_login
from tests.authn.forgery import (
    AAGUID,
    CHALLENGE,
    CREDENTIAL_ID,
    CREDENTIAL_KEY,
    ORIGIN,
    USER_HANDLE,
    Assertion,
    stored,
)

K = KeyRefusal
HONEST = to_base64url(CHALLENGE)
REMOTE = "remoteDesktopClientOrigin"
STRANGER = ec.generate_private_key(ec.SECP256R1())


class RsaKey:
    """A key whose algorithm was taken off the list after it was registered."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        modulus = self._key.public_key().public_numbers().n.to_bytes(256, "big")
        self.cose = cbor2.dumps({1: 3, 3: -257, -1: modulus, -2: b"\1\0\1"})

    def signature(self, message: bytes) -> bytes:
        return self._key.sign(message, padding.PKCS1v15(), SHA256())


@dataclass(frozen=True)
class Hole:
    """Something that the bare library lets through, and the reason to refuse it."""

    name: str
    code: KeyRefusal
    forgery: Assertion
    credential: StoredCredential = field(default_factory=stored)
    asked: dict[str, Any] = field(default_factory=dict)


HOLES = [
    Hole("no PIN", K.NO_PIN, Assertion(flags=UP)),
    Hole("a key that became copyable", K.BACKUP_STATE, Assertion(flags=UP | UV | BE)),
    Hole("a copy that nobody announced", K.BACKUP_STATE, Assertion(flags=UP | UV | BE | BS)),
    Hole("a key that was copyable", K.BACKUP_STATE, Assertion(), stored(backup_eligible=True)),
    Hole("a key that is copyable", K.SYNCED, Assertion(flags=UP | UV | BE), stored(backup_eligible=True)),
    Hole("a page in somebody's frame", K.CROSS_ORIGIN, Assertion(client={"crossOrigin": True})),
    Hole("a site around the page", K.TOP_ORIGIN, Assertion(client={"topOrigin": ORIGIN})),
    Hole(
        "an id that is not the key's",
        K.CREDENTIAL_MISMATCH,
        Assertion(credential_id=b"other"),
        asked={"allowed_ids": [b"other", CREDENTIAL_ID]},
    ),
    Hole(
        "an id that was not asked for", K.CREDENTIAL_MISMATCH, Assertion(), asked={"allowed_ids": [b"other"]}
    ),
    Hole("nothing was asked for", K.CREDENTIAL_MISMATCH, Assertion(), asked={"allowed_ids": []}),
    Hole("an id of 1024 bytes", K.CREDENTIAL_ID_SIZE, Assertion(credential_id=bytes(1024))),
    Hole("another account's handle", K.USER_HANDLE_MISMATCH, Assertion(user_handle=b"somebody else")),
    Hole("another account's handle, empty", K.USER_HANDLE_MISMATCH, Assertion(user_handle=b"")),
    Hole("another algorithm than was stored", K.ALGORITHM_REFUSED, Assertion(), stored(algorithm=-8)),
    Hole(
        "a new credential in an assertion",
        K.MALFORMED,
        Assertion(
            flags=UP | UV | AT, rest=attested_credential(AAGUID, CREDENTIAL_ID, cose_key(CREDENTIAL_KEY))
        ),
    ),
    Hole(
        "a key twice in the client data",
        K.MALFORMED,
        Assertion(client_data=b'{"challenge":"",' + client_data_json("webauthn.get", HONEST, ORIGIN)[1:]),
    ),
    Hole("foreign characters in the challenge", K.CHALLENGE_MISMATCH, Assertion(challenge=f"{HONEST}!")),
]

DEFECTS = [
    (K.TYPE_MISMATCH, Assertion(kind="webauthn.create")),
    (K.CHALLENGE_MISMATCH, Assertion(challenge=to_base64url(bytes(32)))),
    (K.ORIGIN_MISMATCH, Assertion(origin="http://door.example")),
    (K.RP_MISMATCH, Assertion(rp_id="evil.test")),
    (K.NO_TOUCH, Assertion(flags=UV)),
    (K.BACKUP_STATE, Assertion(flags=UP | UV | BS)),
    (K.COUNTER_REGRESSED, Assertion(counter=7)),
    (K.COUNTER_REGRESSED, Assertion(counter=6)),
    (K.COUNTER_REGRESSED, Assertion(counter=0)),
    (K.SIGNATURE_INVALID, Assertion(key=STRANGER)),
    (K.SIGNATURE_INVALID, Assertion(signature=b"no signature")),
    (K.MALFORMED, Assertion(rest=b"\0")),
    (K.MALFORMED, Assertion(flags=UP | UV | ED)),
    (K.MALFORMED, Assertion(client_data=b"{")),
]


def test_an_honest_assertion_is_accepted() -> None:
    presented = Assertion().presented()

    verified = sign_in(presented)

    assert isinstance(verified, VerifiedAssertion)
    assert (verified.sign_count, verified.sign_count_stored) == (8, 7)
    assert verified.user_verified
    assert to_base64url(verified.client_data) == presented["response"]["clientDataJSON"]
    assert to_base64url(verified.authenticator_data) == presented["response"]["authenticatorData"]
    assert to_base64url(verified.signature) == presented["response"]["signature"]


def test_an_ed25519_credential_signs_in() -> None:
    key = ed25519.Ed25519PrivateKey.generate()

    verified = sign_in(Assertion(key=key).presented(), credential=stored(key, algorithm=-8))

    assert isinstance(verified, VerifiedAssertion)


def test_the_own_user_handle_is_accepted() -> None:
    assert isinstance(sign_in(Assertion(user_handle=USER_HANDLE).presented()), VerifiedAssertion)


def test_text_is_read_like_an_object() -> None:
    assert isinstance(sign_in(json.dumps(Assertion().presented())), VerifiedAssertion)


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_what_the_library_lets_through_is_refused_by_name(hole: Hole) -> None:
    presented = hole.forgery.presented()

    assert library_accepts_assertion(presented, hole.credential)
    assert code(sign_in(presented, credential=hole.credential, **hole.asked)) is hole.code


@pytest.mark.parametrize(("expected", "forgery"), DEFECTS)
def test_what_the_library_refuses_is_refused_by_name(expected: KeyRefusal, forgery: Assertion) -> None:
    presented = forgery.presented()

    assert not library_accepts_assertion(presented)
    assert code(sign_in(presented)) is expected


def test_a_stored_key_whose_algorithm_left_the_list_is_refused() -> None:
    key = RsaKey()
    unsigned = Assertion().presented()
    signature = key.signature(_signed(unsigned))
    presented = Assertion(signature=signature).presented()
    credential = stored(public_key=key.cose, algorithm=-257)

    assert library_accepts_assertion(presented, credential)
    assert code(sign_in(presented, credential=credential)) is K.ALGORITHM_REFUSED


@pytest.mark.parametrize(
    ("at_issue", "presented", "accepted"),
    [(0, 0, True), (0, 1, True), (7, 8, True), (7, 900, True), (1, 0, False), (7, 7, False), (8, 7, False)],
)
def test_a_counter_must_rise_above_its_value_when_asked_unless_both_are_zero(
    at_issue: int, presented: int, accepted: bool
) -> None:
    answer = sign_in(Assertion(counter=presented).presented(), sign_count_at_issue=at_issue)

    assert code(answer) is (None if accepted else K.COUNTER_REGRESSED)


def test_a_counter_behind_the_stored_one_but_above_its_issue_is_left_to_the_flow() -> None:
    credential = stored(sign_count=20)

    verified = sign_in(Assertion(counter=8).presented(), credential=credential)

    assert isinstance(verified, VerifiedAssertion)
    assert (verified.sign_count, verified.sign_count_stored) == (8, 20)


@pytest.mark.parametrize(
    "forgery",
    [
        Assertion(counter=7, key=STRANGER),
        Assertion(flags=UP, key=STRANGER),
        Assertion(flags=UV, key=STRANGER),
        Assertion(flags=UP | UV | BE, key=STRANGER),
        Assertion(client={"crossOrigin": True}, key=STRANGER),
        Assertion(client={"topOrigin": ORIGIN}, key=STRANGER),
    ],
)
def test_who_does_not_hold_the_key_learns_nothing_about_it(forgery: Assertion) -> None:
    """Otherwise the code would tell a real credential id from a decoy."""
    assert code(sign_in(forgery.presented())) is K.SIGNATURE_INVALID


@pytest.mark.parametrize("forgery", [defect for _, defect in DEFECTS] + [hole.forgery for hole in HOLES])
def test_every_refusal_without_the_key_is_quiet(forgery: Assertion) -> None:
    presented = Assertion(**{**vars(forgery), "key": STRANGER}).presented()

    answer = sign_in(presented)

    refused = code(answer)
    assert refused is not None
    assert refused.text.quiet


def test_the_credential_id_can_be_read_before_anything_is_checked() -> None:
    assert presented_credential_id(Assertion().presented()) == CREDENTIAL_ID
    assert presented_credential_id(json.dumps(Assertion().presented())) == CREDENTIAL_ID


@pytest.mark.parametrize("presented", [None, 7, "", "[", {}, {"id": "AA"}, {"id": 7, "type": "public-key"}])
def test_an_answer_without_a_credential_id_is_malformed(presented: Any) -> None:
    assert code(presented_credential_id(presented)) is K.MALFORMED
    assert code(sign_in(presented)) is K.MALFORMED


def _signed(presented: dict[str, Any]) -> bytes:
    """Return what the key signs in *presented*."""
    response = presented["response"]
    return from_base64url(response["authenticatorData"]) + client_data_hash(
        from_base64url(response["clientDataJSON"])
    )


@pytest.mark.parametrize(
    ("hints", "attachment", "remote"),
    [
        ({}, "cross-platform", ()),
        ({"authenticatorAttachment": "platform"}, "platform", ()),
        ({"authenticatorAttachment": "telepathy"}, None, ()),
        ({"authenticatorAttachment": ["platform"]}, None, ()),
        ({"clientExtensionResults": {REMOTE: "x"}}, "cross-platform", (REMOTE,)),
        ({"remoteClientDataJSON": "AA"}, "cross-platform", ("remoteClientDataJSON",)),
        ({"clientExtensionResults": None}, "cross-platform", ()),
    ],
)
def test_what_the_client_says_of_itself_is_handed_on_and_decides_nothing(
    hints: dict[str, Any], attachment: str | None, remote: tuple[str, ...]
) -> None:
    verified = sign_in(Assertion().presented() | hints)

    assert isinstance(verified, VerifiedAssertion)
    assert (verified.attachment_hint, verified.remote_hint) == (attachment, remote)


def test_a_remote_client_that_stands_in_the_signed_client_data_is_handed_on_too() -> None:
    verified = sign_in(Assertion(client={REMOTE: "https://x.test"}).presented())

    assert isinstance(verified, VerifiedAssertion)
    assert verified.remote_hint == (REMOTE,)


def test_a_copy_does_not_hide_its_counter_behind_a_smaller_fault() -> None:
    """Only the counter stops the key, so it is told before the missing PIN."""
    codes = told_at_login(Assertion(counter=7, flags=UP).presented())

    assert codes == ("counter-regressed", "no-pin")
