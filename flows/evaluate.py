"""A service asks before it acts: may this person do this, now? One question, or many at once.

Who attacks this: see ``flows.pep``; and who hides a question among many (each
is judged, recorded and answered as if it stood alone, and one that cannot be
answered denies), or asks so many that others wait (they are bounded before a
transaction begins).

The rows in the decision log are committed before the answer; if they cannot
be, there is no answer but `log-unavailable`. Questions asked together are
answered from one moment: the same time, revision and evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from audit.events import Event
from domain.decision import Decision
from domain.errors import DoorwardError, Unavailable
from flows.decide import Known, decide_and_log, know
from flows.parts import Parts
from flows.pep import Question, active_service, asked_by, outside, outside_scope, refusal
from models.catalog import Service

Answer = Decision | DoorwardError
"""What was decided, or why nothing was: then it is a no."""


def evaluate(parts: Parts, service_id: str, question: Question) -> Decision:
    """Return the decision, logged. Raises Forbidden outside the service's scope, Unavailable unlogged."""
    [answer] = evaluate_all(parts, service_id, [question])
    if isinstance(answer, DoorwardError):
        raise answer
    return answer


def evaluate_all(
    parts: Parts,
    service_id: str,
    questions: Sequence[Question | DoorwardError],
    *,
    until: bool | None = None,
) -> list[Answer]:
    """Return the answers to *questions*, in their order, logged.

    An error among them stands for a question that could not be read; it is its
    own answer. *until*: nothing is asked behind the first permit (True) or the
    first denial (False; what cannot be answered is one). Raises NotAuthenticated
    for a service that was disabled, Unavailable unlogged.
    """
    now = parts.clock.now()
    try:
        with parts.db.write() as session:
            asking = _Asking(session, parts, active_service(session, service_id), now)
            answers: list[Answer] = []
            for question in questions:
                answer = question if isinstance(question, DoorwardError) else asking.answer(question)
                answers.append(answer)
                if until is not None and until is (isinstance(answer, Decision) and answer.permitted):
                    break
            parts.commit(session, *asking.refusals)
            return answers
    except Unavailable as error:
        raise Unavailable(
            "the decision cannot be logged, so it is not given: treat this as no", code="log-unavailable"
        ) from error


class _Asking:
    """Questions of one service in one transaction; what is known of a session is read once."""

    def __init__(self, session: Session, parts: Parts, service: Service, now: datetime) -> None:
        self._session, self._parts, self._service, self._now = session, parts, service, now
        self._known: dict[tuple[str, str | None], Known] = {}
        self.refusals: list[Event] = []

    def answer(self, question: Question) -> Answer:
        named = {
            "subject_type": question.subject_type,
            "action": question.action,
            "resource": question.resource,
        }
        part = outside(self._service, **named)
        if part is not None:
            self.refusals.append(refusal(self._service, part, **named))
            return outside_scope(part)
        asked = asked_by(self._session, self._parts, self._service, question, self._now)
        of = (asked.person_id, asked.roots.session.id if asked.roots else None)
        if of not in self._known:
            self._known[of] = know(self._session, self._parts, asked.person_id, asked.roots, self._now)
        return decide_and_log(self._session, self._parts, asked, self._now, known=self._known[of])
