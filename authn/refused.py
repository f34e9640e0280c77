"""Stop a ceremony inside this room.

Answers: how does a step deep in the parsing end the whole check? By raising
:class:`Refused`; the public functions turn it into the value
:class:`domain.key_refusals.Refusal`, so nothing presented raises outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from domain.key_refusals import KeyRefusal, Refusal

_DETAIL_LIMIT = 200


class Refused(Exception):
    """A ceremony ended; *refusal* says why."""

    def __init__(self, code: KeyRefusal, detail: str = "") -> None:
        super().__init__(code.value)
        self.refusal = Refusal(code, detail[:_DETAIL_LIMIT])


@contextmanager
def refusing(code: KeyRefusal) -> Iterator[None]:
    """Turn whatever the block raises into a refusal with *code*.

    The libraries below let ``ValueError``, ``KeyError``, ``TypeError`` and
    their own kinds out on malformed input, so the kind is not looked at. A
    refusal raised inside keeps its own code.
    """
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        raise Refused(code, f"{type(error).__name__}: {error}") from error
