"""Mistakes that other servers made in this layer, each by its advisory."""

from __future__ import annotations

from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from webauthn import verify_authentication_response

from authn.options import registration_options
from authn.trust import Trust
from demo.wire import AT, BE, UP, UV, cose_key, from_base64url
from domain.authenticators import VerifiedAssertion
from domain.key_refusals import KeyRefusal
from domain.metadata import Denials
from tests.authn.asking import (
    code,
    library_accepts_assertion,
    library_accepts_registration,
    register,
    sign_in,
    told,
)
from tests.authn.forgery import (
    AAGUID,
    CHALLENGE,
    CREDENTIAL_ID,
    CREDENTIAL_KEY,
    FOREIGN_AUTHORITY,
    NOW,
    OTHER_AAGUID,
    RP_ID,
    USER_HANDLE,
    Assertion,
    Certificate,
    Registration,
    stored,
)
from tests.authn.holes import CHROMIUM
from tests.authn.soft_tpm import Tpm

K = KeyRefusal
ZERO = "00000000-0000-0000-0000-000000000000"


def test_cve_2025_12150_direct_was_asked_and_none_came() -> None:
    """Keycloak: the realm asked for direct attestation, and a response with none was accepted."""
    assert code(register(Registration(format="none").presented())) is K.ATTESTATION_MISSING


def test_keycloak_9511_the_person_pressed_block() -> None:
    """The browser then sends none, and zeros for the model."""
    blocked = Registration(format="none", aaguid=ZERO)

    assert told(blocked.presented()) == ("attestation-missing",)


def test_level_3_none_with_a_trusted_aaguid_proves_nothing() -> None:
    """Level 3 browsers no longer blank the AAGUID of a response without attestation."""
    assert told(Registration(format="none", aaguid=AAGUID).presented()) == ("attestation-missing",)


def test_cve_2026_6856_self_attestation_with_an_allowed_aaguid() -> None:
    """Keycloak 48388: the AAGUID list was asked, the missing certificate was not."""
    forgery = Registration(aaguid=AAGUID, statement={"x5c": None}, signer=CREDENTIAL_KEY)

    assert library_accepts_registration(forgery.presented(), roots=True)
    assert told(forgery.presented()) == ("attestation-self",)


