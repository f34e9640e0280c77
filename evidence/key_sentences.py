"""Say to admins what touches, their company and unannounced askings showed.

Answers: how does the value of one observation of a ceremony, of company or of
presence read aloud? Names nobody: counts only (the ids stand in the
observation). See ``evidence.sentences`` for the rest of the line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.evidence import Kind

_HANGS = {"platform": "as part of the computer", "cross-platform": "as a separate key"}
_MARKS = {
    "platform": "it is part of the computer",
    "hybrid": "it can be a phone",
    "remote": "it speaks of a remote desktop",
}


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _others(value: Mapping[str, Any], where: str) -> str:
    used = _count(value["people"], "other person's key was used", "other people's keys were used")
    days = value["since_days"]
    return f"{used} {where}, first {_count(days, 'day', 'days') + ' ago' if days else 'today'}"


def _moved(value: Mapping[str, Any]) -> str:
    before = " and ".join(_HANGS[word] for word in value["seen"] if word != value["attachment"])
    known = f"before, {before}" if before else f"it was registered by {', '.join(value['registered'])}"
    return f"The browser says that the key is connected {_HANGS[value['attachment']]}; {known}"


def _redirected(value: Mapping[str, Any]) -> str:
    marks = [_MARKS[mark] for mark in value["by"]]
    return "The browser's answer is not that of a security key in this computer: " + "; ".join(marks)


def _first_tap(value: Mapping[str, Any]) -> str:
    where = f" in {value['country']}" if value["country"] else ""
    network = f" from network {value['asn']}" if value["asn"] is not None else ""
    hours = value["hours"]
    told = (
        "no delivery was noted" if hours is None else f"{_count(hours, 'hour', 'hours')} after its delivery"
    )
    return f"The key was touched for the first time{where}{network}, {told}"


def _round(value: Mapping[str, Any]) -> str:
    days = _count(value["days"], "day", "days")
    return f"The keys of {value['people']} people were touched one after the other at one place, on {days}"


def _quiet_network(value: Mapping[str, Any]) -> str:
    if value["named"]:
        return "The network is shared by design: the operator has named it"
    return "Nobody else's key was used from the same network in the last 30 days"


def _missed(asking: str) -> Callable[[Any], str]:
    def say(value: Any) -> str:
        late = "" if value["late_ms"] is None else f", but {value['late_ms'] / 1000:.0f} s late"
        return f"{asking} was not answered in time{late}" + (
            "" if value["shown"] else "; no page had shown it"
        )

    return say


def _answered(asking: str) -> Callable[[Any], str]:
    return lambda value: f"{asking} was answered after {value['latency_ms'] / 1000:.0f} s"


_UNANNOUNCED, _AT_ONCE = "An unannounced touch", "A touch that several people were asked for at once"

AGAINST: dict[Kind, Callable[[Any], str]] = {
    Kind.CEREMONY_TRANSPORT: _moved,
    Kind.CEREMONY_REDIRECTED: _redirected,
    Kind.COMPANY_DEVICE: lambda value: _others(value, "in the same browser"),
    Kind.COMPANY_NETWORK: lambda value: _others(value, "from the same network"),
    Kind.COMPANY_ROUND: _round,
    Kind.PRESENCE_TOUCH: _missed(_UNANNOUNCED),
    Kind.PRESENCE_CONTENTION: _missed(_AT_ONCE),
}
CLEAN: dict[Kind, Callable[[Any], str]] = {
    Kind.CEREMONY_TOUCH: lambda value: f"The touch took {value['ms'] / 1000:.1f} s",
    Kind.CEREMONY_COUNTER: lambda value: f"The key's counter rose by {value['delta']}",
    Kind.CEREMONY_TRANSPORT: lambda value: f"The key is connected {_HANGS[value['attachment']]}, as always",
    Kind.CEREMONY_REDIRECTED: lambda _: "Nothing says that the key was used from elsewhere",
    Kind.CEREMONY_FIRST_TAP: _first_tap,
    Kind.COMPANY_DEVICE: lambda _: "Nobody else's key was used in the same browser in the last 30 days",
    Kind.COMPANY_NETWORK: _quiet_network,
    Kind.COMPANY_ROUND: lambda _: "No keys of several people were touched one after the other here",
    Kind.PRESENCE_TOUCH: _answered(_UNANNOUNCED),
    Kind.PRESENCE_CONTENTION: _answered(_AT_ONCE),
}
