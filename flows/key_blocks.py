"""What keeps a key from working: why was it stopped, what stands against it now, and what helps?

Answers in sentences for admins; changes nothing. What the history of a key
says is why it *was* stopped; whether that still holds is judged anew, so that
nobody revokes keys for a denial that was taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from authn.trust import Trust
from domain.key_refusals import KeyRefusal
from domain.key_rules import KeyRule
from flows.key_standing import against, rules_in
from flows.names import names_of
from flows.parts import Parts
from flows.trust import MODEL, trust
from models.keys import Credential, CredentialState, credentials_of
from models.metadata import denial
from models.people import Person

DENIALS = frozenset({KeyRule.DENIED_MODEL, KeyRule.DENIED_CERTIFICATE, KeyRule.DENIED_KEY})
_AGAINST = {
    KeyRule.STATUS_BAD: "its model or its certificate is compromised or revoked",
    KeyRule.DENIED_MODEL: "its model is denied",
    KeyRule.DENIED_CERTIFICATE: "a certificate behind it is denied",
    KeyRule.DENIED_KEY: "the key of a certificate behind it is denied",
}
_OTHERWISE = "its model does not keep your rules"


@dataclass(frozen=True, slots=True)
class Block:
    """What stands against a key now: *why* in the words of an error, *remedy* as a sentence."""

    why: str
    remedy: str

    @property
    def sentence(self) -> str:
        return self.why[:1].upper() + self.why[1:] + ("" if self.why.endswith((".", "!", "?")) else ".")


@dataclass(frozen=True, slots=True)
class Stopped:
    """Suspended keys with the same cause, as sentences: *why*, and what to do now."""

    why: str
    remedy: str
    keys: tuple[tuple[Credential, Person], ...]


def block_of(session: Session, parts: Parts, key: Credential) -> Block | None:
    """Return what stands against a key, or None."""
    return block_by(session, trust(session, parts), key, parts.clock.now())


def block_by(session: Session, counts: Trust, key: Credential, now: datetime) -> Block | None:
    """Return what stands against a key by what *counts*, or None."""
    rules = against(key, counts, now)
    if not rules:
        return None
    row = denial(session, MODEL, key.aaguid) if KeyRule.DENIED_MODEL in rules else None
    return Block(_words(rules) + (f": {row.reason}" if row else ""), _helps(rules, key.aaguid))


def after_revoking(session: Session, key: Credential) -> str:
    """Return how the owner of a key comes to a new one, once this one is revoked."""
    own = credentials_of(session, key.person_id)
    if any(one.state == "active" and one.id != key.id for one in own):
        return "Another key of theirs works: with it they add a new one themselves."
    if any(one.activated_at is not None for one in own):
        return "A new key then needs a re-issue, which is asked for on their page."
    return "Then invite them again, on their page."


def stopped(session: Session, parts: Parts) -> tuple[Stopped, ...]:
    """Return the suspended keys by cause and remedy, the oldest key first."""
    counts, now = trust(session, parts), parts.clock.now()
    rows = session.execute(
        select(Credential, Person)
        .join(Person, Person.id == Credential.person_id)
        .where(Credential.state == "suspended")
        .order_by(Credential.id)
    ).all()
    last = _last_states(session, [key.id for key, _ in rows])
    names = names_of(session, {row.by for row in last.values()})
    causes: dict[tuple[str, str], list[tuple[Credential, Person]]] = {}
    for key, owner in rows:
        block = block_by(session, counts, key, now)
        told = _told(last.get(key.id), block, names, after_revoking(session, key))
        causes.setdefault(told, []).append((key, owner))
    return tuple(Stopped(why, remedy, tuple(keys)) for (why, remedy), keys in causes.items())


def _told(
    state: CredentialState | None, block: Block | None, names: dict[str, str], afterwards: str
) -> tuple[str, str]:
    """Return why a key was stopped, and what to do now."""
    reason, by = (state.reason, names.get(state.by, state.by)) if state else ("", "somebody")
    rules = rules_in(reason)
    if reason == KeyRefusal.COUNTER_REGRESSED.value:
        return (
            "It counted backwards: somebody may hold a copy.",
            f"Call them, then revoke it. {afterwards}",
        )
    whose = "" if rules else f"{by} suspended it: {reason.removesuffix('.')}."
    if block is not None:
        return (
            f"{whose} {block.sentence}".strip(),
            f"{block.remedy} Then reinstate the key. Otherwise revoke it. {afterwards}",
        )
    if rules:
        what = "a denial that was taken back" if DENIALS.issuperset(rules) else "a rule that no longer holds"
        return f"It was stopped by {what} ({_codes(rules)}).", "Reinstate it; nothing needs to be revoked."
    return whose, f"Ask them. Reinstate it when that is settled. Otherwise revoke it. {afterwards}"


def _last_states(session: Session, ids: Sequence[str]) -> dict[str, CredentialState]:
    query = select(CredentialState).where(CredentialState.credential_id.in_(ids))
    rows = session.scalars(query.order_by(CredentialState.at, CredentialState.id))
    return {row.credential_id: row for row in rows}


def _words(rules: Sequence[KeyRule]) -> str:
    said = dict.fromkeys(_AGAINST.get(rule, _OTHERWISE) for rule in rules)
    return f"{' and '.join(said)} ({_codes(rules)})"


def _codes(rules: Sequence[KeyRule]) -> str:
    return ", ".join(rule.value for rule in rules)


def _helps(rules: Sequence[KeyRule], aaguid: str) -> str:
    """Return what would take away what stands against a key of these *rules*."""
    if KeyRule.STATUS_BAD in rules:
        return "Only newer metadata can take that back."
    if DENIALS.isdisjoint(rules):
        return "If your rules are too strict, trust the model yourself."
    undeny = f"doorward keys undeny {MODEL} {aaguid}"
    how = undeny if KeyRule.DENIED_MODEL in rules else "doorward keys deny-list, then doorward keys undeny"
    return f"If the denial was a mistake, take it back on the host: {how}."
