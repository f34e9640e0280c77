"""The client for event loops: Starlette, FastAPI, other ASGI. Its twin is ``synchronous``.

One object serves all tasks of one event loop, and keeps connections open
between checks. Make it in the process and loop that use it.
"""

from __future__ import annotations

import inspect
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import anyio
import httpcore

from . import answers, attempts, service
from .answers import Answer, Failure
from .attempts import Attempts
from .decision import Decision, Denied, NoAnswer
from .question import EVALUATION, EVALUATIONS, MAX_QUESTIONS, Question, Until, batch, encoded, written


class AsyncDoorward:
    """Asks one broker, as one service: :class:`Doorward`, to be awaited.

    *token* may be a coroutine function; the deadline interrupts it.
    """

    def __init__(
        self,
        base_url: str,
        *,
        secret: str | None = None,
        token: Callable[[], str | Awaitable[str]] | None = None,
        deadline: timedelta = timedelta(milliseconds=500),
        retries: int = 2,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        if (secret is None) == (token is None):
            raise ValueError("the service proves itself by a secret or by a token")
        self._service = service.service(base_url, deadline, retries, ssl_context)
        fixed = "" if secret is None else service.credential(secret)
        self._credential: Callable[[], str | Awaitable[str]] = token or (lambda: fixed)
        self._pool = httpcore.AsyncConnectionPool(**self._service.pool())

    async def check(
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
        """Return the broker's decision; whatever goes wrong is a denial and raises nothing."""
        question = Question(
            subject, action, resource,
            token=token, grant_id=grant_id, context=context, subject_type=subject_type,
        )  # fmt: skip
        try:
            body = encoded(written(question))
        except ValueError as error:
            return Failure(NoAnswer.QUESTION_MALFORMED, str(error)).decision()
        found = await self._ask(EVALUATION, body, service.LARGEST_ANSWER_BYTES)
        return found.decision() if isinstance(found, Failure) else answers.decision(found)

    async def check_all(
        self, questions: Sequence[Question], *, until: Until | None = None
    ) -> tuple[Decision, ...]:
        """Return one decision for each question: see :meth:`Doorward.check_all`."""
        if not questions:
            return ()
        if len(questions) > MAX_QUESTIONS:
            many = Failure(NoAnswer.QUESTION_MALFORMED, f"more than {MAX_QUESTIONS} questions at once")
            return (many.decision(),) * len(questions)
        body, wrong = batch(questions, until)
        found = await self._ask(EVALUATIONS, body, service.LARGEST_BATCH_BYTES)
        if isinstance(found, Failure):
            return (found.decision(),) * len(questions)
        return answers.decisions(found, len(questions), until, wrong)

    async def require(self, subject: str, action: str, resource: str, **session: Any) -> Decision:
        """Return the permit, or raise Denied. Takes what :meth:`check` takes."""
        decision = await self.check(subject, action, resource, **session)
        if not decision.permitted:
            raise Denied(decision)
        return decision

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _ask(self, path: str, body: bytes, largest: int) -> dict[str, Any] | Failure:
        tries, request_id = Attempts(self._service.deadline, self._service.retries), service.new_request_id()
        with anyio.move_on_after(tries.ends - time.monotonic()):
            found = await self._attempt(tries, request_id, path, body, largest)
            return attempts.report(found, request_id) if isinstance(found, Failure) else found
        failure = Failure(NoAnswer.BROKER_UNREACHABLE, "the deadline is over")
        return attempts.report(failure, request_id)

    async def _attempt(
        self, tries: Attempts, request_id: str, path: str, body: bytes, largest: int
    ) -> dict[str, Any] | Failure:
        try:
            given = self._credential()
            bearer = service.credential(await given if inspect.isawaitable(given) else given)
        except Exception as error:  # the callable is the caller's: whatever it raises denies
            return Failure(NoAnswer.CREDENTIAL_UNAVAILABLE, type(error).__name__)
        while True:
            sent = await self._send(path, service.fields(bearer, request_id), body, largest)
            found = sent if isinstance(sent, Failure) else answers.document(sent, request_id)
            if not isinstance(found, Failure):
                return found
            seconds = tries.pause(found)
            if seconds is None:
                return found
            await anyio.sleep(seconds)

    async def _send(
        self, path: str, fields: list[tuple[str, str]], body: bytes, largest: int
    ) -> Answer | Failure:
        begun = False
        try:
            async with self._pool.stream(
                "POST", self._service.base_url + path, headers=fields, content=body
            ) as response:
                begun, received = True, bytearray()
                async for piece in response.aiter_stream():
                    received += piece
                    if len(received) > largest:
                        return Failure(NoAnswer.ANSWER_MALFORMED, "the answer is too long")
            return attempts.answered(response, bytes(received))
        except Exception as error:  # no answer is no permit, whatever the reason
            return attempts.lost(error, begun=begun)
