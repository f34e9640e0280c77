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

from audit.events import Event
from domain.decision import Decision
from domain.errors import DoorwardError, Unavailable
from flows.decide import decide_and_log
from flows.parts import Parts
from flows.pep import Asking, Question, active_service, outside, outside_scope, refusal

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
            asking = Asking(session, parts, active_service(session, service_id), now)
            answers: list[Answer] = []
            refusals: list[Event] = []
            for question in questions:
                answer = _answer(asking, question, refusals)
                answers.append(answer)
                if until is not None and until is (isinstance(answer, Decision) and answer.permitted):
                    break
            parts.commit(session, *refusals)
            return answers
    except Unavailable as error:
        raise Unavailable(
            "the decision cannot be logged, so it is not given: treat this as no", code="log-unavailable"
        ) from error


def _answer(asking: Asking, question: Question | DoorwardError, refusals: list[Event]) -> Answer:
    """Return the answer to one question, logged; one outside the scope is added to *refusals*."""
    if isinstance(question, DoorwardError):
        return question
    named = {
        "subject_type": question.subject_type,
        "action": question.action,
        "resource": question.resource,
    }
    part = outside(asking.service, **named)
    if part is not None:
        refusals.append(refusal(asking.service, part, **named))
        return outside_scope(part)
    asked, known = asking.asked(question)
    return decide_and_log(asking.session, asking.parts, asked, asking.now, known=known)
