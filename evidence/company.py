"""In whose company is this key used? Other people's keys in the same browser, or at the same place.

Answers: how many others, since when, and were keys touched one after the
other, as by somebody who walks along a shelf of laptops? Does not know the
tables (the caller hands in touches of the last month) and does not weigh.

A person's company is that of all their browsers and places of the last month,
not of this login's alone. So it ends only when none of them was shared for a
month: logging in once from elsewhere shows the end of nothing. A place that the
operator has named as shared by design does not count.

Shapes of the values: ``docs/evidence.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from domain.evidence import Binding, Kind, Observation
from domain.ports import Ids
from evidence.networks import NamedNetwork

WINDOW = timedelta(days=30)
"""How far back company is looked for; older touches are forgotten."""

COMPANY_LIFETIME = timedelta(hours=12)
SOURCE_COMPANY = "touches"
FULL_QUALITY = 1000

SOONEST = timedelta(seconds=5)
LATEST = timedelta(seconds=60)
"""A step of a round: nobody changes laptops in less than five seconds, nor strolls for a minute."""

ROUND_OF = 3
"""Two people may well log in one after the other at home; three make a round."""

MOST_IDS = 10


@dataclass(frozen=True, slots=True)
class Other:
    """Another person (by opaque id), and when their key was first touched here in the last month."""

    person: str
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Round:
    """Touches at one place, each 5 to 60 seconds after the one before, of three people or more."""

    began_at: datetime
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Company:
    """What was seen around one person in the last month; *named*: this login's place is shared by design.

    *touches* are times and people by place, everybody's; needed only where two others or more were.
    """

    in_browsers: tuple[Other, ...]
    at_places: tuple[Other, ...]
    named: bool
    touches: Mapping[str, Iterable[tuple[datetime, str]]]


def shared_by_design(named: NamedNetwork | None) -> bool:
    """Whether the operator has said that people share this place: an office, a VPN, an accepted home.

    Naming a provider's network residential says nothing about a household, and
    hosting is no place for people at all.
    """
    return named is not None and named.kind in ("corporate", "vpn", "other")


def rounds(touches: Iterable[tuple[datetime, str]]) -> tuple[Round, ...]:
    """Return the rounds among *touches* (time and person) of one place, the first one first."""
    found: list[Round] = []
    run: list[tuple[datetime, str]] = []
    for at, person in sorted(touches):
        if run and not _goes_on(run[-1], (at, person)):
            found.append(_round(run))
            run = []
        run.append((at, person))
    if run:
        found.append(_round(run))
    return tuple(each for each in found if len(each.people) >= ROUND_OF)


def _goes_on(last: tuple[datetime, str], touch: tuple[datetime, str]) -> bool:
    """Whether *touch* is the next step of a round. One more touch by the same person ends none."""
    gap = touch[0] - last[0]
    return gap <= LATEST and (gap >= SOONEST or touch[1] == last[1])


def _round(run: list[tuple[datetime, str]]) -> Round:
    return Round(run[0][0], frozenset(person for _, person in run))


def from_company(
    company: Company, *, person: str, session: str, ids: Ids, now: datetime
) -> tuple[Observation, ...]:
    """Return what a login tells of the company: each kind, whether it speaks against or not.

    The clean outcome is told too: it is what ends an adverse one. Values hold
    counts and opaque ids, never a name.
    """
    told = (
        (Kind.COMPANY_DEVICE, _shared(company.in_browsers, now)),
        (Kind.COMPANY_NETWORK, {**_shared(company.at_places, now), "named": company.named}),
        (Kind.COMPANY_ROUND, _rounds_with(person, company.touches)),
    )
    return tuple(
        Observation(
            id=ids.new("obs"),
            kind=kind,
            person=person,
            session=session,
            device=None,
            source=SOURCE_COMPANY,
            binding=Binding.D2,
            quality=FULL_QUALITY,
            value=value,
            adverse=value["people"] > 0,
            observed_at=now,
            received_at=now,
            expires_at=now + COMPANY_LIFETIME,
            data_version="",
        )
        for kind, value in told
    )


def _shared(others: Iterable[Other], now: datetime) -> dict[str, Any]:
    """Return how many other people there are, for how many days, and the ids of the first ten."""
    first: dict[str, datetime] = {}
    for other in others:
        first[other.person] = min(other.first_at, first.get(other.person, other.first_at))
    since = min(first.values(), default=now)
    return {"people": len(first), "since_days": (now - since).days, "ids": sorted(first)[:MOST_IDS]}


def _rounds_with(person: str, touches: Mapping[str, Iterable[tuple[datetime, str]]]) -> dict[str, Any]:
    """Return the size of the largest round that *person* was part of, and on how many days (UTC)."""
    mine = [each for place in touches.values() for each in rounds(place) if person in each.people]
    days: set[date] = {each.began_at.date() for each in mine}
    others = {other for each in mine for other in each.people} - {person}
    return {
        "people": max((len(each.people) for each in mine), default=0),
        "days": len(days),
        "ids": sorted(others)[:MOST_IDS],
    }
