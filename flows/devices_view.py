"""An admin looks at laptops: who waits for approval, what each last said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from domain.errors import NotFound
from domain.evidence import Kind
from flows.parts import Parts
from models.devices import Device, devices
from models.evidence import ObservationRow
from models.people import Person

TOPICS = {
    Kind.POSTURE_DISK_ENCRYPTION: "Disk",
    Kind.POSTURE_OS_VERSION: "System",
    Kind.POSTURE_REMOTE_CONTROL: "Remote control",
    Kind.POSTURE_REMOTE_LOGON: "Logged on from elsewhere",
}


@dataclass(frozen=True, slots=True)
class DeviceRow:
    device: Device
    owner: Person

    @property
    def state(self) -> tuple[str, str]:
        """The kind of state and the word for it."""
        return {"pending": ("waiting", "waiting"), "approved": ("open", "approved")}.get(
            self.device.state, ("closed", self.device.state)
        )


@dataclass(frozen=True, slots=True)
class Said:
    """One fact that the laptop last reported."""

    topic: str
    text: str
    row: ObservationRow


@dataclass(frozen=True, slots=True)
class DevicePage:
    row: DeviceRow
    said: tuple[Said, ...]


def list_devices(parts: Parts) -> tuple[DeviceRow, ...]:
    """Return all laptops, those that wait for an admin first."""
    with parts.db.read() as session:
        owners = {row.id: row for row in session.scalars(select(Person).join(Device))}
        return tuple(DeviceRow(row, owners[row.person_id]) for row in devices(session))


def device_page(parts: Parts, device_id: str) -> DevicePage:
    """Return one laptop and the newest fact of each kind it reported. Raises NotFound."""
    with parts.db.read() as session:
        device = session.get(Device, device_id)
        owner = session.get(Person, device.person_id) if device else None
        if device is None or owner is None:
            raise NotFound("there is no such laptop")
        said = []
        for kind, topic in TOPICS.items():
            row = session.scalar(
                select(ObservationRow)
                .where(ObservationRow.device_id == device_id, ObservationRow.kind == kind.value)
                .order_by(ObservationRow.received_at.desc(), ObservationRow.id.desc())
                .limit(1)
            )
            if row is not None:
                said.append(Said(topic, fact_text(kind, row.value), row))
        return DevicePage(DeviceRow(device, owner), tuple(said))


def fact_text(kind: Kind, value: Any) -> str:
    """Say one reported fact in words; whatever does not have the usual shape is shown as it is."""
    if kind is Kind.POSTURE_DISK_ENCRYPTION and isinstance(value, bool):
        return "encrypted" if value else "not encrypted"
    if kind is Kind.POSTURE_OS_VERSION and isinstance(value, dict):
        return f"{value.get('id', '')} {value.get('version', '')}".strip()
    if isinstance(value, list):
        names = [_entry(item) for item in value]
        return ", ".join(names) if names else "none found"
    return str(value)


def _entry(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    if "name" in item:
        return f"{item['name']} ({item.get('evidence', 'seen')})"
    return f"{item.get('user', 'somebody')} from {item.get('from', 'somewhere')}"
