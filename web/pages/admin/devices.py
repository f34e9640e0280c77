"""Laptops: who waits for approval, what each last said; approve and revoke."""

from __future__ import annotations

from domain.errors import DoorwardError
from flows import devices
from flows.console import carry_out
from flows.devices_view import device_page, list_devices
from web.pages.admin.console import Answer, area, page, said, see
from web.state import admin, parts, viewer

pages = area("devices")


@pages.get("/admin/devices")
def laptops() -> Answer:
    admin("view", "devices")
    return page("devices.html", active="devices", rows=list_devices(parts()))


@pages.get("/admin/devices/<device_id>")
def laptop(device_id: str) -> Answer:
    admin("view", "devices")
    return _page(device_id)


@pages.post("/admin/devices/<device_id>/approve")
def approve(device_id: str) -> Answer:
    admin("manage", "devices")
    return _settle(device_id, "approved")


@pages.post("/admin/devices/<device_id>/revoke")
def revoke(device_id: str) -> Answer:
    admin("manage", "devices")
    return _settle(device_id, "revoked")


def _settle(device_id: str, state: str) -> Answer:
    by = viewer().person_id
    try:
        carry_out(parts(), lambda session: devices.settle(session, parts(), device_id, state=state, by=by))
    except DoorwardError as error:
        return _page(device_id, problem=said(error), status=error.status)
    return see(f"/admin/devices/{device_id}")


def _page(device_id: str, *, problem: str = "", status: int = 200) -> Answer:
    found = device_page(parts(), device_id)
    return page("device.html", active="devices", found=found, problem=problem, status=status)
