"""The key and the enrolment on disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agent.doorward_agent.errors import StateError
from agent.doorward_agent.protocol import Device


def test_the_key_is_readable_by_its_owner_alone(new_device: Device, state_dir: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (state_dir, *state_dir.iterdir())}

    assert modes == {"state": 0o700, "device-key.pem": 0o600, "device.json": 0o600}


@pytest.mark.parametrize("name", ["", "device-key.pem"])
def test_a_state_open_to_others_is_refused(new_device: Device, state_dir: Path, name: str) -> None:
    os.chmod(state_dir / name, 0o750)

    with pytest.raises(StateError, match="alone"):
        Device.load(state_dir)


def test_a_key_is_never_replaced(new_device: Device, state_dir: Path) -> None:
    before = (state_dir / "device-key.pem").read_bytes()

    with pytest.raises(StateError, match="already holds"):
        Device.create(state_dir, "again")

    assert (state_dir / "device-key.pem").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("device-key.pem", b"no key"),
        ("device.json", b"{"),
        ("device.json", b"[]"),
        ("device.json", b'{"name": "x"}'),
    ],
)
def test_a_damaged_state_is_refused(new_device: Device, state_dir: Path, name: str, content: bytes) -> None:
    (state_dir / name).write_bytes(content)

    with pytest.raises(StateError, match="cannot be read"):
        Device.load(state_dir)
