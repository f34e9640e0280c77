"""Why a ceremony with a security key is refused, and what its owner then reads.

Answers: which closed reason does a refusal carry, and what does a person do
about it? The checks themselves are in ``authn``. ``docs/keys.md`` lists every
code; a test holds the two equal. Codes are stable: records and integrators
match on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from domain.key_rules import KeyRule


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
    ATTESTATION_TPM = "attestation-tpm"
    ATTESTATION_ANDROID = "attestation-android-key"
    ATTESTATION_APPLE = "attestation-apple"
    ATTESTATION_U2F = "attestation-fido-u2f"
    VIRTUAL_AUTHENTICATOR = "virtual-authenticator"
    AAGUID_ZERO = "aaguid-zero"
    NOT_CERTIFIED = "not-certified"
    METADATA_STALE = "metadata-stale"
    ATTESTATION_CERTIFICATE = "attestation-certificate"
    AAGUID_MISMATCH = "aaguid-mismatch"
    AAGUID_EXTENSION_MISSING = "aaguid-extension-missing"
    ATTESTATION_CHAIN = "attestation-chain"
    ATTESTATION_SIGNATURE = "attestation-signature"

    SIGNATURE_INVALID = "signature-invalid"
    COUNTER_REGRESSED = "counter-regressed"

    PIN_TOO_SHORT = "pin-too-short"
    PIN_NOT_ENFORCED = "pin-not-enforced"
    REMOTE_KEY = "remote-key"
    SERIAL_MISSING = "serial-missing"
    SERIAL_MISMATCH = "serial-mismatch"

    KEY_IN_USE = "key-in-use"
    KEY_PENDING = "key-pending"
    KEY_SUSPENDED = "key-suspended"
    TIMEOUT = "timeout"

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


class ActivationFault(Enum):
    """Why a key was not activated, though its touch was in order.

    For the record: whoever tried reads one text for all of them.
    """

    NOT_WAITING = "key-not-waiting"
    CODE_WRONG = "code-wrong"
    CODE_OF_ANOTHER = "code-of-another"
    CODE_SUPERSEDED = "code-superseded"
    CODE_USED = "code-used"
    CODE_EXPIRED = "code-expired"

    @property
    def words(self) -> str:
        return _FAULT_WORDS[self]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused ceremony. *detail* is for the record and for admins, never for the page.

    *rules* are those that the key's model breaks, where that is the reason.
    *owner* is the id of whose key it is, where it is somebody else's. *aaguid*
    is the model that the key says it is of, where its statement could be read.
    """

    code: KeyRefusal
    detail: str = ""
    rules: tuple[KeyRule, ...] = ()
    owner: str = ""
    aaguid: str = ""

    def __bool__(self) -> bool:
        raise TypeError("ask isinstance(…, Refusal); a Refusal has no truth value")


def host_remedy(refusal: Refusal) -> str:
    """Return what to do for whoever holds a link that was made on the host: nobody sent them a key."""
    if refusal.code in {KeyRefusal.NOT_CERTIFIED, KeyRefusal.METADATA_STALE}:
        return (
            f"On the host, trust its model: doorward keys trust add {refusal.aaguid or 'AAGUID'} maker.pem"
            " --label NAME. Or import the list of models: doorward keys import-metadata FILE. Then try again."
        )
    remedy = refusal.code.text.remedy
    return remedy.replace("the key you were sent", "another key").replace("the key we sent you", "the key")


_FAULT_WORDS = {
    ActivationFault.NOT_WAITING: "The key does not wait to be activated",
    ActivationFault.CODE_WRONG: "The code was never made here",
    ActivationFault.CODE_OF_ANOTHER: "The code is another person's",
    ActivationFault.CODE_SUPERSEDED: "The code was ended by a newer code or link, or by a suspension",
    ActivationFault.CODE_USED: "The code was used already, or ended when a key was activated",
    ActivationFault.CODE_EXPIRED: "The code is too old",
}
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
    KeyRefusal.ALGORITHM_REFUSED: KeyText(
        "This key signs in a way that is not accepted here.", _OUR_KEY, quiet=True
    ),
    KeyRefusal.ALGORITHM_CURVE_MISMATCH: KeyText(
        "The key's public half contradicts itself.", _OUR_KEY, quiet=True
    ),
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
    KeyRefusal.ATTESTATION_TPM: KeyText(
        "This is the computer's own chip, not a security key.",
        "Choose the security key when your browser asks where to keep the passkey. " + _OUR_KEY,
    ),
    KeyRefusal.ATTESTATION_ANDROID: KeyText("This is a phone's own passkey, not a security key.", _OUR_KEY),
    KeyRefusal.ATTESTATION_APPLE: KeyText(
        "This is the passkey of an Apple device, not a security key.", _OUR_KEY
    ),
    KeyRefusal.ATTESTATION_U2F: KeyText(
        "This key, or this browser, speaks an old language that cannot check a PIN.",
        "Try another browser. If that fails, use the key you were sent.",
    ),
    KeyRefusal.NOT_CERTIFIED: KeyText("This key model is not on the certified list.", _OUR_KEY),
    KeyRefusal.METADATA_STALE: KeyText(
        "We cannot check new keys now. Keys that are registered go on working.",
        "Try again later; the people who run Doorward must bring its list of key models up to date.",
    ),
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
    KeyRefusal.PIN_TOO_SHORT: KeyText(
        "The key allows a PIN that is shorter than is asked for here.",
        "Set the key to a longer PIN, or use the key you were sent.",
    ),
    KeyRefusal.PIN_NOT_ENFORCED: KeyText("The key does not promise to ask for its PIN each time.", _OUR_KEY),
    KeyRefusal.REMOTE_KEY: KeyText(
        "The answer came from a phone or from another computer, not from a key in this one.",
        "Plug the key we sent you into this computer, and choose it when your browser asks.",
    ),
    KeyRefusal.SERIAL_MISSING: KeyText(
        "The key did not tell its serial number, which is needed here.",
        "Use the key you were sent. If you did, contact security by the number on your contract.",
    ),
    KeyRefusal.SERIAL_MISMATCH: KeyText("This is not the key that was sent to you.", _SECURITY),
    KeyRefusal.KEY_IN_USE: KeyText("This key already belongs to an account.", _SECURITY),
    KeyRefusal.KEY_PENDING: KeyText(
        "This key is registered and waits to be activated.",
        "Go to Activate a key with the code that you are told by telephone, or ask your sponsor.",
    ),
    KeyRefusal.TIMEOUT: KeyText(
        "No touch arrived in time.", "Plug the key in, try again, and touch it when it blinks.", quiet=True
    ),
    KeyRefusal.KEY_SUSPENDED: KeyText(
        "This key was stopped for safety.", "Call the number on your contract; do not use mail."
    ),
}
