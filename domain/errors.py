"""Why a request could not be served: few kinds, each with a stable code.

A *denial* is not an error, it is a :class:`domain.decision.Decision`. These
exceptions mean that the request or the machine is not in order; ``web``
translates them in one place to RFC 9457 problem details (or to OAuth's own
format on OAuth endpoints). Messages are lower case, without a final stop, user
input in backticks, and may be shown to the caller: they hold no secrets and
no details about detection.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar


class DoorwardError(Exception):
    """Root of the tree.

    *remedy* is one sentence telling a person what to do now; *details* are
    extra members of the problem document, safe to show.
    """

    status: ClassVar[int] = 500
    code: str = "internal"
    title: ClassVar[str] = "Something is wrong on our side"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        remedy: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.details = details
        if code is not None:
            self.code = code


class Invalid(DoorwardError):
    """The request is malformed: a field is absent, mistyped or out of range."""

    status = 400
    code = "invalid-request"
    title = "The request cannot be read"


class NotAuthenticated(DoorwardError):
    """Nobody is proven to be there: log in, or present a working credential."""

    status = 401
    code = "not-authenticated"
    title = "Log in first"


class Forbidden(DoorwardError):
    """Somebody is there and may not do this."""

    status = 403
    code = "forbidden"
    title = "This is not yours to do"


class NotFound(DoorwardError):
    """There is no such thing, or the caller may not know of it."""

    status = 404
    code = "not-found"
    title = "Nothing is here"


class Conflict(DoorwardError):
    """The state has moved since the caller looked: look again, then decide."""

    status = 409
    code = "conflict"
    title = "Something changed in the meantime"


class Misdirected(DoorwardError):
    """The request names a host, or passed a proxy, that this server does not serve."""

    status = 421
    code = "misdirected-request"
    title = "Not at this address"


class TooMany(DoorwardError):
    """A limit was reached. *retry_after* says when to come back."""

    status = 429
    code = "too-many-requests"
    title = "Too many tries"

    def __init__(self, message: str, *, retry_after: timedelta, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class Unavailable(DoorwardError):
    """State or storage cannot be relied on now. Nothing is permitted meanwhile."""

    status = 503
    code = "state-unavailable"
    title = "Not possible right now"


class ChallengeExpired(NotAuthenticated):
    """The challenge is unknown, older than its lifetime, or was already used."""

    code = "challenge-expired"
    title = "That took too long"


class StaleBase(Conflict):
    """A draft was made on a publication that is no longer the newest."""

    code = "stale-base"


class BundleInvalid(Invalid):
    """A policy bundle has problems; *problems* lists them with line and suggestion."""

    code = "bundle-invalid"


class RulesTooLong(BundleInvalid):
    """Rules are longer than an editor in a page can hold; from a file they can be published."""

    code = "rules-too-long"


class FailedTests(BundleInvalid):
    """A bundle does not do what its own tests say; *problems* lists those that fail."""

    code = "tests-failed"


class EmptyBundle(BundleInvalid):
    """A bundle without rules: Casbin would permit empty requests against it."""

    code = "bundle-empty"
