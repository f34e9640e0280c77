"""The typed facts that a policy condition may ask for.

One closed table: a condition that names anything else is refused when the
bundle is loaded. ``docs/policy.md`` lists it for authors; a test holds the two
equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Type(Enum):
    """The type of an attribute. Durations are seconds (int) inside, `15m` in rules.

    ``TIME`` is minutes after midnight UTC; ``VERSION`` a tuple of integers;
    ``MOMENT`` an aware datetime; ``ADDRESS`` and ``PATH`` are text.
    """

    BOOL = "yes or no"
    INT = "whole number"
    TEXT = "word"
    DURATION = "duration"
    VERSION = "version"
    TIME = "time of day (UTC)"
    MOMENT = "moment (UTC)"
    ADDRESS = "address"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One fact: its name in rules, its type, and what it means to an author.

    *criterion* groups the reason codes that a failed comparison yields (see
    ``domain.reasons``). *values* closes the set of values of a TEXT or INT
    attribute; *form* is the regular expression that a word must match. A rule
    that compares with anything else would never apply and is refused.
    """

    name: str
    type: Type
    criterion: str
    meaning: str
    values: tuple[str, ...] = ()
    form: str = ""


_LEVELS = ("0", "1", "2", "3")

ATTRIBUTES: dict[str, Attribute] = {
    a.name: a
    for a in (
        Attribute("tier", Type.INT, "tier", "0 hold, 1 guarded, 2 normal, 3 trusted", _LEVELS),
        Attribute("binding", Type.INT, "binding", "how strongly the device report is bound, 0 to 3", _LEVELS),
        Attribute(
            "custody",
            Type.INT,
            "custody",
            "what is known of the session's key: 0 nothing, 1 unserialised, 2 serialised, 3 pre-registered",
            _LEVELS,
        ),
        Attribute(
            "presence_missed",
            Type.INT,
            "presence",
            "unannounced touches that the person missed in the last 24 hours, since they answered one",
        ),
        Attribute(
            "touch_age",
            Type.DURATION,
            "touch",
            "time since the security key was last touched in this session",
        ),
        Attribute(
            "posture_age", Type.DURATION, "posture", "time since the laptop last reported for this session"
        ),
        Attribute("disk_encrypted", Type.BOOL, "disk", "the laptop's system disk is encrypted"),
        Attribute(
            "remote_control", Type.BOOL, "remote-control", "remote-control software is running on the laptop"
        ),
        Attribute(
            "remote_logon", Type.BOOL, "remote-logon", "somebody is logged on to the laptop from elsewhere"
        ),
        Attribute(
            "os",
            Type.TEXT,
            "os",
            "operating system of the laptop, for example debian",
            form="[a-z][a-z0-9_.-]*",
        ),
        Attribute("os_version", Type.VERSION, "os", "version of that system, for example 12.5"),
        Attribute(
            "country",
            Type.TEXT,
            "network",
            "country of the session's address, two capitals (ISO 3166-1)",
            form="[A-Z]{2}",
        ),
        Attribute("asn", Type.INT, "network", "number of the network (autonomous system) of the address"),
        Attribute("hosting", Type.BOOL, "network", "the address belongs to a hosting or VPN operator"),
        Attribute("network", Type.TEXT, "network", "name that the operator gave to the address's network"),
        Attribute("address", Type.ADDRESS, "network", "address that the session comes from"),
        Attribute("path", Type.PATH, "path", "what stands behind the type of the resource, after a /"),
        Attribute("now", Type.MOMENT, "time", "this moment, UTC"),
        Attribute("time", Type.TIME, "time", "time of day, UTC"),
        Attribute(
            "weekday",
            Type.TEXT,
            "time",
            "day of the week, UTC",
            ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        ),
    )
}
