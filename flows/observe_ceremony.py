"""A touch was accepted: what did it show besides who touched?

Who attacks this: whoever keeps other people's keys and touches them on call
(company: other people's keys in the same browser, at the same place, one after
the other), whoever logs in once from a quiet place to look alone (company is
that of the whole month), whoever tells nothing about how the key is connected
(silence makes no observation, and ends none).

Runs inside the caller's transaction, after the touch was verified, and decides
nothing: the touch stays accepted, whatever is seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address, ip_network

from sqlalchemy.orm import Session

from domain.authenticators import VerifiedAssertion
from evidence.ceremony import Ceremony, from_ceremony
from evidence.company import WINDOW, Company, Other, from_company, shared_by_design
from evidence.networks import NamedNetwork, match, place_key
from flows.parts import Parts
from models.evidence import add_observations
from models.keys import Challenge, Credential
from models.touches import Touch, attachments_of, others_at, others_in, touches_at, whereabouts


def observe_touch(
    session: Session,
    parts: Parts,
    assertion: VerifiedAssertion,
    key: Credential,
    challenge: Challenge,
    *,
    session_id: str | None,
    address: str,
    now: datetime,
) -> None:
    """Keep an accepted touch, and what it tells about time, counter and connection.

    *assertion* answers *challenge*, which was taken; *address* is where the
    touch came from. One read, two writes.
    """
    ceremony = Ceremony(
        purpose=challenge.purpose,
        key=key.id,
        asked_at=challenge.created_at,
        answered_at=now,
        count_before=assertion.sign_count_stored,
        count_now=assertion.sign_count,
        registered=tuple(key.transports),
        seen=attachments_of(session, key.id, key.person_id, now - WINDOW),
        attachment=assertion.attachment_hint,
        remote=bool(assertion.remote_hint),
    )
    session.add(
        Touch(
            id=parts.ids.new("tch"),
            person_id=key.person_id,
            credential_id=key.id,
            purpose=challenge.purpose,
            place=place_key(address),
            browser=challenge.browser,
            attachment=assertion.attachment_hint,
            at=now,
        )
    )
    observed = from_ceremony(ceremony, person=key.person_id, session=session_id, ids=parts.ids)
    add_observations(session, observed)


def observe_company(
    session: Session,
    parts: Parts,
    *,
    person_id: str,
    session_id: str,
    address: str,
    networks: Sequence[NamedNetwork],
    now: datetime,
) -> None:
    """Look around at a login, after its touch was kept: whose keys were used where this person's are?

    Three reads and one write; a fourth read where two other people or more were.
    """
    since = now - WINDOW
    around = whereabouts(session, person_id, since)
    places = {place for place, _ in around if not _by_design(place, networks)}
    browsers = {browser for _, browser in around}
    at_places = [Other(*row) for row in others_at(session, person_id, places, since)]
    company = Company(
        in_browsers=tuple(Other(*row) for row in others_in(session, person_id, browsers, since)),
        at_places=tuple(at_places),
        named=_by_design(place_key(address), networks),
        touches=_touches(session, places, since) if len(at_places) > 1 else {},
    )
    observed = from_company(company, person=person_id, session=session_id, ids=parts.ids, now=now)
    add_observations(session, observed)


def _by_design(place: str, networks: Sequence[NamedNetwork]) -> bool:
    """Whether people share *place* by the operator's word. A place is an address, or the /64 of one."""
    base = ip_network(place).network_address
    return shared_by_design(match(ip_address(str(base)), networks))


def _touches(
    session: Session, places: Collection[str], since: datetime
) -> Mapping[str, list[tuple[datetime, str]]]:
    found: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for place, at, person in touches_at(session, places, since):
        found[place].append((at, person))
    return found
