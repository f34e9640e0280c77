"""The Decision: one frozen value on every page, token, record and answer.

The laws it obeys are listed in ``docs/policy.md`` and held as property tests
in ``tests/properties``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from domain.reasons import ReasonCode, Standing


class Effect(Enum):
    """What was decided. There is no third value: what is not permitted is denied."""

    PERMIT = "permit"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Reason:
    """One coded reason. *details* fill the braces of its text and explain to admins."""

    code: ReasonCode
    details: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, code: ReasonCode, **details: object) -> Reason:
        return cls(code, tuple((k, str(v)) for k, v in sorted(details.items())))

    @property
    def sentence(self) -> str:
        return self._fill(self.code.text.sentence)

    @property
    def remedy(self) -> str:
        return self._fill(self.code.text.remedy)

    def _fill(self, template: str) -> str:
        for key, value in self.details:
            template = template.replace("{" + key + "}", value)
        return template


@dataclass(frozen=True, slots=True)
class Obligations:
    """What goes with a permit.

    *max_lifetime* caps every grant and token that follows: the longest cap
    among the determining permits that name one, None when none does.
    *uncapped*: at least one of them names none, so the product's default
    stands beside it (see :meth:`cap`). *standing*: live checks need no grant.
    """

    max_lifetime: timedelta | None = None
    standing: bool = False
    uncapped: bool = False

    def cap(self, default: timedelta) -> timedelta:
        """Return the longest cap, *default* being that of a permit that names none.

        So one more permit never shortens what another one gives.
        """
        if self.max_lifetime is None:
            return default
        return max(self.max_lifetime, default) if self.uncapped else self.max_lifetime


@dataclass(frozen=True, slots=True)
class Revisions:
    """Which state was asked: publication number, bundle digest, assignment and grant revision."""

    publication: int = 0
    bundle: str = ""
    state: int = 0


@dataclass(frozen=True, slots=True)
class RuleError:
    """A rule whose condition could not be evaluated, and why (unknown: a permit
    does not apply, a forbid does)."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Effect, reasons, obligations, determining and erring rules, revisions, time.

    *reasons*: the first is the one to show. *determining*: ids of exactly
    the rules that apply and carry the effect. *assessment*: id of the
    assessment that was used, None when no session was named.
    """

    effect: Effect
    reasons: tuple[Reason, ...]
    at: datetime
    obligations: Obligations = Obligations()
    determining: tuple[str, ...] = ()
    erring: tuple[RuleError, ...] = ()
    revisions: Revisions = Revisions()
    assessment: str | None = None
    tier: int | None = None
    score: int | None = None
    id: str = ""

    def __bool__(self) -> bool:
        raise TypeError("ask decision.permitted; a Decision has no truth value")

    @property
    def permitted(self) -> bool:
        return self.effect is Effect.PERMIT

    @property
    def reason(self) -> Reason:
        """The reason to show first."""
        return self.reasons[0]

    @property
    def curable(self) -> bool:
        """True for a denial that the person can end now: no final reason stands."""
        return not self.permitted and all(r.code.standing is not Standing.FINAL for r in self.reasons)

    def denied(self, reason: Reason) -> Decision:
        """Return this decision turned into a denial for one more reason, shown first."""
        kept = tuple(r for r in self.reasons if r.code.standing is not Standing.OK)
        return replace(self, effect=Effect.DENY, reasons=(reason, *kept), obligations=Obligations())
