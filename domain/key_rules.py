"""What a key must be before anybody may use it here, and which rule a model breaks.

Answers: which properties does the operator require of an authenticator? The
facts come from its maker's metadata (``authn.metadata``) and from the ceremony
itself; judging is ``authn``'s.
Source: FIDO Metadata Statement 3.0, section 4; FIDO Metadata Service 3.0, 3.1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


class KeyRule(Enum):
    """Every rule that a model's metadata can break. Values are stable: records and reports match on them."""

    ENTRY_MALFORMED = "entry-malformed"
    STATUS_BAD = "status-bad"
    STATUS_UNKNOWN = "status-unknown"
    RETIRED = "retired"
    CERTIFICATION_LEVEL = "certification-level"
    KEY_PROTECTION = "key-protection"
    RESTRICTED_KEY = "restricted-key"
    ATTACHMENT = "attachment"
    MULTI_DEVICE = "multi-device"
    ATTESTATION_TYPE = "attestation-type"
    ALGORITHM = "algorithm"
    VERIFICATION_METHOD = "verification-method"
    DENIED_MODEL = "denied-model"
    DENIED_CERTIFICATE = "denied-certificate"
    DENIED_KEY = "denied-key"
    NOT_LISTED = "not-listed"


class Level(Enum):
    """FIDO's levels of certification, in rising order."""

    L1 = "L1"
    L1_PLUS = "L1plus"
    L2 = "L2"
    L2_PLUS = "L2plus"
    L3 = "L3"
    L3_PLUS = "L3plus"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class Protection(Enum):
    """Where a private key must live: in a secure element, or at least in hardware."""

    SECURE_ELEMENT = "secure-element"
    HARDWARE = "hardware"


@dataclass(frozen=True, slots=True)
class KeyRules:
    """The operator's requirement.

    *formats* of attestation and COSE *algorithms* that are admitted; *level*
    and *protection* a model's metadata must show. *min_pin_length* and
    *cred_protect* (0: not demanded) are what a key must prove in its signed
    extensions. *metadata_grace* is how long metadata counts after its
    ``nextUpdate``. *enterprise* asks keys for their serial number;
    *inventory* accepts only those whose serial number waits for their owner.
    """

    formats: frozenset[str] = frozenset({"packed"})
    algorithms: tuple[int, ...] = (-7, -8)
    level: Level = Level.L1
    protection: Protection = Protection.SECURE_ELEMENT
    min_pin_length: int = 0
    cred_protect: int = 0
    metadata_grace: timedelta = timedelta(days=30)
    enterprise: bool = False
    inventory: bool = False
