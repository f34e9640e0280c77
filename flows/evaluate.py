"""A service asks before it acts: may this person do this, now? One question, or many at once.

Who attacks this: see ``flows.pep`` and ``flows.asking``; and who hides a
question among many (each is judged, recorded and answered as if it stood
alone, and one that cannot be answered denies), or asks so many that others wait
(they are bounded before anything is read).

The lines of the decision log are written before the answer; if they cannot
be, there is no answer but `log-unavailable`. Questions asked together are
answered at one moment.
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.events import Event
from domain.decision import Decision
from domain.errors import DoorwardError
from flows.asking import Asking
from flows.parts import Parts
from flows.pep import Question, outside, outside_scope, refusal
from flows.repeat import Repeats

Answer = Decision | DoorwardError
"""What was decided, or why nothing was: then it is a no."""


def evaluate(
    parts: Parts, service_id: str, question: Question, *, repeats: Repeats | None = None
) -> Decision:
    """Return the decision, logged. Raises Forbidden outside the service's scope, Unavailable unlogged.

    *repeats*: it may be answered again by ``flows.repeat.again``.
    """
    [answer] = evaluate_all(parts, service_id, [question], repeats=repeats)
    if isinstance(answer, DoorwardError):
        raise answer
    return answer


def evaluate_all(
    parts: Parts,
    service_id: str,
    questions: Sequence[Question | DoorwardError],
    *,
    until: bool | None = None,
    repeats: Repeats | None = None,
) -> list[Answer]:
    """Return the answers to *questions*, in their order, logged.

    An error among them stands for a question that could not be read; it is its
    own answer. *until*: nothing is asked behind the first permit (True) or the
    first denial (False; what cannot be answered is one). Raises NotAuthenticated
    for a service that was disabled, Unavailable unlogged.
    """
    asking = Asking(parts, service_id, parts.clock.now(), repeats=repeats)
    answers: list[Answer] = []
    refusals: list[Event] = []
    for question in questions:
        answer = _answer(asking, question, refusals)
        answers.append(answer)
        if until is not None and until is (isinstance(answer, Decision) and answer.permitted):
            break
    if refusals:
        with parts.db.write() as session:
            parts.commit(session, *refusals)
    asking.log()
    return answers


def _answer(asking: Asking, question: Question | DoorwardError, refusals: list[Event]) -> Answer:
    """Return the answer to one question; the record of one outside the scope is added to *refusals*."""
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
    return asking.decide(question)
