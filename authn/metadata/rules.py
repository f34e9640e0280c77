"""Judge a model of authenticator by its metadata.

Answers: which of the operator's rules does this model break, and which of
those also stop keys that are registered already? Knows nothing of a single
ceremony, of the operator's overlay, or of how old the metadata is.
Source: FIDO Metadata Service 3.0, section 3.1.4 (status codes); FIDO Metadata
Statement 3.0, section 4; FIDO Registry of Predefined Values 2.2, section 3.

Nothing heals a compromise: neither a later certification (it is about another
firmware) nor UPDATE_AVAILABLE (no key tells whether it was updated). It counts
until FIDO takes it off the list. A certification does replace a
NOT_FIDO_CERTIFIED that is older than it; one of the same day does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from domain.key_rules import KeyRule, KeyRules, Level, Protection
from domain.metadata import Model, StatusReport

COMPROMISED = frozenset(
    {
        "REVOKED",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "USER_VERIFICATION_BYPASS",
    }
)
"""Statuses that say that keys of this model prove nothing any more."""

UNCERTIFIED = frozenset({"NOT_FIDO_CERTIFIED", "SELF_ASSERTION_SUBMITTED"})
RETIRED = "RETIRED"
UPDATE_AVAILABLE = "UPDATE_AVAILABLE"
_LEVELS = {f"FIDO_CERTIFIED_{level.value}": level for level in Level}
"""Plain FIDO_CERTIFIED is missing on purpose: it certifies that the key works, not how safe it is."""

_PRAISE = ("FIDO_CERTIFIED", "FIPS140_CERTIFIED")
"""A certification that we do not know gives nothing and takes nothing; every other unknown word denies."""

_ALGORITHMS = {
    -7: {"secp256r1_ecdsa_sha256_raw", "secp256r1_ecdsa_sha256_der"},
    -8: {"ed25519_eddsa_sha512_raw"},
    -36: {"secp521r1_ecdsa_sha512_raw"},
    -257: {"rsassa_pkcsv15_sha256_raw", "rsassa_pkcsv15_sha256_der"},
}
"""Names of algorithms in metadata by COSE number; the encoding of a signature is not a property of a key."""

_VERIFICATION = {"passcode_external", "passcode_internal", "fingerprint_internal"}
_NEW_KEYS_ONLY = frozenset({KeyRule.RETIRED, KeyRule.ENTRY_MALFORMED, KeyRule.NOT_LISTED})
_BESIDE_OVERLAY = frozenset(
    {KeyRule.STATUS_BAD, KeyRule.DENIED_MODEL, KeyRule.DENIED_CERTIFICATE, KeyRule.DENIED_KEY}
)


def broken_rules(
    model: Model, rules: KeyRules, *, algorithm: int | None, now: datetime
) -> tuple[KeyRule, ...]:
    """Return every rule that *model* breaks, in the order of ``KeyRule``.

    *algorithm* is the COSE number of a key in question; None asks whether the
    model can make any key that is admitted. *now* is aware UTC: a status that
    begins later does not count yet.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    wanted = rules.algorithms if algorithm is None else (algorithm,)
    checks = {
        KeyRule.ENTRY_MALFORMED: bool(model.broken),
        **_status_rules(model, rules, now),
    }
    if not model.broken:
        checks |= {
            KeyRule.KEY_PROTECTION: not _protected(model, rules.protection),
            KeyRule.RESTRICTED_KEY: not model.restricted,
            KeyRule.ATTACHMENT: not model.attachment or "internal" in model.attachment,
            KeyRule.MULTI_DEVICE: model.multi_device not in ("", "unsupported"),
            KeyRule.ATTESTATION_TYPE: not {"basic_full", "attca"} & set(model.attestation_types),
            KeyRule.ALGORITHM: not any(_ALGORITHMS.get(a, set()) & set(model.algorithms) for a in wanted),
            KeyRule.VERIFICATION_METHOD: not _verifies_user(model),
        }
    return tuple(rule for rule in KeyRule if checks.get(rule, False))


def blocks_enrolled(rule: KeyRule) -> bool:
    """Return whether a key that is registered stops when its model comes to break *rule*.

    What is retired, cannot be read or is not listed any more says nothing
    against the keys that are out there; it stops new ones only.
    """
    return rule not in _NEW_KEYS_ONLY


def counts_beside_overlay(rule: KeyRule) -> bool:
    """Return whether *rule* also counts for a model that the operator trusts by the overlay.

    The operator's word replaces what is asked of a model, never a compromise
    or a denial.
    """
    return rule in _BESIDE_OVERLAY


def compromised_certificates(model: Model, now: datetime) -> tuple[bytes, ...]:
    """Return the certificates (DER) whose attestation key others know: no chain through them counts.

    Where a report names no certificate, the whole model breaks ``STATUS_BAD`` instead.
    """
    return tuple(
        report.certificate
        for report in model.statuses
        if _of_one_certificate(report) and report.certificate is not None and report.holds(now)
    )


def level_of(statuses: Sequence[StatusReport], now: datetime) -> Level | None:
    """Return the highest level of certification that holds, or None if there is none, or no longer."""
    held = [report for report in statuses if report.holds(now)]
    lapsed = _newest(report for report in held if report.status in UNCERTIFIED)
    levels = [
        _LEVELS[report.status]
        for report in held
        if report.status in _LEVELS and (lapsed is None or _day(report) > lapsed)
    ]
    return max(levels, key=lambda level: level.rank, default=None)


def _status_rules(model: Model, rules: KeyRules, now: datetime) -> dict[KeyRule, bool]:
    held = [report for report in model.statuses if report.holds(now)]
    level = level_of(model.statuses, now)
    return {
        KeyRule.STATUS_BAD: any(r.status in COMPROMISED and not _of_one_certificate(r) for r in held),
        KeyRule.STATUS_UNKNOWN: not model.statuses or any(not _known(r.status) for r in held),
        KeyRule.RETIRED: any(r.status == RETIRED for r in held),
        KeyRule.CERTIFICATION_LEVEL: level is None or level.rank < rules.level.rank,
    }


def _of_one_certificate(report: StatusReport) -> bool:
    return report.status == "ATTESTATION_KEY_COMPROMISE" and report.certificate is not None


def _known(status: str) -> bool:
    return status in COMPROMISED | UNCERTIFIED | {RETIRED, UPDATE_AVAILABLE} or status.startswith(_PRAISE)


def _newest(reports: Iterable[StatusReport]) -> date | None:
    return max((_day(report) for report in reports), default=None)


def _day(report: StatusReport) -> date:
    """Return the day for comparing statuses; one without a day holds as long as it is listed."""
    return report.effective or date.max


def _protected(model: Model, protection: Protection) -> bool:
    places = set(model.key_protection)
    if "hardware" not in places or places & {"software", "remote_handle"}:
        return False
    return protection is Protection.HARDWARE or "secure_element" in places


def _verifies_user(model: Model) -> bool:
    """Return whether the key checks a PIN or a fingerprint, and compares it where nobody can reach."""
    methods = {method for together in model.verification for method in together}
    return bool(methods & _VERIFICATION) and model.matcher_protection == ("on_chip",)
