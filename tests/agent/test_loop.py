"""When the agent reports, waits, and gives up."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from agent.doorward_agent.errors import BrokerRefused
from agent.doorward_agent.loop import Backoff, Reporter, run
from agent.doorward_agent.protocol import Device
from tests.agent.broker import Broker, Canned


class Waits(Event):
    """An event that remembers how long it was waited for, and sets itself after *turns*."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.turns, self.seconds = turns, list[float | None]()

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        if len(self.seconds) >= self.turns:
            self.set()
        return self.is_set()


@pytest.fixture
def reporter(device: Device) -> Reporter:
    return Reporter(device, lambda: {"disk_encrypted": True})


def test_every_open_session_is_reported_once_per_period(reporter: Reporter, broker: Broker) -> None:
    broker.open_session("aa")
    broker.open_session("bb")

    reporter.tick(1000.0)
    reporter.tick(1015.0)

    assert sorted(report["sid"] for report in broker.reports) == ["aa", "bb"]


def test_a_session_is_reported_again_before_its_report_runs_out(reporter: Reporter, broker: Broker) -> None:
    broker.open_session("aa")

    reporter.tick(1000.0)
    reporter.tick(1000.0 + broker.report_after * 0.85)

    assert len(broker.reports) == 2


def test_the_next_tick_comes_in_time_for_the_next_report(reporter: Reporter, broker: Broker) -> None:
    broker.open_session("aa")
    broker.poll_after, broker.report_after = 600, 60

    wait = reporter.tick(1000.0)

    assert wait == 48.0


def test_without_a_session_nothing_is_looked_at(device: Device, broker: Broker) -> None:
    def look() -> dict[str, Any]:
        raise AssertionError("collected without need")

    wait = Reporter(device, look).tick(1000.0)

    assert wait == broker.poll_after


def test_a_session_that_opens_again_is_reported_at_once(reporter: Reporter, broker: Broker) -> None:
    broker.open_session("aa")
    reporter.tick(1000.0)
    broker.nonces.clear()
    reporter.tick(1005.0)
    broker.open_session("aa")

    reporter.tick(1010.0)

    assert len(broker.reports) == 2


def test_a_replay_is_cured_by_the_nonce_of_the_next_poll(
    reporter: Reporter, device: Device, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.open_session("aa")
    stale = device.sessions()
    broker.open_session("aa")
    fresh = device.sessions()
    polls = iter([stale, fresh])
    monkeypatch.setattr(device, "sessions", lambda: next(polls))

    reporter.tick(1000.0)
    missed = len(broker.reports)
    reporter.tick(1015.0)

    assert (missed, len(broker.reports)) == (0, 1)


def test_one_closed_session_does_not_hold_up_the_others(
    reporter: Reporter, device: Device, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.open_session("aa")
    broker.open_session("bb")
    poll = device.sessions()
    del broker.nonces["aa"]
    monkeypatch.setattr(device, "sessions", lambda: poll)

    reporter.tick(1000.0)

    assert [report["sid"] for report in broker.reports] == ["bb"]


def test_a_pending_device_waits_patiently(reporter: Reporter, broker: Broker) -> None:
    broker.states = dict.fromkeys(broker.states, "pending")
    stop = Waits(turns=3)

    outcome = run(reporter, stop, monotonic=lambda: 0.0)

    assert outcome is None
    assert stop.seconds == [30.0, 30.0, 30.0]


def test_a_revoked_device_gives_up(reporter: Reporter, broker: Broker) -> None:
    broker.states = dict.fromkeys(broker.states, "revoked")
    stop = Waits(turns=3)

    outcome = run(reporter, stop, monotonic=lambda: 0.0)

    assert isinstance(outcome, BrokerRefused)
    assert outcome.code == "device-revoked"
    assert stop.seconds == []


def test_outages_are_waited_out_longer_and_longer(reporter: Reporter, broker: Broker) -> None:
    broker.canned.extend(Canned(503) for _ in range(4))
    stop = Waits(turns=5)

    run(reporter, stop, monotonic=lambda: 0.0, backoff=Backoff(chance=lambda: 0.0))

    assert stop.seconds == [2.0, 4.0, 8.0, 16.0, broker.poll_after]


def test_the_brokers_own_wish_to_wait_is_respected_within_reason(reporter: Reporter, broker: Broker) -> None:
    broker.canned.append(Canned(503, headers={"Retry-After": "90"}))
    broker.canned.append(Canned(503, headers={"Retry-After": "86400"}))
    stop = Waits(turns=2)

    run(reporter, stop, monotonic=lambda: 0.0)

    assert stop.seconds == [90.0, 300.0]


def test_backoff_doubles_to_its_limit_and_is_shortened_by_at_most_half() -> None:
    longest = Backoff(first=2, longest=300, chance=lambda: 0.0)
    shortest = Backoff(first=2, longest=300, chance=lambda: 1.0)

    assert [longest.next() for _ in range(9)] == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert [shortest.next() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 64, 128, 150]


def test_a_success_ends_the_backoff() -> None:
    backoff = Backoff(chance=lambda: 0.0)
    backoff.next()
    backoff.next()

    backoff.reset()

    assert backoff.next() == 2.0
