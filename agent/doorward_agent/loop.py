"""Report again and again until told to stop.

Answers: which session is due, and how long to wait? Collecting and sending are
given; nothing here sleeps except on the *stop* event, so a signal ends it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

from .errors import BrokerRefused, BrokerUnreachable
from .protocol import Device, Receipt

PENDING_SECONDS = 30.0
REFRESH_SHARE = 0.8
"""Report again after this share of ``report_after``, so that a slow answer leaves no gap."""

ASK_FOR_A_NEW_NONCE = frozenset({"report-replayed", "report-stale", "report-session"})
"""Refusals of one report that the next poll cures: it brings a fresh nonce, or drops the session."""

Facts = Mapping[str, Any]
_CHANCE = random.SystemRandom().random
log = logging.getLogger("doorward_agent")


class Backoff:
    """Waiting times that double up to a limit, each shortened at random by up to half.

    The jitter keeps many agents from returning together after an outage.
    """

    def __init__(
        self,
        first: float = 2.0,
        longest: float = 300.0,
        chance: Callable[[], float] = _CHANCE,
    ) -> None:
        self._first, self._longest, self._chance = first, longest, chance
        self._failures = 0

    def next(self) -> float:
        """Return the seconds to wait after one more failure."""
        ceiling = min(self._longest, self._first * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return ceiling * (1.0 - self._chance() / 2.0)

    def reset(self) -> None:
        """Start from the beginning after a success."""
        self._failures = 0


class Reporter:
    """Knows when each session was last reported and reports those that are due."""

    def __init__(self, device: Device, collect: Callable[[], Facts]) -> None:
        self._device = device
        self._collect = collect
        self._due: dict[str, float] = {}

    def tick(self, now: float) -> float:
        """Poll once, report what is due at monotonic *now*; return seconds until the next tick."""
        poll = self._device.sessions()
        open_now = {item.session for item in poll.sessions}
        self._due = {session: at for session, at in self._due.items() if session in open_now}
        wanted = [item for item in poll.sessions if self._due.get(item.session, now) <= now]
        if wanted:
            facts = self._collect()
            for item in wanted:
                if self._report(item.session, item.nonce, facts) is not None:
                    self._due[item.session] = now + poll.report_after * REFRESH_SHARE
        return min([poll.poll_after, *(max(1.0, at - now) for at in self._due.values())])

    def _report(self, session: str, nonce: str, facts: Facts) -> Receipt | None:
        try:
            receipt = self._device.report(session, nonce, facts)
        except BrokerRefused as refusal:
            if refusal.code not in ASK_FOR_A_NEW_NONCE:
                raise
            log.warning("report for session %.8s refused (%s): %s", session, refusal.code, refusal)
            return None
        log.info(
            "told %s about session %.8s: %s (%s)",
            self._device.broker,
            session,
            ", ".join(facts),
            receipt.binding,
        )
        return receipt


def run(
    reporter: Reporter, stop: Event, *, monotonic: Callable[[], float], backoff: Backoff | None = None
) -> BrokerRefused | None:
    """Tick until *stop* is set (returns None) or the device is revoked (returns the refusal)."""
    backoff = backoff or Backoff()
    while not stop.is_set():
        try:
            wait = reporter.tick(monotonic())
            backoff.reset()
        except BrokerRefused as refusal:
            if refusal.code == "device-revoked":
                return refusal
            log.warning("refused (%s): %s", refusal.code, refusal)
            wait = PENDING_SECONDS if refusal.code == "device-pending" else backoff.next()
        except BrokerUnreachable as error:
            wait = max(backoff.next(), min(error.retry_after or 0.0, 300.0))
            log.warning("%s; trying again in %.0f s", error, wait)
        stop.wait(wait)
    return None
