"""Closed reason codes of a decision, in threes: ok, curable now, final.

Contractors see the sentence and the remedy; rules, scores and details of
detection go to admins and the record. ``docs/reasons.md`` lists every code; a
test holds the two equal. Codes are stable: integrators match on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Standing(Enum):
    """Whether a reason is satisfied, can be cured by the person now, or is final."""

    OK = "ok"
    CURABLE = "curable"
    FINAL = "final"


class ReasonCode(Enum):
    """Every reason a decision can give."""

    POLICY_PERMITS = "policy-permits"
    POLICY_NO_RULE = "policy-no-rule"
    POLICY_FORBIDS = "policy-forbids"
    POLICY_ABSENT = "policy-absent"

    EVIDENCE_UNKNOWN = "evidence-unknown"

    TIER_OK = "tier-ok"
    TIER_TOO_LOW = "tier-too-low"
    TIER_HOLD = "tier-hold"

    BINDING_OK = "binding-ok"
    BINDING_TOO_LOW = "binding-too-low"

    CUSTODY_OK = "custody-ok"
    CUSTODY_TOO_LOW = "custody-too-low"

    PRESENCE_OK = "presence-ok"
    PRESENCE_MISSED = "presence-missed"

    TOUCH_OK = "touch-ok"
    TOUCH_STALE = "touch-stale"

    POSTURE_OK = "posture-ok"
    POSTURE_MISSING = "posture-missing"
    POSTURE_STALE = "posture-stale"

    DISK_OK = "disk-ok"
    DISK_UNENCRYPTED = "disk-unencrypted"

    REMOTE_CONTROL_OK = "remote-control-ok"
    REMOTE_CONTROL_ACTIVE = "remote-control-active"
    REMOTE_LOGON_OK = "remote-logon-ok"
    REMOTE_LOGON_ACTIVE = "remote-logon-active"

    OS_OK = "os-ok"
    OS_UNACCEPTABLE = "os-unacceptable"

    NETWORK_OK = "network-ok"
    NETWORK_UNACCEPTABLE = "network-unacceptable"

    TIME_OK = "time-ok"
    TIME_OUTSIDE = "time-outside"

    SESSION_OK = "session-ok"
    SESSION_MISSING = "session-missing"
    SESSION_ENDED = "session-ended"

    DEVICE_PENDING = "device-pending"

    GRANT_OK = "grant-ok"
    GRANT_NEEDED = "grant-needed"
    GRANT_ENDED = "grant-ended"

    ENGAGEMENT_OK = "engagement-ok"
    ENGAGEMENT_NOT_STARTED = "engagement-not-started"
    ENGAGEMENT_ENDED = "engagement-ended"
    ENGAGEMENT_NONE = "engagement-none"

    PERSON_OK = "person-ok"
    PERSON_UNKNOWN = "person-unknown"
    PERSON_SUSPENDED = "person-suspended"

    RESOURCE_UNKNOWN = "resource-unknown"

    @property
    def text(self) -> ReasonText:
        return TEXTS[self]

    @property
    def standing(self) -> Standing:
        return TEXTS[self].standing


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What a contractor reads. Braces name details that are safe to show."""

    standing: Standing
    sentence: str
    remedy: str = ""


def _ok(sentence: str) -> ReasonText:
    return ReasonText(Standing.OK, sentence)


def _cure(sentence: str, remedy: str) -> ReasonText:
    return ReasonText(Standing.CURABLE, sentence, remedy)


def _final(sentence: str, remedy: str) -> ReasonText:
    return ReasonText(Standing.FINAL, sentence, remedy)


_ASK_SPONSOR = "Ask your sponsor if your work has changed."
_ASK_SECURITY = "Contact security by the number on your contract."

