"""An admin drafts rules, sees what is wrong and what changes, and publishes by a tap.

Who attacks this: an author whose draft was made on old rules (a stale base is a
conflict), malware that publishes other rules than the page shows (the tap is
over the digest of the bundle and its base), a typo (the bundle is validated or
refused, whole), a rule that does not do what its author meant (the bundle's own
tests refuse it), two authors at once (revisions are numbered without a gap by
the primary key).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.errors import BundleInvalid, Conflict, NotFound, RulesTooLong, StaleBase
from flows.bundles import COMPILED
from flows.facts import published
from flows.parts import Parts
from flows.policy_effects import Impact, impact
from flows.session import Viewer
from flows.tap import Tap, spend
from models.catalog import resources, services
from models.entities import Entity
from models.people import Assignment
from models.policy import BundleRow, Draft, Publication, bundle_text, newest_publication
from policies import proof
from policies.advice import Known
from policies.bundle import SCHEMA, Bundle, load
from policies.diff import Change, diff
from policies.problems import Problem
from policies.validate import validate

MAX_TEXT = 200_000
_GO_ON = "Copy its text into a draft, mend what fails, and publish that."


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a text, what it would change for whom, and how its own tests came out.

    *bundle* is None, and nothing else is known, while it has errors.
    """

    text: str
    problems: tuple[Problem, ...]
    changes: tuple[Change, ...]
    bundle: Bundle | None
    base_revision: int
    outcomes: tuple[proof.Outcome, ...] = ()
    impact: Impact | None = None

    @property
    def errors(self) -> int:
        return sum(1 for problem in self.problems if problem.severity == "error")

    @property
    def failed(self) -> int:
        """How many of the tests fail."""
        return sum(not outcome.passed for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Editor:
    """The editor page: the draft (or the published text), checked."""

    checked: Checked
    published_revision: int
    published_text: str
    saved_at: datetime | None

    @property
    def stale(self) -> bool:
        """Whether somebody published since this draft was begun."""
        return self.checked.base_revision != self.published_revision


def editor(parts: Parts, viewer: Viewer) -> Editor:
    """Return the viewer's draft, or the published rules to start from. Raises RulesTooLong for these."""
    with parts.db.read() as session:
        newest = newest_publication(session)
        revision = newest.revision if newest else 0
        text = (bundle_text(session, newest.digest) or "") if newest else ""
        draft = session.get(Draft, viewer.person_id)
        base = draft.base_revision if draft else revision
        checked = _check(session, draft.text if draft else text, base, parts.clock.now())
        return Editor(checked, revision, text, draft.saved_at if draft else None)


def check(parts: Parts, text: str, base_revision: int) -> Checked:
    """Check a text against what is published and known, without saving it."""
    with parts.db.read() as session:
        return _check(session, text, base_revision, parts.clock.now())


def save_draft(parts: Parts, viewer: Viewer, text: str, base_revision: int) -> Checked:
    """Keep the viewer's text, right or wrong, so that nothing typed is lost; return what is wrong."""
    now = parts.clock.now()
    _require_size(text)
    with parts.db.read() as session:  # checking takes its time: nobody who writes waits for it
        checked = _check(session, normal(text), base_revision, None)
    with parts.db.write() as session:
        session.merge(
            Draft(author=viewer.person_id, base_revision=base_revision, text=normal(text), saved_at=now)
        )
        details = {"base": base_revision, "errors": checked.errors}
        parts.commit(
            session, Event(EventKind.POLICY_DRAFT_SAVED, viewer.person_id, viewer.person_id, details)
        )
        return checked


def discard_draft(parts: Parts, viewer: Viewer) -> None:
    with parts.db.write() as session:
        draft = session.get(Draft, viewer.person_id)
        if draft is not None:
            session.delete(draft)
        parts.commit(session)


def publish_action(parts: Parts, viewer: Viewer, *, note: str = "") -> dict[str, Any]:
    """Return the exact action that a tap signs to publish the viewer's draft as it stands, with a note."""
    with parts.db.read() as session:
        draft = session.get(Draft, viewer.person_id)
        if draft is None:
            raise NotFound("there is no draft to publish", code="no-draft")
        bundle = load(draft.text)
        proof.demand(bundle)
        return _action(bundle.digest, draft.base_revision, note)


def rollback_action(parts: Parts, revision: int, *, note: str = "") -> dict[str, Any]:
    """Return the exact action that a tap signs to publish an earlier bundle again."""
    with parts.db.read() as session:
        row = session.get(Publication, revision)
        newest = newest_publication(session)
        if row is None or newest is None:
            raise NotFound("there is no such publication")
        proof.demand(load(bundle_text(session, row.digest) or ""), _GO_ON)
        return _action(row.digest, newest.revision, note)


def publish(parts: Parts, viewer: Viewer, tap: Tap) -> int:
    """Publish what *tap* signed: a draft's bundle, or an earlier one again. Return the new revision.

    Raises StaleBase when another publication came first, BundleInvalid when
    the bundle does not validate any more, FailedTests when a test of its own
    fails, an earlier bundle's too; all leave a record.
    """
    now = parts.clock.now()
    digest, base = str(tap.action.get("bundle")), int(tap.action.get("base", -1))
    note = str(tap.action.get("note", ""))
    effects = _effects_of(parts, viewer, digest, now)
    with parts.db.write() as session:
        spend(session, tap, _action(digest, base, note), now)
        try:
            bundle = _bundle_to_publish(session, viewer, digest)
            _publish(
                session,
                bundle,
                digest=digest,
                base=base,
                author=viewer.person_id,
                signature=tap.signature_id,
                note=note,
                now=now,
            )
        except (Conflict, BundleInvalid, NotFound) as refused:
            session.rollback()
            _refuse(parts, viewer, digest, base, refused.code)
            raise
        draft = session.get(Draft, viewer.person_id)
        if draft is not None and draft.text == bundle.text:
            session.delete(draft)
        details = {"revision": base + 1, "bundle": digest, "base": base, "signature": tap.signature_id}
        event = Event(EventKind.POLICY_PUBLISHED, viewer.person_id, "-", {**details, **effects})
        parts.commit(session, event)
        return base + 1


def publish_from_host(session: Session, parts: Parts, text: str) -> Event:
    """Publish rules from the command line (a loaded document); the caller commits the event."""
    bundle, now = load(normal(text)), parts.clock.now()
    newest = newest_publication(session)
    base = newest.revision if newest else 0
    effects = _counts(session, bundle, now)
    digest = bundle.digest
    _publish(session, bundle, digest=digest, base=base, author="host", signature=None, note="loaded", now=now)
    details = {"revision": base + 1, "bundle": digest, **effects}
    return Event(EventKind.POLICY_PUBLISHED, "host", "-", details)


def _effects_of(parts: Parts, viewer: Viewer, digest: str, now: datetime) -> dict[str, Any]:
    """Return the counts for the record before anything is written; none for what will be refused."""
    with parts.db.read() as session, suppress(Conflict, BundleInvalid, NotFound):
        return _counts(session, _bundle_to_publish(session, viewer, digest), now)
    return {}


def _counts(session: Session, bundle: Bundle, now: datetime) -> dict[str, Any]:
    """Return how much changes against what is in force, for the record."""
    current, _revisions = published(session)
    return {"effects": dict(impact(session, current, bundle, now).counts)}


def _publish(
    session: Session,
    bundle: Bundle,
    *,
    digest: str,
    base: int,
    author: str,
    signature: str | None,
    note: str,
    now: datetime,
) -> None:
    """Publish *bundle* under the *digest* that was signed: an earlier one keeps that of its schema."""
    proof.demand(bundle)
    newest = newest_publication(session)
    if (newest.revision if newest else 0) != base:
        raise StaleBase(
            f"the rules were published as revision {newest.revision if newest else 0} meanwhile, "
            f"the draft was made on {base}",
            remedy="Look at what changed, save the draft again on the newest rules, then publish.",
        )
    COMPILED.keep(digest, bundle)
    if session.get(BundleRow, digest) is None:
        session.add(BundleRow(digest=digest, schema=SCHEMA, text=bundle.text, created_at=now))
        session.flush()
    session.add(
        Publication(
            revision=base + 1,
            digest=digest,
            author=author,
            note=note[:500],
            signature_id=signature,
            published_at=now,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise StaleBase("another publication came first", remedy="Look at it, then try again.") from error


def _bundle_to_publish(session: Session, viewer: Viewer, digest: str) -> Bundle:
    drafted = _drafted(session.get(Draft, viewer.person_id))
    if drafted is not None and drafted.digest == digest:
        return drafted
    earlier = bundle_text(session, digest)
    if earlier is None:
        raise Conflict(
            "the draft changed after you touched your key", code="draft-changed", remedy="Publish again."
        )
    return load(earlier)


def _drafted(draft: Draft | None) -> Bundle | None:
    """Return a draft's bundle; None while it has errors (an earlier bundle can still be published again)."""
    with suppress(BundleInvalid):
        return load(draft.text) if draft is not None else None
    return None


def _refuse(parts: Parts, viewer: Viewer, digest: str, base: int, reason: str) -> None:
    with parts.db.write() as session:
        details = {"bundle": digest, "base": base, "reason": reason}
        parts.commit(session, Event(EventKind.POLICY_REFUSED, viewer.person_id, "-", details))


def _action(digest: str, base: int, note: str) -> dict[str, Any]:
    return {"do": "policy.publish", "bundle": digest, "base": base, "note": note.strip()[:500].rstrip()}


def _check(session: Session, text: str, base_revision: int, now: datetime | None) -> Checked:
    """*now* None: do not look at whom it changes something for."""
    _require_size(text)
    text = normal(text)
    problems = validate(text, known=_known(session))
    current, _revisions = published(session)
    if any(problem.severity == "error" for problem in problems):
        return Checked(text, problems, (), None, base_revision)
    bundle = load(text)
    changed = impact(session, current, bundle, now) if now is not None else None
    changes = diff(current, bundle)
    return Checked(text, problems, changes, bundle, base_revision, proof.run(bundle), changed)


def _known(session: Session) -> Known:
    groups = set(session.scalars(select(Assignment.group).where(Assignment.ended_at.is_(None))))
    registered = resources(session)
    return Known(
        roles=frozenset(groups),
        resources=frozenset((*(row.id for row in registered), *session.scalars(select(Entity.key)))),
        actions=frozenset().union(*(r.actions for r in registered), *(s.actions for s in services(session))),
    )


def normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _require_size(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise RulesTooLong(
            f"the rules are longer than {MAX_TEXT:,} characters",
            remedy="Edit them as a file, and publish that on the host: doorward policy publish FILE",
            problems=[],
        )
