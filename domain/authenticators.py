"""Security keys: what is kept of them, and why one is refused.

Answers: which facts does a verified ceremony yield, and what does a person read
when a ceremony is refused? The checks themselves are in ``authn``.
``docs/keys.md`` lists every code; a test holds the two equal. Codes are
stable: records and integrators match on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class KeyRefusal(Enum):
    """Every reason for which a ceremony with a security key is refused."""

    MALFORMED = "malformed"
    TOO_LARGE = "too-large"

    TYPE_MISMATCH = "type-mismatch"
    CHALLENGE_MISMATCH = "challenge-mismatch"
    ORIGIN_MISMATCH = "origin-mismatch"
    CROSS_ORIGIN = "cross-origin"
    TOP_ORIGIN = "top-origin"
    RP_MISMATCH = "rp-mismatch"

    NO_TOUCH = "no-touch"
    NO_PIN = "no-pin"
    SYNCED = "synced"
    BACKUP_STATE = "backup-state"

    ALGORITHM_REFUSED = "algorithm-refused"
    ALGORITHM_CURVE_MISMATCH = "algorithm-curve-mismatch"
    CREDENTIAL_ID_SIZE = "credential-id-size"
    CREDENTIAL_MISMATCH = "credential-mismatch"
    USER_HANDLE_MISMATCH = "user-handle-mismatch"

    ATTESTATION_MISSING = "attestation-missing"
    ATTESTATION_SELF = "attestation-self"
    ATTESTATION_FORMAT = "attestation-format"
    VIRTUAL_AUTHENTICATOR = "virtual-authenticator"
    AAGUID_ZERO = "aaguid-zero"
    ATTESTATION_UNTRUSTED = "attestation-untrusted"
    ATTESTATION_CERTIFICATE = "attestation-certificate"
    AAGUID_MISMATCH = "aaguid-mismatch"
    AAGUID_EXTENSION_MISSING = "aaguid-extension-missing"
    ATTESTATION_CHAIN = "attestation-chain"
    ATTESTATION_SIGNATURE = "attestation-signature"

    SIGNATURE_INVALID = "signature-invalid"
    COUNTER_REGRESSED = "counter-regressed"

    KEY_IN_USE = "key-in-use"
    KEY_SUSPENDED = "key-suspended"

    @property
    def text(self) -> KeyText:
        """What to show to a person who registers a key, or who has proven to hold it."""
        return TEXTS[self]


@dataclass(frozen=True, slots=True)
class KeyText:
    """What a contractor reads.

    *quiet*: can arise at login before possession of the key is proven. If such
    codes had texts of their own there, a stranger could tell an account that
    exists from one that does not.
    """

    sentence: str
    remedy: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused ceremony. *detail* is for the record and for admins, never for the page."""

    code: KeyRefusal
    detail: str = ""

    def __bool__(self) -> bool:
        raise TypeError("ask isinstance(…, Refusal); a Refusal has no truth value")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A certificate that the operator trusts to vouch for one key model.

    *aaguid* is the lower-case UUID of the model. *certificate* is DER: a root,
    an intermediate, or the attestation certificate itself.
    """

    aaguid: str
    certificate: bytes
    label: str


@dataclass(frozen=True, slots=True)
class VerifiedRegistration:
    """A credential made on a trusted key model, with its touch and PIN.

    *public_key* is COSE. *attestation_object*, *leaf_der* and *leaf_sha256*
    (hex) are the evidence to keep. *transports_hint* is the client's unsigned
    word. *serial* is what an enterprise attestation says, else None.
    Uniqueness over all people is not checked here.
    """

    credential_id: bytes
    public_key: bytes
    algorithm: int
    sign_count: int
    aaguid: str
    transports_hint: tuple[str, ...]
    attestation_object: bytes
    leaf_der: bytes
    leaf_sha256: str
    backup_eligible: bool
    user_verified: bool
    serial: bytes | None


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """A challenge signed by a known credential, with its touch and PIN.

    *sign_count_stored* is the counter that the credential's row showed when
    the assertion was verified: the value to compare and swap against. Client
    data, authenticator data and signature are the full evidence of the tap.
    """

    credential_id: bytes
    sign_count: int
    sign_count_stored: int
    user_verified: bool
    client_data: bytes
    authenticator_data: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class StoredCredential:
    """What is known of a registered credential. *public_key* is COSE, *id* ours."""

    id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    algorithm: int


_AGAIN = "Go back to the first page of Doorward and start again."
_OUR_KEY = "Use the key you were sent."
_SECURITY = "Contact security by the number on your contract."

TEXTS: dict[KeyRefusal, KeyText] = {
    KeyRefusal.MALFORMED: KeyText("Your browser's answer could not be read.", _AGAIN, quiet=True),
    KeyRefusal.TOO_LARGE: KeyText("Your browser's answer is longer than any key's.", _AGAIN, quiet=True),
    KeyRefusal.TYPE_MISMATCH: KeyText("The key did something else than was asked.", _AGAIN, quiet=True),
    KeyRefusal.CHALLENGE_MISMATCH: KeyText("The key answered an older question.", _AGAIN, quiet=True),
    KeyRefusal.ORIGIN_MISMATCH: KeyText(
        "The key was used on a page that is not ours.",
        "Open Doorward by the address on your contract, not by a link. " + _SECURITY,
        quiet=True,
    ),
    KeyRefusal.CROSS_ORIGIN: KeyText(
        "The key was used inside a page of somebody else.",
        "Open Doorward in a tab of its own and start again.",
    ),
    KeyRefusal.TOP_ORIGIN: KeyText(
        "Doorward was shown inside another site.",
        "Open Doorward in a tab of its own and start again.",
    ),
    KeyRefusal.RP_MISMATCH: KeyText("The key answered for another site.", _AGAIN, quiet=True),
    KeyRefusal.NO_TOUCH: KeyText("The key was not touched.", "Try again, and touch the key when it blinks."),
    KeyRefusal.NO_PIN: KeyText(
        "The key's PIN was not asked for, or the key has none.",
        "Set a PIN on the key in your system's settings, then try again.",
    ),
    KeyRefusal.SYNCED: KeyText(
        "This is a passkey that can be copied to other devices.",
        "Use a physical security key: choose it when your browser asks where to keep the passkey.",
    ),
    KeyRefusal.BACKUP_STATE: KeyText("What the key says about copies of itself does not fit.", _SECURITY),
    KeyRefusal.ALGORITHM_REFUSED: KeyText("This key signs in a way that is not accepted here.", _OUR_KEY),
    KeyRefusal.ALGORITHM_CURVE_MISMATCH: KeyText("The key's public half contradicts itself.", _OUR_KEY),
    KeyRefusal.CREDENTIAL_ID_SIZE: KeyText("The key's handle is too long.", _OUR_KEY, quiet=True),
    KeyRefusal.CREDENTIAL_MISMATCH: KeyText("The key's handle is not the expected one.", _AGAIN, quiet=True),
    KeyRefusal.USER_HANDLE_MISMATCH: KeyText(
        "The key answered for another account.", "Choose your own account when asked.", quiet=True
    ),
    KeyRefusal.ATTESTATION_MISSING: KeyText(
        "Your browser did not pass on the key's certificate.",
        "Try again, and choose Allow when it asks to show the site your key's make and model.",
    ),
    KeyRefusal.ATTESTATION_SELF: KeyText("This key vouches only for itself; its maker does not.", _OUR_KEY),
    KeyRefusal.ATTESTATION_FORMAT: KeyText(
        "This is not the kind of key that can be accepted.",
        "Use the key you were sent, not the laptop's or a phone's own passkey.",
    ),
    KeyRefusal.VIRTUAL_AUTHENTICATOR: KeyText(
        "This key is a program, not a thing.", "Close the browser's developer tools and use a real key."
    ),
    KeyRefusal.AAGUID_ZERO: KeyText("This key does not say which model it is.", _OUR_KEY),
    KeyRefusal.ATTESTATION_UNTRUSTED: KeyText("This key model is not on the list.", _OUR_KEY),
    KeyRefusal.ATTESTATION_CERTIFICATE: KeyText(
        "The key's certificate does not keep the rules for such certificates.", _OUR_KEY
    ),
    KeyRefusal.AAGUID_MISMATCH: KeyText("The key's certificate is for another model.", _OUR_KEY),
    KeyRefusal.AAGUID_EXTENSION_MISSING: KeyText(
        "The key's certificate does not say for which model it is.", _OUR_KEY
    ),
    KeyRefusal.ATTESTATION_CHAIN: KeyText(
        "The key's certificate does not come from the maker of this model, or has expired.", _OUR_KEY
    ),
    KeyRefusal.ATTESTATION_SIGNATURE: KeyText(
        "The signature of the key's maker is wrong.", "Try again. " + _OUR_KEY
    ),
    KeyRefusal.SIGNATURE_INVALID: KeyText("The key's signature is wrong.", "Try again.", quiet=True),
    KeyRefusal.COUNTER_REGRESSED: KeyText(
        "The key counted backwards: somebody may hold a copy, so it was stopped.", _SECURITY
    ),
    KeyRefusal.KEY_IN_USE: KeyText("This key already belongs to an account.", _SECURITY),
    KeyRefusal.KEY_SUSPENDED: KeyText(
        "This key was stopped for safety.", "Call the number on your contract; do not use mail."
    ),
}
