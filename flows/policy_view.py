"""The history of the rules: who published what, when, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from domain.errors import Conflict, NotFound
from flows.names import names_of
from flows.parts import Parts
from flows.policy import MAX_TEXT, Checked, Editor, editor, normal
from flows.policy_effects import Impact, impact
from flows.session import Viewer
from models.policy import Publication, bundle_text, newest_publication, publications
from policies import proof
from policies.bundle import load
from policies.diff import Change, diff

PAGE = 20


@dataclass(frozen=True, slots=True)
class History:
    """A page of publications, newest first. *older* is the cursor of the next page."""

    rows: tuple[Publication, ...]
    names: dict[str, str]
    older: int | None
    newest: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What one bundle changes against another: rule by rule, and for the people known today."""

    changes: tuple[Change, ...]
    impact: Impact


@dataclass(frozen=True, slots=True)
class Published:
    """One publication: its text, what it changed, and what publishing it again would change.

    *outcomes*: its tests, run today.
    """

    row: Publication
    author: str
    text: str
    difference: Difference
    back: Difference
    newest: int
    outcomes: tuple[proof.Outcome, ...]

    @property
    def failed(self) -> int:
        return sum(not outcome.passed for outcome in self.outcomes)

    @property
    def in_force(self) -> bool:
        return self.row.revision == self.newest


def history(parts: Parts, *, before: int | None = None) -> History:
    with parts.db.read() as session:
        found = publications(session, before=before, limit=PAGE + 1)
        rows = tuple(found[:PAGE])
        newest = newest_publication(session)
        return History(
            rows,
            names_of(session, {row.author for row in rows}),
            rows[-1].revision if len(found) > PAGE else None,
            newest.revision if newest else 0,
        )


def publication(parts: Parts, revision: int) -> Published:
    """Return one publication. Raises NotFound."""
    now = parts.clock.now()
    with parts.db.read() as session:
        row, before = session.get(Publication, revision), session.get(Publication, revision - 1)
        newest = newest_publication(session)
        if row is None or newest is None:
            raise NotFound("there is no such publication")
        text = bundle_text(session, row.digest) or ""
        bundle = load(text)
        old = load(bundle_text(session, before.digest) or "") if before else None
        current = load(bundle_text(session, newest.digest) or "")
        return Published(
            row,
            names_of(session, {row.author})[row.author],
            text,
            Difference(diff(old, bundle), impact(session, old, bundle, now)),
            Difference(diff(current, bundle), impact(session, current, bundle, now)),
            newest.revision,
            proof.run(bundle),
        )


def meanwhile(parts: Parts, base: int) -> tuple[Change, ...]:
    """Return what was published after revision *base*, for the author of a draft that began there."""
    with parts.db.read() as session:
        newest = newest_publication(session)
        began = session.get(Publication, base)
        if newest is None:
            return ()
        old = load(bundle_text(session, began.digest) or "") if began else None
        return diff(old, load(bundle_text(session, newest.digest) or ""))


def to_publish(parts: Parts, viewer: Viewer) -> Editor:
    """Return the viewer's draft if it can be published now, or raise Conflict with what to do."""
    found = editor(parts, viewer)
    problem = unready(found)
    if problem is not None:
        raise Conflict(problem[0], code="draft-not-ready", remedy=problem[1])
    return found


def unready(found: Editor) -> tuple[str, str] | None:
    """Return why a draft cannot be published, and what to do about it; None when it can."""
    checked: Checked = found.checked
    if found.saved_at is None:
        return "there is no draft to publish", "Change the rules and save a draft first."
    if checked.errors:
        return "the draft has errors", "Mend the lines named, then save the draft again."
    if checked.failed:
        tests = "one of its tests fails" if checked.failed == 1 else f"{checked.failed} of its tests fail"
        return tests, "Mend the rules, or the tests if the rules are what you mean."
    if found.stale:
        return (
            f"the draft was made on revision {checked.base_revision}, "
            f"and {found.published_revision} is in force",
            "Look at what changed meanwhile, then put your draft on the newest revision.",
        )
    if checked.text == found.published_text:
        return "the draft is the same as the rules in force", "Change something, or discard it."
    return None


@dataclass(frozen=True, slots=True)
class InForce:
    """The published rules to read: *text* is the beginning of them, *length* characters long as a whole."""

    revision: int
    text: str
    length: int


def in_force(parts: Parts) -> InForce:
    """Return the published rules, as far as a page can show them."""
    with parts.db.read() as session:
        newest = newest_publication(session)
        text = (bundle_text(session, newest.digest) or "") if newest else ""
        return InForce(newest.revision if newest else 0, text[:MAX_TEXT], len(text))


def published_as(session: Session, text: str) -> int | None:
    """Return the revision in force if it was published from just this *text*. Raises BundleInvalid."""
    newest = newest_publication(session)
    same = newest is not None and newest.digest == load(normal(text)).digest
    return newest.revision if newest is not None and same else None
