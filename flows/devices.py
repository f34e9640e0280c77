"""A laptop enrols, is approved, and reports for its owner's open sessions.

Who attacks this: a contractor who enrols a clean twin (an admin approves each
device; a report counts fully only from the session's own address, and even
then no more than D1), who replays a good report (nonce of the session, single
use; the report is young), who reports for another person's session (the
session must be the owner's), who stops reporting (missing caps the tier, and
what was adverse stays in force: see ``evidence.standing``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import secret_digest
from crypto.jws import SignatureInvalid, public_key, thumbprint, unverified_header, verify
from crypto.secrets import base64url
from domain.errors import Conflict, Forbidden, Invalid, NotAuthenticated, NotFound
from domain.evidence import Binding, Observation
from evidence.observe import from_report
from flows.liveness import read_roots, session_problem
from flows.parts import Parts
from flows.people import make_link
from flows.session import Viewer
from models.devices import Device, set_nonce, spend_nonce
from models.evidence import ObservationRow, add_observations
from models.people import Person, Principal, consume_code
from models.sessions import BrowserSession, sessions_of

POLL_TYPE = "doorward-poll+jwt"
REPORT_TYPE = "doorward-posture+jwt"
MAX_SKEW = timedelta(seconds=30)
MAX_REPORT_LIFE = timedelta(minutes=5)
MAX_POLL_LIFE = timedelta(seconds=60)
POLL_AFTER_SECONDS = 15
REPORT_AFTER_SECONDS = 60


class ReportRefused(Invalid):
    """A laptop's message was refused; the code says why."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the agent learns about its report."""

    binding: Binding
    next_nonce: str


def enrolment_code(parts: Parts, viewer: Viewer) -> str:
    """Make the one-time code with which the viewer's laptop enrols (15 minutes, single use)."""
    with parts.db.write() as session:
        code = make_link(
            session,
            parts,
            purpose="device",
            person_id=viewer.person_id,
            lifetime=parts.limits.device_code,
            by=viewer.person_id,
        )
        parts.commit(session)
        return code


def enrol(parts: Parts, *, code: str, jwk: dict[str, Any], name: str, platform: dict[str, Any]) -> Device:
    """Spend the code and store the laptop's public key; it waits for an admin."""
    now = parts.clock.now()
    try:
        public_key(jwk)
        print_ = thumbprint(jwk)
    except SignatureInvalid as error:
        raise Invalid(str(error), code="device-key") from error
    if not name.strip() or len(name) > 128:
        raise Invalid("a laptop needs a name", code="device-name")
    with parts.db.write() as session:
        spent = consume_code(session, secret_digest(code), "device", now)
        owner = session.get(Person, spent.person_id) if spent and spent.person_id else None
        if spent is None or spent.person_id is None or owner is None or owner.state != "active":
            raise NotFound(
                "this code was used already or is too old",
                code="enrolment-code-over",
                remedy="Make a new code on My keys and sessions.",
            )
        if session.scalar(select(Device).where(Device.thumbprint == print_)) is not None:
            raise Conflict("this key belongs to an enrolled laptop", code="device-known")
        device = Device(
            id=parts.ids.new("dev"),
            person_id=spent.person_id,
            name=name.strip(),
            jwk={member: jwk[member] for member in ("kty", "crv", "x", "y")},
            thumbprint=print_,
            platform={key: str(platform.get(key, ""))[:64] for key in ("os", "version")},
            created_at=now,
        )
        session.add(Principal(id=device.id, kind="device"))
        session.flush()
        session.add(device)
        details = {"device": device.id, "name": device.name, "thumbprint": print_}
        parts.commit(session, Event(EventKind.DEVICE_ENROLLED, device.id, device.person_id, details))
        return device


def settle(session: Session, parts: Parts, device_id: str, *, state: str, by: str) -> Event:
    """Approve or revoke a laptop; the caller commits the event."""
    now = parts.clock.now()
    before = {"approved": ("pending",), "revoked": ("pending", "approved")}[state]
    device = session.get(Device, device_id, with_for_update=True)
    if device is None:
        raise NotFound("there is no such laptop")
    if device.state not in before:
        raise Conflict(f"the laptop is {device.state}", code="device-state")
    device.state, device.decided_by, device.decided_at = state, by, now
    kind = EventKind.DEVICE_APPROVED if state == "approved" else EventKind.DEVICE_REVOKED
    return Event(kind, by, device.person_id, {"device": device.id, "name": device.name})


def poll(parts: Parts, token: str) -> dict[str, Any]:
    """Return the open sessions of the laptop's owner, each with the nonce of its next report."""
    now = parts.clock.now()
    with parts.db.write() as session:
        device, _claims = _authenticate(session, parts, token, POLL_TYPE, MAX_POLL_LIFE, now)
        open_now = []
        for row in sessions_of(session, device.person_id, now):
            if session_problem(read_roots(session, row.id), now=now):
                continue
            nonce = base64url(parts.randomness.bytes(16))
            set_nonce(session, device.id, row.id, secret_digest(nonce), now)
            open_now.append({"session": row.id, "nonce": nonce})
        parts.commit(session)
    return {
        "sessions": open_now,
        "poll_after": POLL_AFTER_SECONDS,
        "report_after": REPORT_AFTER_SECONDS,
    }


