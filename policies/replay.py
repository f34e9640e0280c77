"""Would a logged decision come out again? Decided anew from what the log kept of it, and compared.

Covers what the rules say. What flows impose beside them (somebody suspended, a
session that ended, no grant) is told apart by its reasons, which no rule gives,
and is not judged here. Pure: finds no bundle, reads no log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import takewhile

from domain.access import AccessRequest, Link
from domain.decision import Decision, Obligations, Reason
from domain.reasons import ReasonCode, Standing
from policies.bundle import Bundle
from policies.causes import DENYING
from policies.decide import decide

_OF_RULES = DENYING | {ReasonCode.POLICY_ABSENT}


class Part(Enum):
    """What of a decision is compared."""

    EFFECT = "effect"
    RULES = "rules"
    ERRING = "rules that could not be evaluated"
    REASONS = "reasons"
    OBLIGATIONS = "obligations"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came out. *said*: by the rules alone; *expected*: with what was imposed beside them.

    *imposed*: the reasons of the logged decision that no rule gives, as they stand there;
    *differing*: the parts in which *expected* is not what was logged.
    """

    said: Decision
    imposed: tuple[Reason, ...]
    expected: Decision
    differing: tuple[Part, ...]

    @property
    def same(self) -> bool:
        return not self.differing


def replay(
    logged: Decision, request: AccessRequest, *, bundle: Bundle | None, assignments: Sequence[Link]
) -> Replayed:
    """Decide *request* again at the moment of *logged*, and compare.

    *bundle* are the rules of then (None: none were in force), *assignments* the memberships of
    then. Of the obligations the cap and `standing` count: the log keeps no more.
    Raises as ``policies.decide.decide``.
    """
    said = decide(request, bundle=bundle, assignments=assignments, now=logged.at)
    imposed = tuple(takewhile(is_imposed, logged.reasons))
    expected = said
    for reason in reversed(imposed):
        expected = expected.denied(reason)
    return Replayed(said, imposed, expected, _differing(logged, expected))


def is_imposed(reason: Reason) -> bool:
    """Whether *reason* denies, and no rule can give it."""
    return reason.code.standing is not Standing.OK and reason.code not in _OF_RULES


def _differing(logged: Decision, expected: Decision) -> tuple[Part, ...]:
    compared = (
        (Part.EFFECT, logged.effect, expected.effect),
        (Part.RULES, logged.determining, expected.determining),
        (Part.ERRING, logged.erring, expected.erring),
        (Part.REASONS, logged.reasons, expected.reasons),
        (Part.OBLIGATIONS, _kept(logged.obligations), _kept(expected.obligations)),
    )
    return tuple(part for part, was, came in compared if was != came)


def _kept(obligations: Obligations) -> Obligations:
    return replace(obligations, uncapped=False)
