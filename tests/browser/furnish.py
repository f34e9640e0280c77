"""A lived-in deployment: people with keys and laptops, open doors, refusals, a draft, a history.

Answers: is there something of everything for the pages to show? Names are long,
short and written from right to left on purpose.
"""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser, Page, expect

from agent.doorward_agent.protocol import Device
from demo.company import ANYDESK, CLEAN
from tests.authn.metadata.payload import CERTIFIED, entry, payload
from tests.browser.house import AAGUID, KEY_MODEL, Guest, House
from tests.browser.visitor import Visitor

IMANI, LONG, LAILA, JON, DANA, WIM, TOMAS = (
    "imani.okafor", "maximiliana.featherstonehaugh-papadopoulou", "laila.haddad", "jon.berg", "dana.kovac",
    "wim.de.vries", "tomas.novak",
)  # fmt: skip
GUESTS = (
    Guest(IMANI, "Imani Okafor"),
    Guest(LONG, "Maximiliana Featherstonehaugh-Papadopoulou", ("role:support", "role:night-shift")),
    Guest(LAILA, "ليلى الحداد", vendor="שירותי בדיקה בע״מ"),
    Guest(JON, "Jon Berg", days=5),
    Guest(DANA, "Dana Kovač", days=9),
    Guest(TOMAS, "Tomáš Novák"),
    Guest(WIM, "Wim de Vries", ("role:auditor",), vendor=""),
)
MORE = """
[[networks]]
cidr = "198.51.100.0/24"
label = "company-vpn"
kind = "corporate"
country = "DE"
asn = 64501

[[services]]
name = "board"
title = "Status board"
audience = "https://board.example.org"
prefixes = ["svc:status-board"]
actions = ["read"]
dialect = "nginx"
sites = [
  { origin = "https://board.example.org", resource = "svc:status-board" },
  { origin = "https://numbers.board.example.org:8443", resource = "svc:status-board/numbers", whole = true },
]

[[resources]]
id = "data:payroll"
title = "Payroll"
description = "No rule speaks of it, so it is closed to everybody."
actions = ["read", "approve"]

[[resources]]
id = "code:gripper-firmware-with-a-long-name/signing-queue/release-candidates"
title = "Gripper firmware: source, signing queue and release candidates of all lines"
actions = ["read"]
"""
RULES_MORE = """
# Support reads customer logs on a laptop that reports and that nobody else drives.
p, logs-read, role:support, read, data:customer-logs, tier >= 2, max 15m, allow
# Deploying wants a fresh touch.
p, firmware-read, role:support, read, code:*, tier >= 2 and disk_encrypted and touch_age < 5m, max 30m, allow
p, logs-remote, *, *, data:*, remote_control, -, deny
"""
DENIED_MODEL = "00112233-4455-6677-8899-aabbccddeeff"
PLATFORM = {"os": "debian", "version": "12.7"}
_COMMAND = re.compile(r"doorward-agent enrol (\S+) (\S+)")


class Lived:
    """What :func:`furnish` left: browsers that are logged in, and laptops."""

    def __init__(self, house: House, chromium: Browser) -> None:
        self.house = house
        self.chromium = chromium
        self.visitors: dict[str, Visitor] = {}
        self.devices: dict[str, Device] = {}

    def arrive(self, login: str, link: str) -> Visitor:
        """Register and log in as *login*."""
        visitor = Visitor(self.chromium, self.house)
        self.visitors[login] = visitor
        visitor.register(link)
        visitor.log_in(login)
        return visitor

    def enrol(self, login: str, name: str) -> None:
        """Enrol a laptop with the code that the page shows."""
        page = self.visitors[login].go("/keys")
        self.visitors[login].press("Enrol a laptop")
        command = _COMMAND.search(page.locator("main").inner_text())
        assert command is not None
        folder: Path = self.house.folder / "laptops" / login
        self.devices[login] = Device.create(folder, name)
        self.devices[login].enrol(command[1], command[2], PLATFORM)

    def report(self, login: str, **differing: object) -> None:
        """Report for every open session of *login*."""
        for waiting in self.devices[login].sessions().sessions:
            self.devices[login].report(waiting.session, waiting.nonce, {**CLEAN, **differing})

    def close(self) -> None:
        for device in self.devices.values():
            device.close()
        for visitor in self.visitors.values():
            visitor.close()


def furnish(house: House, asha: Visitor) -> Lived:
    """Live in *house* for a while; *asha* is its admin."""
    chromium = asha.context.browser
    assert chromium is not None
    invites = house.load(*GUESTS, more=MORE)
    lived = Lived(house, chromium)
    refuse_a_program(lived, invites[DANA])
    for login, laptop in ((IMANI, "NL-2291"), (LONG, "NL-2304"), (LAILA, "NL-2317"), (JON, "NL-2322")):
        lived.arrive(login, invites[login])
        if login != JON:
            lived.enrol(login, laptop)
    leave_waiting(lived, invites[TOMAS])
    publish(asha, RULES_MORE)
    for login in (IMANI, LONG):
        approve(asha, lived.devices[login])
    lived.report(IMANI)
    lived.report(LONG, remote_control=[ANYDESK])
    open_some(lived)
    ask_at_once(lived, asha)
    know_models(house)
    suspend(asha, JON)
    draft(asha)
    return lived