def report(parts: Parts, token: str, *, address: str) -> Accepted:
    """Check a signed report, store what it observed, and give the next nonce.

    A report that an approved laptop signed and that is refused all the same is
    recorded, and its nonce stays spent.
    """
    now = parts.clock.now()
    with parts.db.write() as session:
        device, claims = _authenticate(session, parts, token, REPORT_TYPE, MAX_REPORT_LIFE, now)
        try:
            observed, next_nonce = _observe(session, parts, device, claims, address, now)
        except Invalid as refused:
            details = {"device": device.id, "reason": refused.code}
            parts.commit(session, Event(EventKind.REPORT_REFUSED, device.id, device.person_id, details))
            raise
        changed = _changed(session, device, observed)
        add_observations(session, observed)
        device.last_report_at = now
        parts.commit(session, *changed)
        return Accepted(observed[0].binding if observed else Binding.D0, next_nonce)


def _observe(
    session: Session, parts: Parts, device: Device, claims: dict[str, Any], address: str, now: datetime
) -> tuple[tuple[Observation, ...], str]:
    """Spend the nonce and read the facts; raises Invalid for a wrong session, nonce or fact."""
    roots = read_roots(session, str(claims.get("sid", "")))
    if roots is None or roots.person.id != device.person_id or session_problem(roots, now=now):
        raise ReportRefused("the report is for no open session of its owner", code="report-session")
    next_nonce = base64url(parts.randomness.bytes(16))
    fresh = spend_nonce(
        session,
        device.id,
        roots.session.id,
        presented=secret_digest(str(claims.get("nonce", ""))),
        replacement=secret_digest(next_nonce),
        now=now,
    )
    if not fresh:
        raise ReportRefused(
            "the report's nonce was used already", code="report-replayed", remedy="Poll again."
        )
    facts = claims.get("facts")
    if not isinstance(facts, dict):
        raise ReportRefused("the report holds no facts", code="report-malformed")
    observed = from_report(
        facts,
        person=device.person_id,
        session=roots.session.id,
        device=device.id,
        binding=_binding(roots.session, address),
        observed_at=_moment(claims, "iat"),
        received_at=now,
        ids=parts.ids,
    )
    return observed, next_nonce


def _authenticate(
    session: Session, parts: Parts, token: str, typ: str, longest: timedelta, now: datetime
) -> tuple[Device, dict[str, Any]]:
    """Verify that an approved laptop signed *token* just now for us."""
    try:
        kid = str(unverified_header(token).get("kid", ""))
        device = session.get(Device, kid)
        if device is None:
            raise NotAuthenticated("no such laptop is enrolled", code="device-unknown")
        claims = verify(token, device.jwk, typ=typ)
    except SignatureInvalid as error:
        raise NotAuthenticated("the signature does not verify", code="report-signature") from error
    if device.state == "pending":
        raise Forbidden("an admin has not approved this laptop yet", code="device-pending")
    person = session.get(Person, device.person_id)
    if device.state != "approved" or person is None or person.state != "active":
        raise Forbidden("this laptop is not in use any more", code="device-revoked")
    if claims.get("iss") != device.id or claims.get("aud") != parts.deployment.public_url:
        raise NotAuthenticated("the message is for another server", code="report-signature")
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if not issued - MAX_SKEW <= now < expires or expires - issued > longest:
        raise ReportRefused(
            "the message is too old or too long-lived",
            code="report-stale",
            remedy="Check the laptop's clock.",
        )
    return device, claims


def _moment(claims: dict[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 33:
        raise ReportRefused(f"`{name}` is not a time", code="report-malformed")
    return datetime.fromtimestamp(value, UTC)


def _binding(row: BrowserSession, address: str) -> Binding:
    """D1 when the report came from the session's own address (IPv6: its /64), else D0."""
    mine, theirs = ip_address(row.address), ip_address(address)
    if isinstance(mine, IPv6Address) and isinstance(theirs, IPv6Address):
        same = theirs in ip_network(f"{mine}/64", strict=False)
    else:
        same = mine == theirs
    return Binding.D1 if same else Binding.D0


def _changed(session: Session, device: Device, observed: tuple[Observation, ...]) -> list[Event]:
    """Return an event when the laptop now says something else than in its last report."""
    before: dict[str, bool] = {}
    rows = session.execute(
        select(ObservationRow.kind, ObservationRow.adverse)
        .where(ObservationRow.device_id == device.id)
        .order_by(ObservationRow.received_at.desc(), ObservationRow.id.desc())
        .limit(16)
    )
    for kind, adverse in rows:
        before.setdefault(kind, adverse)
    turned = {o.kind.value: o.adverse for o in observed if before.get(o.kind.value) != o.adverse}
    if not turned:
        return []
    details = {"device": device.id, "adverse": turned}
    return [Event(EventKind.POSTURE_CHANGED, device.id, device.person_id, details)]


__all__ = [
    "Accepted",
    "ReportRefused",
    "enrol",
    "enrolment_code",
    "poll",
    "report",
    "settle",
]
