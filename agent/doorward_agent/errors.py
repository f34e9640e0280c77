"""What can go wrong between this computer and the broker, in four kinds."""

from __future__ import annotations


class AgentError(Exception):
    """Base of everything the agent raises on purpose. The text is for a person."""


class StateError(AgentError):
    """The state directory is missing, incomplete or open to others."""


class UnsafeAddress(AgentError):
    """The broker's address would send a signature or a code in the clear."""


class BrokerUnreachable(AgentError):
    """No usable answer; trying again later is right.

    *retry_after* is what the broker asked for, in seconds, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BrokerRefused(AgentError):
    """The broker understood and said no.

    *code* is the ``code`` of the problem document (RFC 9457), or
    ``http-<status>`` where there was none.
    """

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
