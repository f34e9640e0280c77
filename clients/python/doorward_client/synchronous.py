"""The client for threads: Flask, plain WSGI, scripts. Its twin is ``asynchronous``.

One object serves all threads and keeps connections open between checks. A
process that was forked opens its own.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpcore

from . import answers, attempts, service
from .answers import Answer, Failure
from .attempts import Attempts
from .decision import Decision, Denied, NoAnswer
from .network import Network
from .question import EVALUATION, EVALUATIONS, MAX_QUESTIONS, Question, Until, batch, encoded, written


class Doorward:
    """Asks one broker, as one service.

    *base_url* is https, or http to localhost. The service proves itself by its
    *secret*, or by what *token* returns before each check (an access token for
    `pdp` by `client_credentials`). A check with all its *retries* is over after
    *deadline*; *token* runs within it but is not interrupted. *ssl_context* is for authorities
    that the system does not know. Raises ValueError for what is unsafe.
    """

    def __init__(
        self,
        base_url: str,
        *,
        secret: str | None = None,
        token: Callable[[], str] | None = None,
        deadline: timedelta = timedelta(milliseconds=500),
        retries: int = 2,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        if (secret is None) == (token is None):
            raise ValueError("the service proves itself by a secret or by a token")
        self._service = service.service(base_url, deadline, retries, ssl_context)
        fixed = "" if secret is None else service.credential(secret)
        self._credential: Callable[[], str] = token or (lambda: fixed)
        self._owned = os.getpid(), self._new_pool()

    def check(
        self,
        subject: str,
        action: str,
        resource: str,
        *,
        token: str | None = None,
        grant_id: str | None = None,
        context: Mapping[str, Any] | None = None,
        subject_type: str = "person",
    ) -> Decision:
        """Return the broker's decision; whatever goes wrong is a denial and raises nothing.

        For the arguments see :class:`Question`.
        """
        question = Question(
            subject, action, resource,
            token=token, grant_id=grant_id, context=context, subject_type=subject_type,
        )  # fmt: skip
        try:
            body = encoded(written(question))
        except ValueError as error:
            return Failure(NoAnswer.QUESTION_MALFORMED, str(error)).decision()
        found = self._ask(EVALUATION, body, service.LARGEST_ANSWER_BYTES)
        return found.decision() if isinstance(found, Failure) else answers.decision(found)

    def check_all(self, questions: Sequence[Question], *, until: Until | None = None) -> tuple[Decision, ...]:
        """Return one decision for each of up to 100 questions, in their order, from one moment.

        *until* ends the batch with the first denial or permit; what stands
        behind it is denied as `not-asked`. Whatever goes wrong denies.
        """
        if not questions:
            return ()
        if len(questions) > MAX_QUESTIONS:
            many = Failure(NoAnswer.QUESTION_MALFORMED, f"more than {MAX_QUESTIONS} questions at once")
            return (many.decision(),) * len(questions)
        body, wrong = batch(questions, until)
        found = self._ask(EVALUATIONS, body, service.LARGEST_BATCH_BYTES)
        if isinstance(found, Failure):
            return (found.decision(),) * len(questions)
        return answers.decisions(found, len(questions), until, wrong)

    def require(self, subject: str, action: str, resource: str, **session: Any) -> Decision:
        """Return the permit, or raise Denied. Takes what :meth:`check` takes."""
        decision = self.check(subject, action, resource, **session)
        if not decision.permitted:
            raise Denied(decision)
        return decision

    def close(self) -> None:
        """Close the connections. A check after it opens new ones."""
        self._pool().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, path: str, body: bytes, largest: int) -> dict[str, Any] | Failure:
        tries, request_id = Attempts(self._service.deadline, self._service.retries), service.new_request_id()
        try:
            fields = service.fields(service.credential(self._credential()), request_id)
        except Exception as error:  # the callable is the caller's: whatever it raises denies
            failure = Failure(NoAnswer.CREDENTIAL_UNAVAILABLE, type(error).__name__)
            return attempts.report(failure, request_id)
        while True:
            sent = self._send(path, fields, body, largest, tries.ends)
            found = sent if isinstance(sent, Failure) else answers.document(sent, request_id)
            if not isinstance(found, Failure):
                return found
            seconds = tries.pause(found)
            if seconds is None:
                return attempts.report(found, request_id)
            time.sleep(seconds)

    def _send(
        self, path: str, fields: list[tuple[str, str]], body: bytes, largest: int, ends: float
    ) -> Answer | Failure:
        waits = {"connect": ends, "read": ends, "write": ends, "pool": max(0.0, ends - time.monotonic())}
        begun = False
        try:
            with self._pool().stream(
                "POST",
                self._service.base_url + path,
                headers=fields,
                content=body,
                extensions={"timeout": waits},
            ) as response:
                begun, received = True, bytearray()
                for piece in response.iter_stream():
                    received += piece
                    if len(received) > largest:
                        return Failure(NoAnswer.ANSWER_MALFORMED, "the answer is too long")
            return attempts.answered(response, bytes(received))
        except Exception as error:  # no answer is no permit, whatever the reason
            return attempts.lost(error, begun=begun)

    def _pool(self) -> httpcore.ConnectionPool:
        # INVARIANT: no two processes share a connection; after a fork one could read the other's answer.
        owner, pool = self._owned
        if owner != os.getpid():
            pool = self._new_pool()
            self._owned = os.getpid(), pool
        return pool

    def _new_pool(self) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(network_backend=Network(), **self._service.pool())
