"""Models of authenticators to judge: one that keeps every rule, and how to spoil it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from domain.metadata import Model, StatusReport

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
AAGUID = "2fc0579f-8113-47ea-b116-bb5a8db9202a"
OLD = date(2024, 1, 1)

GOOD = Model(
    aaguid=AAGUID,
    description="Good key",
    statuses=(StatusReport("FIDO_CERTIFIED_L1", OLD), StatusReport("FIDO_CERTIFIED", OLD)),
    anchors=(b"anchor",),
    key_protection=("hardware", "secure_element"),
    attachment=("external", "wired"),
    attestation_types=("basic_full",),
    algorithms=("secp256r1_ecdsa_sha256_raw",),
    verification=(("passcode_external", "presence_internal"), ("presence_internal",)),
    matcher_protection=("on_chip",),
)


def with_status(*reports: tuple[str, date | None] | StatusReport, model: Model = GOOD) -> Model:
    """Return *model* with further statuses."""
    more = tuple(r if isinstance(r, StatusReport) else StatusReport(*r) for r in reports)
    return replace(model, statuses=(*more, *model.statuses))


def only_status(*reports: tuple[str, date | None]) -> Model:
    """Return the good model with these statuses and no others."""
    return replace(GOOD, statuses=tuple(StatusReport(*report) for report in reports))
