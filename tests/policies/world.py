"""One small, readable policy and the people it is about, shared by the tests of the room."""

from datetime import UTC, datetime

from domain.access import AccessRequest, Link, Subject, SubjectKind
from policies.bundle import load
from policies.decide import decide

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ASHA = Subject(SubjectKind.PERSON, "prs_asha")
SUPPORT = (Link(str(ASHA), "role:support"),)
# Everything in order: each test changes the one fact it is about.
WELL = {
    "tier": 2,
    "binding": 1,
    "touch_age": 5,
    "posture_age": 20,
    "disk_encrypted": True,
    "remote_control": False,
    "remote_logon": False,
    "os": "debian",
    "os_version": (12, 7),
    "country": "DE",
    "asn": 64500,
    "hosting": False,
    "network": "office",
}


def ask(
    text, action="read", resource="data:logs", *, subject=ASHA, assignments=SUPPORT, now=MONDAY_NOON, **facts
):
    """Decide under the policy *text*, with everything in order but *facts* (None: not known)."""
    known = {name: value for name, value in {**WELL, **facts}.items() if value is not None}
    request = AccessRequest(subject, action, resource, known)
    return decide(request, bundle=load(text), assignments=assignments, now=now)


def allow(condition="-", terms="-", *, resource="data:logs", rule="open"):
    return f"p, {rule}, role:support, read, {resource}, {condition}, {terms}, allow\n"


def deny(condition="-", *, rule="shut", resource="data:*"):
    return f"p, {rule}, *, *, {resource}, {condition}, -, deny\n"


def codes(decision):
    return [reason.code.value for reason in decision.reasons]
