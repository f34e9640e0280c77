"""Which models are admitted today: overlay, denials, metadata and their age, together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from authn.trust import Trust
from domain.authenticators import VerifiedRegistration
from domain.key_refusals import KeyRefusal, Refusal
from domain.key_rules import KeyRule, KeyRules, Level
from domain.metadata import Denials, Metadata, Model, StatusReport
from tests.authn.asking import register, told
from tests.authn.forgery import (
    AAGUID,
    ANCHORS,
    AUTHORITY,
    FOREIGN_AUTHORITY,
    NOW,
    OTHER_AAGUID,
    Certificate,
    Registration,
    anchor,
)
from tests.authn.metadata.models import GOOD
from tests.authn.recording import case, explained, overlay, payload
from tests.authn.soft_tpm import Tpm

ROOT = AUTHORITY.certificate.public_bytes(Encoding.DER)
FOREIGN_ROOT = FOREIGN_AUTHORITY.certificate.public_bytes(Encoding.DER)
DAY = timedelta(days=1)
HONEST = Registration(certificate=(MADE := Certificate()))
LEAF = HONEST.leaf()
LEAF_DER = LEAF.public_bytes(Encoding.DER)
PINNED = replace(HONEST, chain=[LEAF_DER])


def model(*reports: StatusReport, **changes: Any) -> Model:
    statuses = (*reports, *GOOD.statuses)
    return replace(GOOD, **({"aaguid": AAGUID, "anchors": (ROOT,), "statuses": statuses} | changes))


def known(*models: Model, next_update: datetime = NOW + DAY) -> Metadata:
    return Metadata("mdi_1", 7, next_update, True, {one.aaguid: one for one in models})


def refused(trust: Trust, forgery: Registration = PINNED) -> tuple[str, ...]:
    return told(forgery.presented(), trust)


def test_a_model_that_keeps_every_rule_is_admitted_by_its_own_anchors() -> None:
    verified = register(PINNED.presented(), trust=Trust(metadata=known(model())))

    assert isinstance(verified, VerifiedRegistration)


def test_without_metadata_and_overlay_nothing_can_be_checked() -> None:
    assert refused(Trust()) == ("metadata-stale",)


def test_a_model_that_neither_lists_is_not_certified() -> None:
    elsewhere = anchor(AUTHORITY.certificate, OTHER_AAGUID)

    assert refused(Trust((elsewhere,))) == ("not-certified", "not-listed")
    assert refused(Trust(metadata=known())) == ("not-certified", "not-listed")


@pytest.mark.parametrize(
    ("next_update", "expected"),
    [
        (NOW + DAY, ()),
        (NOW, ()),
        (NOW - 29 * DAY, ()),
        (NOW - 30 * DAY, ("metadata-stale",)),
        (NOW - 400 * DAY, ("metadata-stale",)),
    ],
)
def test_old_metadata_count_for_thirty_days_more(next_update: datetime, expected: tuple[str, ...]) -> None:
    assert refused(Trust(metadata=known(model(), next_update=next_update))) == expected


def test_what_the_overlay_allows_needs_no_fresh_metadata() -> None:
    stale = known(next_update=NOW - 400 * DAY)

    assert refused(Trust(ANCHORS, metadata=stale)) == ()
    assert refused(Trust((anchor(AUTHORITY.certificate, OTHER_AAGUID),), metadata=stale)) == (
        "metadata-stale",
    )


@pytest.mark.parametrize(
    ("changes", "rules", "expected"),
    [
        ({"key_protection": ("software",)}, KeyRules(), "key-protection"),
        ({"attachment": ("internal",)}, KeyRules(), "attachment"),
        ({"restricted": False}, KeyRules(), "restricted-key"),
        ({}, KeyRules(level=Level.L2), "certification-level"),
        ({"algorithms": ("ed25519_eddsa_sha512_raw",)}, KeyRules(), "algorithm"),
        ({"broken": "attachmentHint is missing"}, KeyRules(), "entry-malformed"),
        ({"statuses": (StatusReport("SOMETHING_NEW"),)}, KeyRules(), "status-unknown"),
    ],
)
def test_a_rule_that_the_model_breaks_is_told_and_the_overlay_stands_above_it(
    changes: dict[str, Any], rules: KeyRules, expected: str
) -> None:
    metadata = known(model(**changes))

    codes = refused(Trust(metadata=metadata, rules=rules))

    assert codes[0] == "not-certified"
    assert expected in codes
    assert refused(Trust(ANCHORS, metadata=metadata, rules=rules)) == ()


@pytest.mark.parametrize("status", ["REVOKED", "USER_VERIFICATION_BYPASS", "ATTESTATION_KEY_COMPROMISE"])
def test_a_compromise_stands_above_the_overlay_and_stops_keys_that_are_registered(status: str) -> None:
    metadata = known(model(StatusReport(status, date(2026, 11, 1))), next_update=NOW - 400 * DAY)
    trust = Trust(ANCHORS, metadata=metadata)

    assert refused(trust) == ("not-certified", "status-bad")
    assert rules_of(trust.standing_finding(AAGUID, LEAF_DER, NOW)) == (KeyRule.STATUS_BAD,)


def test_a_compromise_counts_from_its_day_on() -> None:
    trust = Trust(ANCHORS, metadata=known(model(StatusReport("REVOKED", date(2026, 11, 23)))))

    assert refused(trust) == ()
    assert trust.standing_finding(AAGUID, LEAF_DER, NOW) is None
    assert rules_of(trust.standing_finding(AAGUID, LEAF_DER, NOW + DAY)) == (KeyRule.STATUS_BAD,)


def test_a_compromised_certificate_vouches_for_nothing_and_its_model_goes_on() -> None:
    reported = StatusReport("ATTESTATION_KEY_COMPROMISE", date(2026, 1, 1), LEAF_DER)
    trust = Trust(metadata=known(model(reported)))

    assert refused(trust) == ("not-certified", "status-bad")
    assert rules_of(trust.standing_finding(AAGUID, LEAF_DER, NOW)) == (KeyRule.STATUS_BAD,)
    assert refused(trust, Registration()) == ()


def test_a_compromised_authority_vouches_for_nothing() -> None:
    reported = StatusReport("ATTESTATION_KEY_COMPROMISE", date(2026, 1, 1), ROOT)

    assert refused(Trust(metadata=known(model(reported)))) == ("not-certified", "status-bad")


def test_a_retired_model_or_old_metadata_stop_no_key_that_is_registered() -> None:
    retired = known(model(StatusReport("RETIRED")), next_update=NOW - 400 * DAY)

    assert Trust(metadata=retired).standing_finding(AAGUID, LEAF_DER, NOW) is None
    assert Trust(metadata=known()).standing_finding(AAGUID, LEAF_DER, NOW) is None


def test_a_denial_stands_above_everything_and_all_reasons_are_told() -> None:
    denials = Denials(models=frozenset({AAGUID}))
    metadata = known(model(attachment=("internal",)))

    assert refused(Trust(ANCHORS, denials)) == ("not-certified", "denied-model")
    assert refused(Trust(denials=denials, metadata=metadata)) == (
        "not-certified",
        "denied-model",
        "attachment",
    )


def test_the_overlay_s_anchors_replace_those_of_metadata() -> None:
    trust = Trust((anchor(FOREIGN_AUTHORITY.certificate),), metadata=known(model()))

    assert refused(trust) == ("attestation-chain",)


def test_an_authority_is_shared_over_overlay_and_metadata_together() -> None:
    """Else a key of a model in metadata could say that it is the one that the operator allows."""
    unnamed = Registration(certificate=Certificate(aaguid=None))
    other = known(model(aaguid=OTHER_AAGUID))

    assert refused(Trust(ANCHORS), unnamed) == ()
    assert refused(Trust(ANCHORS, metadata=other), unnamed) == ("aaguid-extension-missing",)


def test_an_anchor_that_cannot_be_read_vouches_for_nothing_and_spoils_nothing() -> None:
    broken = model(anchors=(b"no certificate", ROOT))

    assert refused(Trust(metadata=known(broken, model(aaguid=OTHER_AAGUID, anchors=(b"x",))))) == ()
    assert refused(Trust(metadata=known(model(anchors=(b"no certificate",))))) == ("attestation-chain",)


def test_a_model_without_any_anchor_is_never_vouched_for() -> None:
    """No anchors must not mean no check."""
    assert refused(Trust(metadata=known(model(anchors=())))) == ("attestation-chain",)


def test_metadata_s_rules_refuse_the_chip_of_a_computer_and_the_overlay_admits_it() -> None:
    rules = KeyRules(formats=frozenset({"packed", "tpm"}))
    chip = model(attachment=("internal",), attestation_types=("attca",), key_protection=("hardware",))

    codes = told(Tpm().presented(), Trust(metadata=known(chip), rules=rules))

    assert codes == ("not-certified", "key-protection", "attachment")
    assert told(Tpm().presented(), Trust(ANCHORS, metadata=known(chip), rules=rules)) == ()


def test_a_model_is_called_as_the_operator_calls_it_or_else_as_its_maker_does() -> None:
    metadata = known(model(StatusReport("RETIRED", date(2030, 1, 1))), model(aaguid=OTHER_AAGUID))

    assert Trust(ANCHORS, metadata=metadata).label(AAGUID) == "test"
    assert Trust(metadata=metadata).label(AAGUID) == "Good key"
    assert Trust().label(AAGUID) == AAGUID
    assert Trust(metadata=metadata).statuses(AAGUID, NOW) == ("FIDO_CERTIFIED_L1", "FIDO_CERTIFIED")
    assert Trust().statuses(AAGUID, NOW) == ()


def test_the_command_reads_a_bare_payload_of_metadata(tmp_path: Path) -> None:
    recorded = case(PINNED.presented())

    assert explained(tmp_path, recorded, metadata=payload()).reasons == []
    assert explained(tmp_path, recorded, metadata=payload(keyProtection=["software"])).reasons == [
        "not-certified",
        "key-protection",
    ]
    later = "2027-03-01T00:00:00Z"
    assert explained(tmp_path, recorded, metadata=payload(), at=later).reasons == ["metadata-stale"]
    assert explained(tmp_path, recorded, metadata=payload(), at=later, allow=overlay()).reasons == []


def rules_of(finding: Refusal | None) -> tuple[KeyRule, ...]:
    assert finding is not None
    assert finding.code is KeyRefusal.NOT_CERTIFIED
    return finding.rules
