"""Fixtures: a fake broker, and devices at each stage of their life."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.doorward_agent.protocol import Device
from tests.agent.broker import Broker, serving


@pytest.fixture
def broker() -> Iterator[Broker]:
    with serving() as running:
        yield running


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def new_device(state_dir: Path) -> Iterator[Device]:
    device = Device.create(state_dir, "laptop-7")
    yield device
    device.close()


@pytest.fixture
def device(new_device: Device, broker: Broker) -> Device:
    """Enrolled and approved."""
    new_device.enrol(broker.url, "code-1", {"os": "debian", "version": "12"})
    broker.approve()
    return new_device