TEXTS: dict[ReasonCode, ReasonText] = {
    ReasonCode.POLICY_PERMITS: _ok("A rule allows this."),
    ReasonCode.POLICY_NO_RULE: _final("No rule opens this for you.", _ASK_SPONSOR),
    ReasonCode.POLICY_FORBIDS: _final("A rule closes this for you.", _ASK_SPONSOR),
    ReasonCode.POLICY_ABSENT: _final(
        "No policy is published, so every door is closed.", "An admin must publish a policy first."
    ),
    ReasonCode.EVIDENCE_UNKNOWN: _cure(
        "Something this door needs to know is not known: {needs}.",
        "Open the Doorward agent on your laptop, wait for its report, then check again.",
    ),
    ReasonCode.TIER_OK: _ok("What we know of this session is good enough."),
    ReasonCode.TIER_TOO_LOW: _cure(
        "What we know of this session is not enough for this door.",
        "Look at what we know of this session on My access, mend what is red, then check again.",
    ),
    ReasonCode.TIER_HOLD: _final("This session is on hold.", _ASK_SECURITY),
    ReasonCode.BINDING_OK: _ok("Your laptop's report belongs to this session."),
    ReasonCode.BINDING_TOO_LOW: _cure(
        "This door needs a report of your laptop that is tied to this session.",
        "Start the Doorward agent on the laptop you are using now, then check again.",
    ),
    ReasonCode.CUSTODY_OK: _ok("It is known how your key came to you."),
    ReasonCode.CUSTODY_TOO_LOW: _final(
        "This door needs a key {needed_words}; you use one {have_words}.",
        "Look on My keys whether you have such a key, and log in with it. Else ask your sponsor for one.",
    ),
    ReasonCode.PRESENCE_OK: _ok("You touched your key when you were asked."),
    ReasonCode.PRESENCE_MISSED: _cure(
        "You were asked to touch your key, and did not in time.",
        "Touch it in time when you are asked again. Your sponsor can have an admin ask you now.",
    ),
    ReasonCode.TOUCH_OK: _ok("Your key was touched just now."),
    ReasonCode.TOUCH_STALE: _cure("This door needs a fresh touch of your key.", "Touch your key again."),
    ReasonCode.POSTURE_OK: _ok("Your laptop reported."),
    ReasonCode.POSTURE_MISSING: _cure(
        "Your laptop has not reported for this session.",
        "Start the Doorward agent on the laptop you are using now; it reports within a minute.",
    ),
    ReasonCode.POSTURE_STALE: _cure(
        "Your laptop's last report is too old.",
        "Open the Doorward agent, or wait for its next report, then check again.",
    ),
    ReasonCode.DISK_OK: _ok("Your laptop's disk is encrypted."),
    ReasonCode.DISK_UNENCRYPTED: _cure(
        "Your laptop's disk is not encrypted.", "Turn on disk encryption, then check again."
    ),
    ReasonCode.REMOTE_CONTROL_OK: _ok("No remote-control software is running on your laptop."),
    ReasonCode.REMOTE_CONTROL_ACTIVE: _cure(
        "Remote-control software is running on your laptop.",
        "Quit it; the laptop's next report, within a minute, opens the door. "
        "You did not start it? Tell security: nothing is held against you.",
    ),
    ReasonCode.REMOTE_LOGON_OK: _ok("Nobody is logged on to your laptop from elsewhere."),
    ReasonCode.REMOTE_LOGON_ACTIVE: _cure(
        "Somebody is logged on to your laptop from elsewhere.",
        "End the remote session; the laptop's next report opens the door.",
    ),
    ReasonCode.OS_OK: _ok("Your laptop's system is recent enough."),
    ReasonCode.OS_UNACCEPTABLE: _cure(
        "Your laptop's system is not one that this door accepts.", "Update it, then check again."
    ),
    ReasonCode.NETWORK_OK: _ok("You come from a network that this door accepts."),
    ReasonCode.NETWORK_UNACCEPTABLE: _cure(
        "You come from a network or a country that this door does not accept.",
        "Leave the VPN if you use one, and log in again from where the door accepts you. "
        "If you are there, ask your sponsor.",
    ),
    ReasonCode.TIME_OK: _ok("This is within the hours of this door."),
    ReasonCode.TIME_OUTSIDE: _cure("This door is closed at this hour.", "Come back {when}."),
    ReasonCode.SESSION_OK: _ok("Your session is open."),
    ReasonCode.SESSION_MISSING: _cure(
        "The service did not say which session it asks for.",
        "Open the resource from My access, so that the service gets a token.",
    ),
    ReasonCode.SESSION_ENDED: _cure("Your session has ended.", "Log in again."),
    ReasonCode.DEVICE_PENDING: _cure(
        "Your laptop waits for an admin's approval.",
        "Ask your sponsor or an admin to approve it; its next report then counts.",
    ),
    ReasonCode.GRANT_OK: _ok("You opened this."),
    ReasonCode.GRANT_NEEDED: _cure("You may open this, and have not done so yet.", "Open it on My access."),
    ReasonCode.GRANT_ENDED: _cure("What you opened has ended.", "Open it again on My access."),
    ReasonCode.ENGAGEMENT_OK: _ok("Your engagement is running."),
    ReasonCode.ENGAGEMENT_NOT_STARTED: _cure("Your engagement has not started yet.", "Come back {when}."),
    ReasonCode.ENGAGEMENT_NONE: _final(
        "You have no engagement here, and this is for people who have one.", _ASK_SPONSOR
    ),
    ReasonCode.ENGAGEMENT_ENDED: _final("Your engagement has ended.", _ASK_SPONSOR),
    ReasonCode.PERSON_OK: _ok("Your account is active."),
    ReasonCode.PERSON_UNKNOWN: _final("We do not know this person.", _ASK_SPONSOR),
    ReasonCode.PERSON_SUSPENDED: _final("Your access was stopped.", _ASK_SECURITY),
    ReasonCode.RESOURCE_UNKNOWN: _final("We do not know this resource.", _ASK_SPONSOR),
}