def test_keycloak_48388_the_machine_s_certificate_authorities_vouch_for_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same thread: every authority of the JVM's cacerts counted as a maker of keys."""
    store = tmp_path / "system.pem"
    store.write_text(FOREIGN_AUTHORITY.certificate_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    assert code(register(Registration(authority=FOREIGN_AUTHORITY).presented())) is K.ATTESTATION_CHAIN


RESIDENT = {"clientExtensionResults": {"credProps": {"rk": True}}}
# Keycloak CVE-2026-8830, 49133: each of these was asked of the browser only.
FINDINGS = {
    "algorithm": (K.ALGORITHM_REFUSED, Registration(public_key=cbor2.dumps({1: 2, 3: -35, -1: 2}))),
    "attachment": (K.REMOTE_KEY, Registration(hints={"authenticatorAttachment": "platform"})),
    "user verification": (K.NO_PIN, Registration(flags=UP | AT)),
    "resident key": (
        K.PIN_NOT_ENFORCED,
        Registration(hints={"clientExtensionResults": {"credProps": {"rk": True}}}),
    ),
}


@pytest.mark.parametrize("asked", FINDINGS)
def test_cve_2026_8830_what_was_asked_of_the_browser_is_asked_of_the_answer(asked: str) -> None:
    """Of the last: we ask for no resident key, but what protects one is read where it is signed."""
    expected, forgery = FINDINGS[asked]

    assert code(register(forgery.presented(), cred_protect=3 if asked == "resident key" else 0)) is expected


def test_cve_2026_8830_the_exclude_list_names_every_own_key() -> None:
    """That a known id is refused on the answer too: tests/flows/test_register.py."""
    options = registration_options(
        rp_id=RP_ID,
        rp_name="Doorward",
        user_handle=USER_HANDLE,
        user_name="ada",
        display_name="Ada",
        challenge=CHALLENGE,
        exclude=[CREDENTIAL_ID, b"revoked"],
    )

    excluded = [from_base64url(one["id"]) for one in options["excludeCredentials"]]
    assert excluded == [CREDENTIAL_ID, b"revoked"]


@pytest.mark.parametrize("member", ["authenticatorAttachment", "clientExtensionResults"])
def test_keycloak_50719_leaving_the_attachment_out_changes_nothing(member: str) -> None:
    """A policy on the unsigned attachment was passed by omitting it; ours is on what is signed."""
    presented = Registration(flags=UP | UV | AT | BE).presented()
    del presented[member]

    assert code(register(presented)) is K.SYNCED


def test_keycloak_50719_leaving_the_transports_out_makes_no_internal_key_acceptable() -> None:
    presented = Registration(format="apple", transports=["internal"]).presented()
    del presented["response"]["transports"]

    assert code(register(presented)) is K.ATTESTATION_APPLE


def test_authelia_9133_a_key_that_was_stored_before_metadata_goes_on_logging_in() -> None:
    """Turning metadata on locked out keys without a stored model: policy on models is for registration."""
    denying = Trust(
        denials=Denials(frozenset({OTHER_AAGUID}), frozenset({"00" * 32}), frozenset({"00" * 32}))
    )

    for trust in (Trust(), denying):
        assert trust.standing_finding(ZERO, Registration().leaf().public_bytes(Encoding.DER), NOW) is None
        assert trust.standing_finding("", b"", NOW) is None
    assert isinstance(sign_in(Assertion().presented()), VerifiedAssertion)


def test_a_certificate_chain_needs_more_than_matching_names() -> None:
    """python-fido2: a chain check by signatures alone lets one batch certificate vouch for another."""
    batch = Certificate()
    leaf = Registration(certificate=batch).leaf()
    other = Certificate(key=ec.generate_private_key(ec.SECP256R1()))
    chain = [
        certificate.public_bytes(Encoding.DER) for certificate in (other.issued_by(batch.key, leaf), leaf)
    ]
    forgery = Registration(certificate=other, chain=chain, public_key=cose_key(CREDENTIAL_KEY))

    assert code(register(forgery.presented())) is K.ATTESTATION_CHAIN


def test_the_virtual_authenticator_of_chromium_is_denied_by_its_key() -> None:
    """Its private key is public, and developer tools give out the credential's."""
    assert told(Registration(certificate=Certificate(key=CHROMIUM)).presented()) == ("virtual-authenticator",)


def test_py_webauthn_takes_any_credential_id_and_any_user_handle_at_login() -> None:
    """The id is not signed: whoever passes the key is the one."""
    swapped = Assertion(credential_id=b"another").presented()
    foreign = Assertion(user_handle=b"somebody").presented()

    assert library_accepts_assertion(swapped)
    assert library_accepts_assertion(foreign)
    assert code(sign_in(swapped)) is K.CREDENTIAL_MISMATCH
    assert code(sign_in(foreign)) is K.USER_HANDLE_MISMATCH


def test_py_webauthn_does_not_compare_a_key_with_what_it_was_at_registration() -> None:
    """Backup eligibility is fixed at registration; that it changed says that this is another thing."""
    presented = Assertion(flags=UP | UV | BE).presented()

    assert library_accepts_assertion(presented)
    assert code(sign_in(presented)) is K.BACKUP_STATE


def test_py_webauthn_tells_a_copied_key_like_any_other_mistake() -> None:
    presented = Assertion(counter=7).presented()

    with pytest.raises(Exception, match="sign count"):
        verify_authentication_response(
            credential=presented,
            expected_challenge=CHALLENGE,
            expected_rp_id=RP_ID,
            expected_origin="https://door.example",
            credential_public_key=stored().public_key,
            credential_current_sign_count=7,
        )
    assert code(sign_in(presented)) is K.COUNTER_REGRESSED


def test_py_webauthn_does_not_compare_the_model_in_the_certificate_of_a_tpm() -> None:
    """There is a note in its source that it should."""
    made = Tpm(aaguid_in_certificate=OTHER_AAGUID)

    assert library_accepts_registration(made.presented())
    assert code(register(made.presented(), formats=frozenset({"tpm"}))) is K.AAGUID_MISMATCH


def test_py_webauthn_lets_a_tpm_certify_a_key_that_may_leave_it() -> None:
    made = Tpm(attributes=1 << 18)

    assert library_accepts_registration(made.presented())
    assert code(register(made.presented(), formats=frozenset({"tpm"}))) is K.SYNCED
