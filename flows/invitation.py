"""Somebody opens a one-time link: what is it for, and does it still work?

Answers nothing about keys (see ``flows.register``). Who attacks this: whoever
tries links (160 random bits and more), whoever comes after the first admin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crypto.digests import secret_digest
from domain.errors import Invalid, NotFound
from flows.parts import Parts
from flows.trust import trust
from models.instance import instance
from models.keys import anchors
from models.people import OneTimeCode, Person, live_code

PURPOSES = ("bootstrap", "invite", "recover")
_LOGIN_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?\Z")


class LinkOver(NotFound):
    """The one-time link was used, is too old, or never existed."""

    code = "invite-over"
    title = "This link does not work any more"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the page of a one-time link shows. *person* is None for the first admin."""

    purpose: str
    person_id: str | None
    login_name: str
    display_name: str
    expires_at: datetime
    trusted_models: tuple[str, ...]
    by_metadata: bool
    """Whether models that the metadata certify well enough are accepted besides the trusted ones."""


def login_name(presented: str) -> str:
    """Return a well-formed login name, lower-cased, or raise Invalid."""
    name = presented.strip().lower()
    if not _LOGIN_NAME.match(name):
        raise Invalid(
            f"`{presented[:80]}` cannot be a login name",
            code="login-name",
            remedy="Use letters a to z, digits, dots, - and _, at most 64.",
        )
    return name


def look(parts: Parts, secret: str) -> Invitation:
    """Return what a link is for, without using it up. Raises NotFound when it no longer works."""
    now = parts.clock.now()
    with parts.db.read() as session:
        code = live_link(session, secret, now)
        person = session.get(Person, code.person_id) if code.person_id else None
        models = tuple(sorted({row.label for row in anchors(session)}))
        return Invitation(
            code.purpose,
            code.person_id,
            person.login_name if person else "",
            person.display_name if person else "",
            code.expires_at,
            models,
            trust(session, parts).counts_metadata(now),
        )


def live_link(session: Session, secret: str, now: datetime) -> OneTimeCode:
    """Return the code behind a link that still works. Raises LinkOver."""
    digest = secret_digest(secret)
    code = next((c for p in PURPOSES if (c := live_code(session, digest, p, now))), None)
    if code is not None and code.purpose == "bootstrap" and instance(session).first_admin_at is not None:
        code = None
    if code is None:
        raise LinkOver(
            "this link was used already, is too old, or never existed",
            remedy="Ask the person who sent it for a new one.",
        )
    return code
