"""Answer the questions of one service: each by the session that it names, and logged before it is told.

Who attacks this: a service that names the session of somebody else (the
token's or grant's person must be the subject), that presents a token of
another service, an old or forged one (then the answer is no, whatever the rules
say). A question that names no session has no evidence. Whoever counts on what
was true a moment ago: see ``flows.memory``; and a denial is asked again of the
newest state.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from crypto.digests import secret_digest
from domain.decision import Decision
from domain.errors import NotAuthenticated
from domain.reasons import ReasonCode
from flows.decide import Asked, Assessed, Known, as_of, assessed_at, decide, decision_values
from flows.decision_log import assessment_values, line_of
from flows.facts import NOBODY_KNOWN, Facts, Shared, facts_of, shared_facts
from flows.liveness import Roots, read_roots
from flows.parts import Parts
from flows.pep import Question, believed, subject_of
from flows.presented_token import Found, find_token
from flows.properties import Properties
from flows.repeat import Repeatable, Repeats, repeatable
from models.access import Grant
from models.base import EVERYBODY
from models.catalog import Service, covers
from models.entities import entity_by_key


class Asking:
    """Questions of one service at one moment. What is read is remembered."""

    def __init__(
        self, parts: Parts, service_id: str, now: datetime, *, repeats: Repeats | None = None
    ) -> None:
        """Raises NotAuthenticated for a disabled service, Unavailable if the state cannot be told.

        *repeats* names the one question that will be asked, so that ``flows.repeat`` can answer it again.
        """
        self.parts, self.now = parts, now
        self._memory = parts.memory
        self._revision = parts.memory.catch_up()
        self._newest = parts.memory.exact
        service = self._memory.recall(("service", service_id), partial(_service, service_id))
        if service is None or service.state != "active":
            raise NotAuthenticated("the service is disabled")
        self.service = service
        self._lines: list[bytes] = []
        self._unwritten: list[Assessed] = []
        self._repeats = repeats
        self._repeatable: tuple[str, Repeatable] | None = None

    def decide(self, question: Question) -> Decision:
        """Return the answer to *question*; ``log`` it before it is told."""
        asked = self.asked(question)
        known, assessed = self._known(asked)
        decision = decide(self.parts, asked, known, self.now)
        if not decision.permitted and not self._newest:
            # What opened a moment ago must not look closed: a denial is never out of date.
            self._newest = True
            newest = self._memory.catch_up(newest=True)
            if newest != self._revision:
                self._revision = newest
                return self.decide(question)
        if not assessed.written and assessed not in self._unwritten:
            self._unwritten.append(assessed)
            values = assessment_values(asked.person_id, assessed.assessment)
            self._lines.append(line_of("assessment", values))
        line = line_of("decision", decision_values(asked, known, decision, self.now))
        self._lines.append(line)
        certain = decision.permitted or self._memory.exact
        if self._repeats is not None and certain and known.facts.person is not None:
            found = self.token(question.token) if question.token is not None else None
            ends = found.token.expires_at if found is not None else None
            made = repeatable(decision, line, asked, known, assessed, [self._repeats.ends, ends])
            self._repeatable = asked.person_id, made
        return decision

    def log(self) -> None:
        """Write what was decided to the log. Raises Unavailable: then nothing may be told."""
        if not self._lines:
            return
        self.parts.log.append(self._lines)
        self._lines = []
        for assessed in self._unwritten:
            assessed.written = True
        self._unwritten = []
        if self._repeats is not None and self._repeatable is not None:
            person, made = self._repeatable
            self._memory.keep(self._revision, ("again", self._repeats.key), person, made)

    def would(self, question: Question) -> bool:
        """Return whether *question* would be permitted; a search asks so, and logs nothing."""
        asked = self.asked(question)
        return decide(self.parts, asked, self._known(asked)[0], self.now).permitted

    def token(self, presented: str) -> Found | None:
        """Return the token if it is ours and for this service, whether or not it lives."""
        key = ("token", self.service.id, secret_digest(presented))
        found = self._memory.recall(key, partial(_token, self.parts, presented, self.service, self.now))
        # What has run out since it was remembered is read no more, as it would not be now.
        return found if found is not None and self.now < found.token.expires_at else None

    def asked(self, question: Question) -> Asked:
        """Return what the core is asked, with the session that the question names and nobody else's."""
        roots: Roots | None = None
        grant: Grant | None = None
        problem: ReasonCode | None = None
        if question.token is not None:
            found = self.token(question.token)
            if found is None:
                problem = ReasonCode.SESSION_MISSING
            else:
                roots, grant, problem = found.roots, found.grant, found.problem(self.now)
                within = question.action in found.token.actions and covers(
                    found.token.resource, question.resource
                )
                problem = problem or (None if within else ReasonCode.GRANT_NEEDED)
        elif question.grant_id is not None:
            named = self._memory.recall(("grant", question.grant_id), partial(_grant, question.grant_id))
            grant, roots = named if named is not None else (None, None)
            problem = ReasonCode.GRANT_ENDED if roots is None else None
        person = subject_of(question)
        if roots is not None and roots.person.id != person:
            roots, grant, problem = None, None, ReasonCode.SESSION_MISSING
        return Asked(
            question.door,
            person,
            question.action,
            question.resource,
            roots=roots,
            grant=grant,
            service_id=self.service.id,
            use=True,
            stored=self._stored(question.resource),
            said=believed(self.service, question),
            problem=problem,
        )

    def shared(self) -> Shared:
        """Return what is the same for all questions."""
        memory = self._memory
        shared = memory.recall("shared", _shared)
        assert shared is not None
        if shared.revisions.state != self._revision:
            shared = shared.at(self._revision)
            memory.keep(self._revision, "shared", EVERYBODY, shared)
        return shared

    def _stored(self, resource: str) -> Properties | None:
        """Return the properties of a resource, None if it is not stored by its name."""
        if resource.partition(":")[0] not in self.shared().entity_types:
            return None
        return self._memory.recall(("entity", resource), partial(_entity, resource))

    def _known(self, asked: Asked) -> tuple[Known, Assessed]:
        memory, person, roots = self._memory, asked.person_id, asked.roots
        of = (person, roots.session.id if roots else None)
        facts = memory.recall(("facts", *of), partial(_facts, person, roots, self.now)) or NOBODY_KNOWN
        assessed = self._assessed(of, facts, roots)
        known = as_of(self.shared(), facts, assessed, roots, self.now)
        return known, assessed

    def _assessed(self, of: tuple[str, str | None], facts: Facts, roots: Roots | None) -> Assessed:
        """Return the assessment of a session: the last one, while it would come out the same."""
        kept: Assessed | None = self._memory.peek(("assessed", *of))
        if kept is not None and kept.assessment.at <= self.now < kept.until:
            return kept
        made = assessed_at(self.parts, facts, roots, self.now)
        if facts.person is not None:  # made-up names fill nothing
            self._memory.keep(self._revision, ("assessed", *of), of[0], made)
        return made


