"""Somebody disputes a decision: does it follow from the rules of then? And what would those of today say?

Who attacks this: whoever can write the database, and changed a row of the log
or the rules that it names, so that a decision looks right. The rules are found
by their digest, which is computed again; the row must follow from them. Who
changes row and inputs alike is not found: rows are not chained (docs/audit.md).
Whatever is missing is told, never made up. Writes nothing, except that a decision
that is not there yet is looked for in the segments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from sqlalchemy.orm import Session

from domain.access import AccessRequest, Link, Subject
from domain.decision import Decision, Effect, Obligations, Reason, RuleError
from domain.errors import BundleInvalid, NotFound
from domain.reasons import ReasonCode
from flows.decision_import import import_decisions
from flows.facts import published
from flows.parts import Parts
from models.access import DecisionRow
from models.policy import BundleRow, newest_publication
from policies.bundle import SCHEMA, Bundle, load
from policies.decide import decide
from policies.replay import Replayed, replay


class Lacking(Enum):
    """Why a decision cannot be decided again, as a sentence."""

    MEMBERSHIPS = "The log did not keep memberships yet when this was decided."
    RULES_GONE = "The rules of then are not in the database: no text has their digest."
    RULES_ALTERED = "What stands under the digest of the rules of then is another text: somebody changed it."
    RULES_REFUSED = "The rules of then are refused by this version of Doorward, which is stricter."


@dataclass(frozen=True, slots=True)
class Then:
    """The rules that a row names: *bundle* is None if none were in force, or something is *lacking*.

    *unverified*: of an earlier form of rules, so their digest cannot be computed again.
    """

    bundle: Bundle | None
    lacking: Lacking | None = None
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class Today:
    """What the rules in force say to the inputs of then. *revision* 0: none are published."""

    revision: int
    said: Decision


@dataclass(frozen=True, slots=True)
class Replay:
    """One logged decision, decided again; *came* and *today* are None for want of what is *lacking*."""

    row: DecisionRow
    logged: Decision
    came: Replayed | None
    lacking: Lacking | None
    unverified: bool
    today: Today | None


def replay_decision(parts: Parts, decision_id: str) -> Replay:
    """Decide a logged decision again. Raises NotFound."""
    with parts.db.read() as session:
        known = session.get(DecisionRow, decision_id) is not None
    if not known:
        import_decisions(parts)
    with parts.db.read() as session:
        row = session.get(DecisionRow, decision_id)
        if row is None:
            raise NotFound("there is no such decision", remedy="Check the reference.")
        return replayed(session, row, rules_then(session, row))


def replayed(session: Session, row: DecisionRow, then: Then) -> Replay:
    """Decide *row* again by the rules of *then*, and by those of today."""
    logged = decision_of(row)
    if "groups" not in row.body:
        return Replay(row, logged, None, Lacking.MEMBERSHIPS, then.unverified, None)
    request, links = question_of(row)
    came = None
    if then.lacking is None:
        came = replay(logged, request, bundle=then.bundle, assignments=links)
    bundle, revisions = published(session)
    said = decide(request, bundle=bundle, assignments=links, now=row.at, revisions=revisions)
    return Replay(row, logged, came, then.lacking, then.unverified, Today(revisions.publication, said))


def rules_then(session: Session, row: DecisionRow) -> Then:
    """Return the rules that a decision names.

    Old ones are not kept compiled: that would push out what is asked now.
    """
    digest = row.body.get("revisions", {}).get("bundle", "")
    if not digest:
        return Then(None)
    stored = session.get(BundleRow, digest)
    if stored is None:
        return Then(None, Lacking.RULES_GONE)
    newest = newest_publication(session)
    try:
        compiled = published(session)[0] if newest is not None and newest.digest == digest else None
        bundle = compiled or load(stored.text)
    except BundleInvalid:
        return Then(None, Lacking.RULES_REFUSED)
    if stored.schema != SCHEMA:
        return Then(bundle, unverified=True)
    return Then(bundle) if bundle.digest == digest else Then(None, Lacking.RULES_ALTERED)


def decision_of(row: DecisionRow) -> Decision:
    """Return the decision that a row of the log holds, as far as it is kept there."""
    body, kept = row.body, row.body.get("obligations", {})
    cap = kept.get("max_lifetime")
    return Decision(
        effect=Effect(row.effect),
        reasons=reasons_of(body),
        at=row.at,
        obligations=Obligations(
            max_lifetime=timedelta(seconds=cap) if cap else None, standing=bool(kept.get("standing"))
        ),
        determining=tuple(body.get("determining", ())),
        erring=tuple(RuleError(item["rule"], item["message"]) for item in body.get("erring", ())),
        id=row.id,
    )


def reasons_of(body: Mapping[str, Any]) -> tuple[Reason, ...]:
    """Return the reasons of a logged decision."""
    return tuple(
        Reason.of(ReasonCode(item["code"]), **item.get("details", {})) for item in body.get("reasons", ())
    )


def question_of(row: DecisionRow) -> tuple[AccessRequest, list[Link]]:
    """Return what the rules were asked, and the memberships of then. JSON made lists of tuples (versions)."""
    subject = Subject.of_key(row.subject)
    attributes = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.body.get("attributes", {}).items()
    }
    links = [Link(str(subject), group) for group in row.body["groups"]]
    return AccessRequest(subject, row.action, row.resource, attributes), links
