"""Stop a ceremony inside this room.

Answers: how does a step deep in the parsing end the whole check? By raising
:class:`Refused`; the public functions turn it into the value
:class:`domain.key_refusals.Refusal`, so nothing presented raises outside.
"""

from __future__ import annotations

from types import TracebackType

from domain.key_refusals import KeyRefusal, Refusal

_DETAIL_LIMIT = 200


class Refused(Exception):
    """A ceremony ended; *refusal* says why."""

    def __init__(self, code: KeyRefusal, detail: str = "") -> None:
        super().__init__(code.value)
        self.refusal = Refusal(code, detail[:_DETAIL_LIMIT])


class refusing:  # noqa: N801 - reads as a word in `with`; a generator would cost a login several microseconds
    """Turn whatever the block raises into a refusal with *code*.

    The libraries below let ``ValueError``, ``KeyError``, ``TypeError`` and
    their own kinds out on malformed input, so the kind is not looked at. A
    refusal raised inside keeps its own code.
    """

    __slots__ = ("_code",)

    def __init__(self, code: KeyRefusal) -> None:
        self._code = code

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, Refused):
            raise Refused(self._code, f"{type(error).__name__}: {error}") from error
