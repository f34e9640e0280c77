"""When a question is asked again, and what it means that no answer came. Opens no connection.

One deadline holds for all attempts of a check together. Asking again is safe:
a question changes nothing, and adds one more row to the decision log.
"""

from __future__ import annotations

import logging
import random
import time
from datetime import timedelta

import httpcore

from .answers import Answer, Failure
from .decision import NoAnswer

_FIRST_PAUSE_SECONDS = 0.02
_BEFORE_AN_ANSWER = (httpcore.NetworkError, httpcore.RemoteProtocolError)

log = logging.getLogger("doorward_client")


class Attempts:
    """The attempts of one check: at most 1 + *retries*, all before *deadline* is over."""

    def __init__(self, deadline: timedelta, retries: int) -> None:
        self.ends = time.monotonic() + deadline.total_seconds()
        """Moment of the monotonic clock at which the check is over."""
        self._left = retries
        self._pause = _FIRST_PAUSE_SECONDS

    def pause(self, failure: Failure) -> float | None:
        """Return the seconds to wait before the next attempt; None: *failure* stands.

        The pause doubles and is drawn at random up to that, so that many
        services do not come back at once; it is never shorter than the broker
        asked for. What would end behind the deadline is not begun.
        """
        seconds = failure.after_seconds + random.uniform(0, self._pause)  # noqa: S311  # no secret
        self._left -= 1
        self._pause *= 2
        if not failure.again or self._left < 0 or time.monotonic() + seconds >= self.ends:
            return None
        return seconds


def answered(response: httpcore.Response, body: bytes) -> Answer:
    """Return what httpcore received."""
    fields = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers]
    return Answer(response.status, fields, body)


def lost(error: Exception, *, begun: bool) -> Failure:
    """Return the failure for *error*; *begun*: the head of an answer had come.

    Only what was lost before is tried again: no connection, or one that the
    broker closed in between. The text of *error* is left out, it may quote fields.
    """
    again = not begun and isinstance(error, _BEFORE_AN_ANSWER)
    return Failure(NoAnswer.BROKER_UNREACHABLE, type(error).__name__, again=again)


def report(failure: Failure, request_id: str) -> Failure:
    """Log that there was no answer, without secret, token or question."""
    log.warning("no decision: %s (%s), request %s", failure.why.value, failure.detail, request_id)
    return failure