def know_models(house: House) -> None:
    """Import metadata twice: the model in use is first listed, then retired; another model is denied."""
    anchor = house.authority.certificate.public_bytes(Encoding.DER)
    for number, statuses in ((1, CERTIFIED), (2, [{"status": "RETIRED"}, *CERTIFIED])):
        file = house.folder / f"metadata-{number}.json"
        listed = entry(AAGUID, anchors=[anchor], description=KEY_MODEL, statuses=statuses)
        odd = entry(description="Another key of a long name " * 4, statement={"keyProtection": ["software"]})
        file.write_bytes(payload(listed, odd, no=number, nextUpdate="2026-01-01"))
        house.command("keys", "import-metadata", str(file))
    house.command("keys", "deny", "aaguid", DENIED_MODEL, "--reason", "A batch was lost in transit.")


def refuse_a_program(lived: Lived, link: str) -> None:
    """Somebody tries to register with the key of the developer tools."""
    visitor = Visitor(lived.chromium, lived.house, soft_key=False)
    visitor.go(link)
    plug_in_virtual_key(visitor.page)
    visitor.press("Register my security key")
    visitor.page.get_by_role("alert").filter(has_text="Reference").wait_for()
    visitor.close()


def leave_waiting(lived: Lived, link: str) -> None:
    """Somebody registers a key and does not activate it."""
    visitor = Visitor(lived.chromium, lived.house)
    del lived.house.codes[link]
    visitor.register(link)
    visitor.close()


def plug_in_virtual_key(page: Page, **more: bool) -> None:
    """Give *page* the authenticator of the developer tools: CTAP 2 over USB, with PIN and touch."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, **more}})


def publish(asha: Visitor, more: str) -> None:
    """Publish the rules in force with *more* at their end."""
    page = asha.go("/admin/policy")
    editor = page.get_by_label("Rules", exact=True)
    editor.fill(editor.input_value() + more)
    asha.press("Save and review")
    page.wait_for_url("**/admin/policy/publish")
    page.get_by_label("Why").fill("Firmware for support; nothing while a remote hand is on the laptop")
    asha.press("Publish with your key")
    page.wait_for_url("**/admin/policy/history/*")


def approve(asha: Visitor, device: Device) -> None:
    page = asha.go(f"/admin/devices/{device.device_id}")
    asha.press("Approve")
    expect(page.get_by_role("heading", name="Revoke it?")).to_be_attached()


def open_some(lived: Lived) -> None:
    """Open doors, and ask at closed ones, so that there are grants and denials."""
    imani, long = lived.visitors[IMANI], lived.visitors[LONG]
    imani.go("/access")
    imani.press("Open Status board")
    imani.press("Open Telemetry")
    imani.follow("Why? Payroll")
    long.go("/access/why?resource=data:customer-logs&action=read")
    lived.visitors[LAILA].go("/access/why?resource=svc:telemetry&action=read")


def ask_at_once(lived: Lived, asha: Visitor) -> None:
    """Ask two people for a touch at the same moment; both answer in the box that opens."""
    page = asha.go("/admin/presence/new")
    for login in (IMANI, LONG):
        page.locator(".choice").filter(has_text=login).get_by_role("checkbox").check()
    page.get_by_label("Reason").fill("Two keys were seen in one house")
    asha.press("Ask now, with your key")
    page.wait_for_url(re.compile(r"/admin/presence/prn_"))
    for login in (IMANI, LONG):
        box = lived.visitors[login].go("/presence").get_by_role("alertdialog")
        box.get_by_role("button", name="Touch my key").click()
        expect(box).not_to_be_attached()


def open_person(asha: Visitor, login: str) -> Page:
    """Find a person and open their page."""
    page = asha.go("/admin/people?q=" + login)
    page.get_by_role("row").filter(has_text=login).get_by_role("link").first.click()
    page.get_by_role("heading", name="Roles and groups").wait_for()
    return page


def suspend(asha: Visitor, login: str) -> None:
    page = open_person(asha, login)
    asha.follow("Suspend")
    page.get_by_label("Reason").fill("Left his laptop on the train")
    asha.press("Suspend with your key")
    page.wait_for_url(re.compile(r"/admin/people/[^/]+$"))


def draft(asha: Visitor) -> None:
    """Leave a draft that could be published."""
    page = asha.go("/admin/policy")
    editor = page.get_by_label("Rules", exact=True)
    editor.fill(editor.input_value().replace("max 30m", "max 15m"))
    asha.press("Save the draft")
    expect(page.get_by_role("link", name="Review and publish")).to_be_visible()
