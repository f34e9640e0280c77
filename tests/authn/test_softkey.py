"""The demo's soft key answers like a browser with a real one."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from authn.options import assertion_options, registration_options
from demo.softkey import AttestationAuthority, NotAllowed, SoftKey
from domain.authenticators import StoredCredential, VerifiedAssertion, VerifiedRegistration
from tests.authn.asking import code, library_accepts_registration, register, sign_in
from tests.authn.forgery import (
    AAGUID,
    AUTHORITY,
    CHALLENGE,
    FOREIGN_AUTHORITY,
    MADE,
    ORIGIN,
    RP_ID,
    USER_HANDLE,
)


def creation(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "rp_id": RP_ID,
        "rp_name": "Doorward",
        "user_handle": USER_HANDLE,
        "user_name": "ada",
        "display_name": "Ada",
        "challenge": CHALLENGE,
        "exclude": [],
    }
    return registration_options(**(arguments | changes))


def request(*allow: bytes) -> dict[str, Any]:
    return assertion_options(rp_id=RP_ID, challenge=CHALLENGE, allow=allow)


@pytest.fixture
def key() -> SoftKey:
    return SoftKey.create(AUTHORITY, AAGUID, now=MADE, serial=b"S-1")


def credential(registered: object) -> StoredCredential:
    assert isinstance(registered, VerifiedRegistration)
    return StoredCredential(
        id="cred_1",
        credential_id=registered.credential_id,
        public_key=registered.public_key,
        sign_count=registered.sign_count,
        backup_eligible=registered.backup_eligible,
        algorithm=registered.algorithm,
    )


def logged_in(key: SoftKey, stored: StoredCredential) -> object:
    presented = key.sign(request(stored.credential_id), ORIGIN)
    return sign_in(
        presented,
        credential=stored,
        allowed_ids=[stored.credential_id],
        sign_count_at_issue=stored.sign_count,
    )


def test_a_soft_key_of_a_trusted_maker_registers_and_signs_in(key: SoftKey) -> None:
    presented = key.register(creation(), ORIGIN)
    registered = register(presented)

    assert library_accepts_registration(presented, roots=True)
    assert isinstance(registered, VerifiedRegistration)
    assert registered.serial == b"S-1"
    assert isinstance(logged_in(key, credential(registered)), VerifiedAssertion)


def test_a_soft_key_of_another_maker_is_refused() -> None:
    key = SoftKey.create(FOREIGN_AUTHORITY, AAGUID, now=MADE)

    refused = code(register(key.register(creation(), ORIGIN)))

    assert refused is not None
    assert refused.value == "attestation-chain"


def test_a_soft_key_signs_with_ed25519_where_that_is_all_that_is_asked(key: SoftKey) -> None:
    options = creation() | {"pubKeyCredParams": [{"type": "public-key", "alg": -8}]}
    registered = register(key.register(options, ORIGIN))

    assert credential(registered).algorithm == -8
    assert isinstance(logged_in(key, credential(registered)), VerifiedAssertion)


def test_a_soft_key_survives_being_written_down(key: SoftKey) -> None:
    options = creation() | {"pubKeyCredParams": [{"type": "public-key", "alg": -8}]}
    stored = credential(register(key.register(options, ORIGIN)))
    logged_in(key, stored)

    again = SoftKey.from_json(key.to_json())

    assert again.counter == key.counter == 2
    assert isinstance(logged_in(again, stored), VerifiedAssertion)


def test_a_soft_key_is_not_registered_twice(key: SoftKey) -> None:
    registered = register(key.register(creation(), ORIGIN))

    with pytest.raises(NotAllowed):
        key.register(creation(exclude=[credential(registered).credential_id]), ORIGIN)


def test_a_soft_key_signs_only_for_credentials_it_holds(key: SoftKey) -> None:
    key.register(creation(), ORIGIN)

    with pytest.raises(NotAllowed):
        key.sign(request(b"somebody else's"), ORIGIN)


@pytest.mark.parametrize("origin", ["https://evil.test", "https://notdoor.example", ""])
def test_a_soft_key_answers_only_on_pages_of_the_site(key: SoftKey, origin: str) -> None:
    with pytest.raises(NotAllowed):
        key.register(creation(), origin)


def test_a_soft_key_knows_two_algorithms(key: SoftKey) -> None:
    options = creation() | {"pubKeyCredParams": [{"type": "public-key", "alg": -257}]}

    with pytest.raises(NotAllowed):
        key.register(options, ORIGIN)


def test_an_authority_can_be_kept_in_files(tmp_path: Path) -> None:
    AUTHORITY.save(tmp_path / "maker")
    again = AttestationAuthority.load(tmp_path / "maker")

    registered = register(SoftKey.create(again, AAGUID, now=MADE).register(creation(), ORIGIN))

    assert again.certificate == AUTHORITY.certificate
    assert isinstance(registered, VerifiedRegistration)
    assert stat.S_IMODE((tmp_path / "maker" / "authority.key").stat().st_mode) == 0o600
