"""A program comes: which service is it?

Who attacks this: somebody who guesses a secret (256 random bits, only the
digest is stored; failures are counted, and beyond the limit not even
recorded), who presents a stolen assertion again (each `jti` counts once), who
proves a service by another way than the registered one (only that way counts,
at every endpoint), who keeps a service's token after the service was disabled
(its epoch is compared). A right credential is never refused for another
caller's failures: nobody can lock a service out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import secret_digest
from domain.errors import NotAuthenticated, TooMany
from domain.sites import Site
from evidence.networks import place_key
from flows.parts import Parts
from models.base import EVERYBODY
from models.catalog import Service, service_by_name, service_by_secret, spend_assertion
from models.sessions import count_try
from tokens.access_token import SERVICE_SCOPE, TokenInvalid, read
from tokens.client import Client
from tokens.credentials import KEY, PUBLIC, SECRET, Presented, check_assertion, invalid_client, read_presented
from tokens.metadata import TOKEN
from tokens.refused import OAuthRefused

WINDOW = timedelta(minutes=1)
MAX_FAILURES = 30
MAX_FAILURES_OF_ADDRESS = 120
_BEARER_REMEDY = "Send the service's secret or token as a Bearer credential."


def client_of(service: Service) -> Client:
    """Return *service* as an OAuth client. Its name is its client id."""
    addresses = (*service.redirect_uris, *(Site.of(site).callback for site in service.sites))
    return Client(service.name, service.id, service.auth_method, addresses, service.epoch)


def authenticate(parts: Parts, *, authorization: str, fields: dict[str, str], address: str) -> Client:
    """Return the client that a request to an OAuth endpoint proves to come from.

    A public client proves nothing and is returned by its name. Raises
    OAuthRefused, or TooMany after 30 failures a minute of one client from one
    address (120 from one address).
    """
    presented = read_presented(authorization, fields)
    now = parts.clock.now()
    try:
        return client_of(_prove(parts, presented, now))
    except OAuthRefused:
        _count_failure(parts, presented.client_id, address, now)
        raise


def authenticate_pep(parts: Parts, *, authorization: str, address: str) -> str:
    """Return the id of the service that asks the decision point. Raises NotAuthenticated or TooMany."""
    now = parts.clock.now()
    found = proven_pep(parts, authorization, now)
    if found is None:
        _count_failure(parts, "-", address, now)
        raise NotAuthenticated("the service could not be authenticated", remedy=_BEARER_REMEDY)
    return found


def proven_pep(parts: Parts, authorization: str, now: datetime) -> str | None:
    """Return the id of the service that *authorization* proves, or None; nothing is counted."""
    scheme, _, _ = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            return _prove(parts, read_presented(authorization, {}), now).id
        except OAuthRefused:
            return None
    proven = bearer_pep(parts, authorization, now)
    return proven.service_id if proven is not None else None


def bearer_pep(parts: Parts, authorization: str, now: datetime) -> Proven | None:
    """Return what a bearer credential proves, or None.

    It is checked once, and remembered until it ends or the state changes.
    """
    scheme, _, presented = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    credential = presented.strip()
    load = _by_token if credential.count(".") == 2 else _by_secret
    parts.memory.catch_up()
    proven = parts.memory.recall(("pep", secret_digest(credential)), partial(load, parts, credential, now))
    return proven if proven is not None and (proven.ends is None or proven.ends > now) else None


def _prove(parts: Parts, presented: Presented, now: datetime) -> Service:
    """Return the service whose registered way of authentication was used with success."""
    with parts.db.read() as session:
        service = service_by_name(session, presented.client_id)
        if service is None or service.state != "active" or service.auth_method != presented.method:
            raise invalid_client()
        if presented.method == SECRET:
            owner = service_by_secret(session, secret_digest(presented.proof))
            if owner is None or owner[0].id != service.id or (owner[1] is not None and owner[1] <= now):
                raise invalid_client()
    if presented.method == KEY:
        _spend_assertion(parts, service, presented.proof, now)
    elif presented.method not in {SECRET, PUBLIC}:
        raise AssertionError(f"{presented.method} is not a way of authentication")
    return service


def _spend_assertion(parts: Parts, service: Service, assertion: str, now: datetime) -> None:
    issuer = parts.deployment.public_url
    if service.jwk is None:
        raise invalid_client()
    jti, expires = check_assertion(
        assertion, service.jwk, client_id=service.name, audiences=(issuer, issuer + TOKEN), now=now
    )
    with parts.db.write() as session:
        first = spend_assertion(session, service.id, secret_digest(jti), expires)
        parts.commit(session)
    if not first:
        raise invalid_client("the assertion was used already")


@dataclass(frozen=True, slots=True)
class Proven:
    """Which service a credential proves, and until when."""

    service_id: str
    ends: datetime | None


def _by_secret(_parts: Parts, secret: str, _now: datetime, session: Session) -> tuple[str, Proven] | None:
    found = service_by_secret(session, secret_digest(secret))
    if found is None or found[0].auth_method != SECRET:
        return None
    return EVERYBODY, Proven(found[0].id, found[1])


def _by_token(parts: Parts, token: str, now: datetime, session: Session) -> tuple[str, Proven] | None:
    """Return the service that a token of ours, for ourselves, names, if it is still under the same epoch."""
    issuer = parts.deployment.public_url
    try:
        claims = read(token, parts.token_keys, issuer=issuer, audience=issuer, now=now)
    except TokenInvalid:
        return None
    service = service_by_name(session, str(claims.get("client_id", "")))
    if (
        service is None
        or service.state != "active"
        or service.auth_method != KEY
        or claims.get("scope") != SERVICE_SCOPE
        or claims.get("epoch") != service.epoch
    ):
        return None
    return EVERYBODY, Proven(service.id, datetime.fromtimestamp(claims["exp"], UTC))


def _count_failure(parts: Parts, client_id: str, address: str, now: datetime) -> None:
    """Count and record one failure; raise TooMany instead of recording above the limits."""
    name = client_id[:128]
    with parts.db.write() as session:
        place = place_key(address)
        over = count_try(session, f"client-failed:@{place}", now, WINDOW) > MAX_FAILURES_OF_ADDRESS
        # A caller over the limit of its place writes nothing more, whatever names it makes up.
        if over or count_try(session, f"client-failed:{name}@{place}", now, WINDOW) > MAX_FAILURES:
            parts.commit(session)
            raise TooMany("too many failed attempts", retry_after=WINDOW)
        parts.commit(session, _failed(session, name, address))


def _failed(session: Session, name: str, address: str) -> Event:
    service = service_by_name(session, name)
    details = {"reason": "client-authentication", "client": name, "address": address}
    return Event(EventKind.TOKEN_REFUSED, "-", service.id if service else "-", details)
