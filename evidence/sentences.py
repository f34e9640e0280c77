"""Say evidence in words: to admins with its details, to contractors with its remedy.

Answers: how is one line of an assessment read aloud, and what may the person
it is about see? Contractors read what is red and how to mend it; weights,
scores, names of tools and other details of detection go to admins only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.evidence import Assessment, Binding, Family, Kind, Observation, Outcome
from evidence.key_sentences import AGAINST, CLEAN
from evidence.observe import POSTURE_LIFETIME
from evidence.standing import Standing
from evidence.weights import family_of

_SUBJECT = {
    Kind.NETWORK_COUNTRY: "the country of the address",
    Kind.NETWORK_ASN: "the network of the address",
    Kind.NETWORK_HOSTING: "whether the address belongs to a hosting or VPN operator",
    Kind.NETWORK_NAMED: "the operator's name for the network of the address",
    Kind.POSTURE_DISK_ENCRYPTION: "whether the disk is encrypted",
    Kind.POSTURE_OS_VERSION: "the system of the laptop",
    Kind.POSTURE_REMOTE_CONTROL: "whether remote-control software is running",
    Kind.POSTURE_REMOTE_LOGON: "whether somebody is logged on from elsewhere",
    Kind.CEREMONY_TOUCH: "how long the touch of the key took",
    Kind.CEREMONY_COUNTER: "by how much the key's counter rose",
    Kind.CEREMONY_TRANSPORT: "how the key was connected",
    Kind.CEREMONY_REDIRECTED: "whether the key was used from another computer or a phone",
    Kind.CEREMONY_FIRST_TAP: "where and how soon after its delivery the key was first touched",
    Kind.COMPANY_DEVICE: "whose keys were used in the same browser",
    Kind.COMPANY_NETWORK: "whose keys were used from the same network",
    Kind.COMPANY_ROUND: "whether keys of several people were touched one after the other",
    Kind.PRESENCE_TOUCH: "how an unannounced touch was answered",
    Kind.PRESENCE_CONTENTION: "how a touch asked of several people at once was answered",
}


_ENDED_BY = {Family.CEREMONY: "touch", Family.COMPANY: "login", Family.PRESENCE: "touch"}


def explain(
    kind: Kind,
    outcome: Outcome,
    chosen: Observation | None,
    known: Standing,
    *,
    session: str | None,
    now: datetime,
) -> str:
    """Return one sentence for admins about how *kind* came out, by the observation *chosen*."""
    if outcome is Outcome.MISSING or chosen is None:
        if session is None:
            return f"Not known: {_SUBJECT[kind]}; no session was named."
        if known.usable:
            return f"Not known: {_SUBJECT[kind]}; a laptop reported it, but not bound to this session."
        return f"Not known: {_SUBJECT[kind]}."
    said = _against(kind, chosen) if outcome is Outcome.AGAINST else _clean(kind, chosen)
    notes: list[str] = []
    touched = family_of(kind) is Family.CEREMONY
    if chosen.device is not None and (outcome is Outcome.AGAINST or not touched):
        when = f"{chosen.received_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        by = f"seen {when} with" if touched else f"reported {when} by"
        notes.append(f"{by} {chosen.device}, D{int(chosen.binding)}")
    if chosen.quality < 1000:
        notes.append(f"quality {chosen.quality} of 1000")
    if outcome is Outcome.AGAINST and (chosen.session != session or now >= chosen.expires_at):
        notes.append(f"in force until a {_ENDED_BY.get(family_of(kind), 'report')} shows its end")
    return said + (f" ({'; '.join(notes)})" if notes else "") + "."


def _against(kind: Kind, observation: Observation) -> str:
    value = observation.value
    match kind:
        case Kind.NETWORK_HOSTING:
            return "The address belongs to a hosting or VPN operator"
        case Kind.POSTURE_DISK_ENCRYPTION:
            return "The disk is not encrypted"
        case Kind.POSTURE_REMOTE_CONTROL:
            return "Remote-control software is running: " + _listed(entry["name"] for entry in value)
        case Kind.POSTURE_REMOTE_LOGON:
            who = _listed(f"{entry['user']} from {entry['from']}" for entry in value)
            return f"Somebody is logged on from elsewhere: {who}"
        case _ if kind in AGAINST:
            return AGAINST[kind](value)
        case _:
            return f"Adverse: {_SUBJECT[kind]}"


def _clean(kind: Kind, observation: Observation) -> str:
    value = observation.value
    match kind:
        case Kind.NETWORK_COUNTRY:
            return f"The address is in {value}"
        case Kind.NETWORK_ASN:
            return f"The address is in network {value['asn']}" + (
                f", {value['name']}" if value["name"] else ""
            )
        case Kind.NETWORK_HOSTING:
            return "The address does not belong to a hosting or VPN operator that we know"
        case Kind.NETWORK_NAMED:
            return f"The address is in {value['label']} ({value['kind']} network, named by the operator)"
        case Kind.POSTURE_DISK_ENCRYPTION:
            return "The disk is encrypted"
        case Kind.POSTURE_OS_VERSION:
            return f"The laptop runs {value['id']} {value['version']}"
        case Kind.POSTURE_REMOTE_CONTROL:
            return "No remote-control software is running"
        case Kind.POSTURE_REMOTE_LOGON:
            return "Nobody is logged on from elsewhere"
        case _ if kind in CLEAN:
            return CLEAN[kind](value)
        case _:
            return f"Seen: {_SUBJECT[kind]}"


def _listed(names: Iterable[str]) -> str:
    """Return the distinct *names* in alphabetical order, the first five of them."""
    distinct = sorted(set(names))
    more = f" and {len(distinct) - 5} more" if len(distinct) > 5 else ""
    return ", ".join(distinct[:5]) + more


@dataclass(frozen=True, slots=True)
class Red:
    """One thing that a contractor can mend: a stable *topic*, what is wrong, what to do."""

    topic: str
    sentence: str
    remedy: str


_RED = {
    Kind.NETWORK_HOSTING: Red(
        "network",
        "You come from the network of a hosting or VPN company.",
        "Leave the VPN, or use your company's, then log in again.",
    ),
    Kind.POSTURE_DISK_ENCRYPTION: Red(
        "disk",
        "Your laptop's disk is not encrypted.",
        "Turn on disk encryption; the laptop's next report, within a minute, shows it.",
    ),
    Kind.POSTURE_REMOTE_CONTROL: Red(
        "remote-control",
        "Remote-control software is running on your laptop.",
        "Quit it; the laptop's next report, within a minute, shows it. "
        "You did not start it? Tell security: nothing is held against you.",
    ),
    Kind.POSTURE_REMOTE_LOGON: Red(
        "remote-logon",
        "Somebody is logged on to your laptop from elsewhere.",
        "End the remote session; the laptop's next report, within a minute, shows it.",
    ),
}

_NO_REPORT = Red(
    "posture",
    "Your laptop has not reported for this session.",
    "Start the Doorward agent on the laptop you are using now; it reports within a minute.",
)
_OLD_REPORT = Red(
    "posture",
    "Your laptop's last report is too old.",
    "Open the Doorward agent, or wait for its next report.",
)
_LOOSE_REPORT = Red(
    "binding",
    "A laptop reported for this session, but from another network than yours.",
    "Start the Doorward agent on the laptop you are using now, and log in on that same laptop.",
)


def red_for_contractor(assessment: Assessment) -> tuple[Red, ...]:
    """Return what is red for the person whose session it is, and how to mend each.

    Holds no weights, scores, tool names or other details of detection. Empty
    when nothing is red.
    """
    found = [
        _RED[line.kind]
        for line in assessment.contributions
        if line.outcome is Outcome.AGAINST and line.kind in _RED
    ]
    unknown = [kind for kind in assessment.missing if family_of(kind) is Family.POSTURE]
    if not unknown:
        return tuple(found)
    age = assessment.attributes.get("posture_age")
    if age is None:
        return (*found, _NO_REPORT)
    if timedelta(seconds=age) >= POSTURE_LIFETIME:
        return (*found, _OLD_REPORT)
    if assessment.attributes.get("binding") == Binding.D0:
        return (*found, _LOOSE_REPORT)
    return (*found, *map(_undetermined, unknown))


def _undetermined(kind: Kind) -> Red:
    return Red(
        "posture",
        f"Your laptop could not tell {_SUBJECT[kind]}.",
        "Check that the Doorward agent was installed with the rights it asks for.",
    )
