"""Both clients asked in the same way, so that one test speaks of the two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from doorward_client import AsyncDoorward, Decision, Doorward, Question, Until

SECRET = "dwp_service-secret"
Ask = Callable[..., Decision]
AskAll = Callable[..., tuple[Decision, ...]]
WORDS = ("prs_1", "read", "data:logs")


def check(url: str, *words: str, session: dict[str, Any] | None = None, **options: Any) -> Decision:
    with Doorward(url, **({"secret": SECRET} | options)) as client:
        return client.check(*(words or WORDS), **(session or {}))


def async_check(url: str, *words: str, session: dict[str, Any] | None = None, **options: Any) -> Decision:
    async def ask() -> Decision:
        async with AsyncDoorward(url, **({"secret": SECRET} | options)) as client:
            return await client.check(*(words or WORDS), **(session or {}))

    return asyncio.run(ask())


def check_all(
    url: str, questions: Sequence[Question], *, until: Until | None = None, **options: Any
) -> tuple[Decision, ...]:
    with Doorward(url, **({"secret": SECRET} | options)) as client:
        return client.check_all(questions, until=until)


def async_check_all(
    url: str, questions: Sequence[Question], *, until: Until | None = None, **options: Any
) -> tuple[Decision, ...]:
    async def ask() -> tuple[Decision, ...]:
        async with AsyncDoorward(url, **({"secret": SECRET} | options)) as client:
            return await client.check_all(questions, until=until)

    return asyncio.run(ask())
