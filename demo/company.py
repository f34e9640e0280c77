"""The demo company: who plays, from where, and what will happen to each.

Answers: which document does the broker load, and which address does a person
in a scene come from? Holds no key and speaks to nobody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

ORGANISATION = "Northlight Robotics"
AAGUID = "d0042a2d-0000-4000-8000-00000000de30"
VENDOR = "Brightside Staffing"
TEMPLATE = Path(__file__).with_name("company.toml")


@dataclass(frozen=True, slots=True)
class Scene:
    """From where somebody arrives. *network* is the first three numbers of the address."""

    name: str
    label: str
    network: str
    laptop: str
    """Name of the scene whose address the laptop's reports come from."""
    remote: bool = False
    """Whether remote-control software runs on the laptop."""


SCENES = {
    scene.name: scene
    for scene in (
        Scene("home", "home", "203.0.113", "home"),
        Scene("vpn", "company VPN", "198.51.100", "vpn"),
        # The browser runs on the rented machine, the laptop stays where it is: its reports do not fit.
        Scene("rented", "rented server", "192.0.2", "home"),
        Scene("remote", "remotely controlled laptop", "203.0.113", "home", remote=True),
    )
}


@dataclass(frozen=True, slots=True)
class Member:
    """One of the six. *scene* is where they are met first, *serial* stands on a key that was sent to them."""

    login: str
    name: str
    roles: tuple[str, ...]
    laptop: str
    scene: str
    story: str
    number: int
    approved: bool = True
    serial: str = ""


CAST = {
    member.login: member
    for member in (
        Member(
            "imani.okafor", "Imani Okafor", ("role:support",), "NL-2291", "home",
            "works from home on her own laptop: customer logs open, payroll does not, and each says why.",
            11,
        ),
        Member(
            "jon.berg", "Jon Berg", ("role:support",), "NL-2304", "remote",
            "has AnyDesk running: customer logs stay closed until it is quit (switch From to home).",
            12,
        ),
        Member(
            "mei.tanaka", "Mei Tanaka", ("role:engineer",), "NL-2317", "rented",
            "arrives from a rented server while her laptop is at home: guarded, only telemetry can be read. "
            "Two admins sent her key, so from home she can change telemetry too.",
            13,
            serial="NL-K-0013",
        ),
        Member(
            "olu.adeyemi", "Olu Adeyemi", ("role:engineer", "role:admin"), "NL-2322", "vpn",
            "comes through the company VPN, which the operator has named: his doors open, but that for "
            "changing telemetry asks how he got his key. He is the second admin.",
            14,
        ),
        Member(
            "dana.kovac", "Dana Kovač", ("role:support",), "NL-2338", "home",
            "has a laptop that nobody approved yet: nothing is known of it, so customer logs wait for Asha.",
            15,
            approved=False,
        ),
        Member(
            "asha.raman", "Asha Raman", ("role:admin", "role:policy-author", "role:auditor"), "NL-2206",
            "home",
            "is the admin: approves Dana's laptop, publishes a rule by a touch, reads the record.",
            16,
        ),
    )
}  # fmt: skip
FIRST_ADMIN = "asha.raman"
SECOND_ADMIN = "olu.adeyemi"
SENT_A_KEY = "mei.tanaka"
HAS_HOURS = "jon.berg"

CLEAN: dict[str, Any] = {
    "disk_encrypted": True,
    "os": {"id": "debian", "version": "12.7"},
    "remote_control": [],
    "remote_logons": [],
}
ANYDESK = {"name": "AnyDesk", "process": "anydesk", "pid": 4711, "evidence": "process"}


def facts(scene: Scene) -> dict[str, Any]:
    """Return what a laptop in *scene* reports."""
    return {**CLEAN, "remote_control": [ANYDESK] if scene.remote else []}


def address(scene: Scene, login: str) -> str:
    """Return the address from which *login* arrives in *scene*; strangers share one."""
    member = CAST.get(login)
    return f"{scene.network}.{member.number if member else 99}"


def document(*, certificate: str, services: str, now: datetime) -> str:
    """Return the TOML document that the broker loads.

    *services* is TOML too. The first admin is not in it: she comes by the
    bootstrap link, as in every deployment.
    """
    people = "\n".join(_person(member, now) for member in CAST.values() if member.login != FIRST_ADMIN)
    text = Template(TEMPLATE.read_text(encoding="utf-8"))
    return text.substitute(aaguid=AAGUID, certificate=certificate, services=services, people=people)


def _person(member: Member, now: datetime) -> str:
    ends = now + timedelta(days=40 + member.number)
    engagement = {
        "vendor": VENDOR,
        "sponsor": CAST[FIRST_ADMIN].name,
        "project": "Gripper",
        "starts": now - timedelta(days=30),
        "ends": ends,
    }
    lines = ["[[people]]"]
    lines += [f"login_name = {_text(member.login)}", f"display_name = {_text(member.name)}"]
    lines += [f"roles = [{', '.join(_text(role) for role in member.roles)}]", "[people.engagement]"]
    for name, value in engagement.items():
        written = value.isoformat() if isinstance(value, datetime) else _text(value)
        lines.append(f"{name} = {written}")
    return "\n".join([*lines, ""])


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)  # a JSON string is a TOML basic string
