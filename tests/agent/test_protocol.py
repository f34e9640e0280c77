"""What a device says on the wire, and what it makes of the answers."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from agent.doorward_agent.errors import BrokerRefused, BrokerUnreachable, StateError
from agent.doorward_agent.protocol import Device
from agent.doorward_agent.transport import LARGEST_ANSWER_BYTES
from tests.agent.broker import Broker, Canned

FACTS = {"disk_encrypted": True, "remote_control": []}


def test_an_enrolled_and_approved_device_reports_an_open_session(device: Device, broker: Broker) -> None:
    broker.open_session("ab" * 32)

    poll = device.sessions()
    receipt = device.report(poll.sessions[0].session, poll.sessions[0].nonce, FACTS)

    assert broker.reports[0]["facts"] == FACTS
    assert broker.reports[0]["sid"] == "ab" * 32
    assert receipt.binding == "D1"
    assert receipt.next_nonce == broker.nonces["ab" * 32]


def test_enrolment_sends_the_public_key_only(device: Device, broker: Broker) -> None:
    sent = broker.devices[device.device_id]

    assert sent["jwk"] == device.public_jwk()
    assert "d" not in sent["jwk"]
    assert sent["name"] == "laptop-7"
    assert sent["platform"] == {"os": "debian", "version": "12"}


def test_a_device_survives_a_restart(device: Device, broker: Broker, state_dir: Path) -> None:
    again = Device.load(state_dir)

    again.sessions()
    again.close()

    assert (again.device_id, again.broker, again.name) == (device.device_id, broker.url, "laptop-7")
    assert again.thumbprint == device.thumbprint


def test_a_pending_device_is_told_so(new_device: Device, broker: Broker) -> None:
    new_device.enrol(broker.url, "code-1")

    with pytest.raises(BrokerRefused) as refusal:
        new_device.sessions()

    assert refusal.value.code == "device-pending"


def test_a_used_code_is_refused_and_leaves_the_device_unenrolled(new_device: Device, broker: Broker) -> None:
    broker.codes.clear()

    with pytest.raises(BrokerRefused) as refusal:
        new_device.enrol(broker.url, "code-1")

    assert refusal.value.code == "enrolment-code"
    assert new_device.device_id == ""


def test_a_nonce_cannot_be_used_twice(device: Device, broker: Broker) -> None:
    nonce = broker.open_session("ab")
    device.report("ab", nonce, FACTS)

    with pytest.raises(BrokerRefused) as refusal:
        device.report("ab", nonce, FACTS)

    assert refusal.value.code == "report-replayed"
    assert len(broker.reports) == 1


def test_another_key_cannot_speak_for_the_device(device: Device, broker: Broker, tmp_path: Path) -> None:
    nonce = broker.open_session("ab")
    stranger = Device.create(tmp_path / "other", "stranger")
    stranger._record = device._record

    with pytest.raises(BrokerRefused) as refusal:
        stranger.report("ab", nonce, FACTS)

    stranger.close()
    assert refusal.value.code == "report-signature"
    assert broker.reports == []


def test_an_old_clock_makes_a_stale_report(state_dir: Path, device: Device, broker: Broker) -> None:
    nonce = broker.open_session("ab")
    slow = Device.load(state_dir, clock=lambda: time.time() - 3600)

    with pytest.raises(BrokerRefused) as refusal:
        slow.report("ab", nonce, FACTS)

    slow.close()
    assert refusal.value.code == "report-stale"


def test_each_poll_carries_its_own_identifier(device: Device, broker: Broker) -> None:
    device.sessions()
    device.sessions()

    assert len(broker.jtis) == 2


def test_a_redirect_is_not_followed(device: Device, broker: Broker) -> None:
    broker.canned.append(Canned(307, headers={"Location": f"{broker.url}/agent/v1/elsewhere"}))

    with pytest.raises(BrokerRefused) as refusal:
        device.sessions()

    assert refusal.value.code == "http-307"
    assert [path for _, path, _ in broker.requests] == ["/agent/v1/enrolments", "/agent/v1/sessions"]


def test_an_injected_client_that_follows_redirects_still_does_not(
    state_dir: Path, device: Device, broker: Broker
) -> None:
    broker.canned.append(Canned(302, headers={"Location": "/agent/v1/elsewhere"}))
    with httpx.Client(follow_redirects=True, trust_env=False) as client:
        injected = Device.load(state_dir, client=client)

        with pytest.raises(BrokerRefused) as refusal:
            injected.sessions()

    assert refusal.value.code == "http-302"


def test_injected_headers_go_with_every_request(state_dir: Path, device: Device, broker: Broker) -> None:
    nonce = broker.open_session("ab")
    simulated = Device.load(state_dir, headers={"X-Forwarded-For": "203.0.113.7"})

    simulated.sessions()
    simulated.report("ab", nonce, FACTS)

    simulated.close()
    assert [headers.get("X-Forwarded-For") for _, _, headers in broker.requests[1:]] == ["203.0.113.7"] * 2


def test_a_broker_of_another_name_gets_no_enrolment(
    new_device: Device, broker: Broker, state_dir: Path
) -> None:
    broker.issuer = "https://somebody-else.example"

    with pytest.raises(StateError, match=r"somebody-else\.example"):
        new_device.enrol(broker.url, "code-1")

    assert Device.load(state_dir).device_id == ""


def test_a_device_enrols_once(device: Device, broker: Broker) -> None:
    broker.codes.add("code-2")

    with pytest.raises(StateError, match="already enrolled"):
        device.enrol(broker.url, "code-2")

    assert "code-2" in broker.codes


def test_a_device_that_is_not_enrolled_signs_nothing(new_device: Device) -> None:
    with pytest.raises(StateError, match="not enrolled"):
        new_device.report("ab", "nonce", FACTS)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_an_overloaded_broker_says_when_to_come_back(device: Device, broker: Broker, status: int) -> None:
    broker.canned.append(Canned(status, headers={"Retry-After": "42"}))

    with pytest.raises(BrokerUnreachable) as error:
        device.sessions()

    assert error.value.retry_after == 42.0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"sessions": {}, "poll_after": 5, "report_after": 60}',
        b'{"sessions": ["ab"], "poll_after": 5, "report_after": 60}',
        b'{"sessions": [{"session": "ab"}], "poll_after": 5, "report_after": 60}',
        b'{"sessions": [], "poll_after": "soon", "report_after": 60}',
        b'{"sessions": [], "poll_after": true, "report_after": 60}',
        b'{"sessions": [], "poll_after": NaN, "report_after": 60}',
        b'{"pad": "' + b"x" * LARGEST_ANSWER_BYTES + b'"}',
    ],
)
def test_an_unreadable_answer_is_no_answer(device: Device, broker: Broker, body: bytes) -> None:
    broker.canned.append(Canned(200, body))

    with pytest.raises(BrokerUnreachable):
        device.sessions()


def test_a_report_is_not_taken_for_accepted_without_the_word(device: Device, broker: Broker) -> None:
    nonce = broker.open_session("ab")
    broker.canned.append(Canned(202, b'{"accepted": "yes", "binding": "D1", "next_nonce": "n"}'))

    with pytest.raises(BrokerUnreachable, match="neither accepted nor refused"):
        device.report("ab", nonce, FACTS)


def test_intervals_are_held_within_bounds(device: Device, broker: Broker) -> None:
    broker.poll_after, broker.report_after = 0, 10**9

    poll = device.sessions()

    assert (poll.poll_after, poll.report_after) == (5.0, 3600.0)


def test_a_broker_that_is_gone_is_unreachable(state_dir: Path, device: Device) -> None:
    gone = httpx.Client(transport=httpx.MockTransport(_refuse))
    lost = Device.load(state_dir, client=gone)

    with pytest.raises(BrokerUnreachable, match="connection refused"):
        lost.sessions()

    lost.close()


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)
