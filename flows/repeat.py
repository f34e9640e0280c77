"""The same question again, before anything could have changed: the same answer, with a record of its own.

Services ask the same thing many times a second: a page loads, and each of its
parts asks for itself. Until the state changes, or a moment comes at which the
time alone could change the answer, deciding again would give the same again.

Who attacks this: time and state. The answer is kept under the revision of the
state (``flows.memory``), by every byte of the question and of the proof that
came with it, and only until the first moment at which anything that it rests
on begins, ends, or grows older by a second. A property test asks both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from domain.decision import Decision
from flows.decide import Asked, Assessed, Known
from flows.facts import PRESENCE_MEMORY
from flows.parts import Parts
from flows.presence import GRACE

_SECOND = timedelta(seconds=1)
_AT = len(b'{"decision":{"id":"","at":')


@dataclass(frozen=True, slots=True)
class Repeats:
    """What names a question and the proof that came with it, to the byte; and when that proof ends."""

    key: bytes
    ends: datetime | None


@dataclass(slots=True, eq=False)
class Repeatable:
    """An answer and how long it holds. *told*: the words around its id, and what counts it."""

    decision: Decision
    began: datetime
    until: datetime
    rest: bytes
    told: tuple[bytes, bytes, Callable[[], None]] | None = None

    def line(self, id: str, now: datetime) -> bytes:
        """Return the line of the log for one more answer."""
        return b'{"decision":{"id":"%b","at":%b%b' % (id.encode(), orjson.dumps(now), self.rest)


def again(parts: Parts, key: bytes) -> tuple[str, Repeatable] | None:
    """Answer once more what was asked by *key* before: a new id, logged. None: decide anew.

    Raises Unavailable if it cannot be logged, or the state cannot be told.
    """
    parts.memory.catch_up()
    kept: Repeatable | None = parts.memory.peek(("again", key))
    now = parts.clock.now()
    if kept is None or kept.told is None or not kept.began <= now < kept.until:
        return None
    id_ = parts.ids.new("dec")
    parts.log.append([kept.line(id_, now)])
    return id_, kept


def repeatable(
    decision: Decision,
    line: bytes,
    asked: Asked,
    known: Known,
    assessed: Assessed,
    ends: Iterable[datetime | None],
) -> Repeatable:
    """Return *decision*, whose log has *line*, for as long as it holds, at most until one of *ends*."""
    now = decision.at
    at = orjson.dumps(now)
    rest = line[_AT + len(decision.id) + len(at) :]
    moments = [*_moments(asked, known, assessed, now), *(end for end in ends if end is not None)]
    made = Repeatable(decision, now, min(moment for moment in moments if moment > now), rest)
    assert made.line(decision.id, now) == line
    return made


def _moments(asked: Asked, known: Known, assessed: Assessed, now: datetime) -> Iterator[datetime]:
    """Yield the moments at which time alone could make the answer another one."""
    yield now.replace(microsecond=0) + _SECOND  # rules speak of the clock in whole seconds
    yield assessed.until
    if assessed.reported_at is not None:
        yield _older(assessed.reported_at, now)
    facts = known.facts
    for engagement in facts.engagements:
        yield engagement.starts_at
        yield engagement.ends_at
    for _, end in facts.memberships:
        if end is not None:
            yield end
    for check in facts.checks:
        yield check.opened_at + PRESENCE_MEMORY
        yield check.deadline + GRACE
    for grant in (*facts.grants, *((asked.grant,) if asked.grant is not None else ())):
        yield grant.not_before
        yield grant.not_after
    if asked.roots is not None:
        yield asked.roots.session.expires_at
        yield _older(asked.roots.session.touched_at, now)


def _older(since: datetime, now: datetime) -> datetime:
    """Return when what began at *since* is a whole second older than at *now*."""
    return since + timedelta(seconds=int((now - since).total_seconds()) + 1)