def _shared(session: Session) -> tuple[str, Shared]:
    return EVERYBODY, shared_facts(session)


def _service(service_id: str, session: Session) -> tuple[str, Service] | None:
    service = session.get(Service, service_id)
    return (EVERYBODY, service) if service is not None else None


def _facts(person: str, roots: Roots | None, now: datetime, session: Session) -> tuple[str, Facts] | None:
    facts = facts_of(session, person, roots, now)
    if facts.entity is not None:
        return facts.entity.id, facts  # whom a change of its memberships concerns
    return (person, facts) if facts.person is not None else None


def _entity(key: str, session: Session) -> tuple[str, Properties] | None:
    entity = entity_by_key(session, key)
    return (EVERYBODY, entity.properties) if entity is not None else None


def _token(
    parts: Parts, presented: str, service: Service, now: datetime, session: Session
) -> tuple[str, Found] | None:
    found = find_token(session, parts, presented, service, now)
    return (found.roots.person.id, found) if found is not None else None


def _grant(grant_id: str, session: Session) -> tuple[str, tuple[Grant, Roots]] | None:
    grant = session.get(Grant, grant_id)
    roots = read_roots(session, grant.session_id) if grant is not None else None
    return (roots.person.id, (grant, roots)) if grant is not None and roots is not None else None
