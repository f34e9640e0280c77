"""An admin declares when a person works, and how often they may be asked for an unannounced touch.

Who attacks this: a predictor of times (each declaration draws anew; what was
drawn before asks nobody), an admin who harasses (mean gaps have a lower bound,
askings a bound per day; who declared what is recorded).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from authn.schedule import DAY, Hours, next_asking
from domain.errors import Invalid, NotFound
from flows.jobs import schedule
from flows.parts import Event, EventKind, Parts
from models.people import lock_person
from models.presence import DeclaredHours, hours_of

ASK = "presence.ask"
LEAST_MEAN = 60
MOST_MEAN = 4800
"""Bounds of the mean gap in minutes of working time: an hour, and ten days of eight hours."""
LEAST_HOURS = 30
"""Fewest minutes that declared hours last on one day."""


@dataclass(frozen=True, slots=True)
class HoursForm:
    """What an admin declares. Minutes of the day; *ends* not above *starts* is on the next day."""

    zone: str
    days: tuple[int, ...]
    starts: int
    ends: int
    mean_gap: int


def declare(session: Session, parts: Parts, person_id: str, form: HoursForm, *, by: str) -> Event:
    """Store the hours and draw the first asking; the caller commits the event. Raises Invalid, NotFound."""
    now = parts.clock.now()
    _check(form)
    if lock_person(session, person_id) is None:
        raise NotFound("there is no such person")
    row = hours_of(session, person_id)
    if row is None:
        row = DeclaredHours(person_id=person_id, revision=0)
        session.add(row)
    row.revision += 1
    row.zone, row.days = form.zone, sorted(set(form.days))
    row.starts, row.ends, row.mean_gap = form.starts, form.ends, form.mean_gap
    row.set_by, row.set_at = by, now
    session.flush()
    if row.mean_gap:
        draw(session, parts, row, number=0, after=now, now=now)
    details = {
        "zone": row.zone, "days": row.days, "starts": clock_words(row.starts), "ends": clock_words(row.ends),
        "mean_gap": row.mean_gap, "revision": row.revision,
    }  # fmt: skip
    return Event(EventKind.HOURS_DECLARED, by, person_id, details)


def draw(
    session: Session, parts: Parts, row: DeclaredHours, *, number: int, after: datetime, now: datetime
) -> None:
    """Add the one open job that asks this person next."""
    due_at = next_asking(after, hours(row), timedelta(minutes=row.mean_gap), parts.randomness)
    schedule(
        session,
        parts,
        ASK,
        key=f"{ASK}:{row.person_id}:{row.revision}:{number}",
        payload={"person": row.person_id, "revision": row.revision, "number": number},
        due_at=due_at,
        now=now,
    )


def form_of(row: DeclaredHours) -> HoursForm:
    return HoursForm(row.zone, tuple(row.days), row.starts, row.ends, row.mean_gap)


def hours(row: DeclaredHours) -> Hours:
    return Hours(row.zone, frozenset(row.days), row.starts, row.ends)


def clock_words(minutes: int) -> str:
    """Return minutes of the day as `HH:MM`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def clock_minutes(text: str) -> int:
    """Return `HH:MM` as minutes of the day. Raises Invalid."""
    hour, colon, minute = text.partition(":")
    if not (colon and hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()):
        raise Invalid(f"`{text[:20]}` is no time of the day", code="hours-time", remedy="Write HH:MM.")
    total = int(hour[:4]) * 60 + int(minute[:4])
    if len(hour) > 2 or len(minute) != 2 or int(minute) > 59 or total > DAY:
        raise Invalid(f"`{text[:20]}` is no time of the day", code="hours-time", remedy="Write HH:MM.")
    return total


@cache
def zones() -> frozenset[str]:
    """Return the names of the time zones that this machine knows."""
    return frozenset(available_timezones())


def _check(form: HoursForm) -> None:
    if form.zone not in zones():
        raise Invalid(
            f"`{form.zone[:60]}` is no time zone",
            code="hours-zone",
            remedy="Write for example Europe/Berlin.",
        )
    if not form.days or not set(form.days) <= set(range(7)):
        raise Invalid("declared hours need a day of the week", code="hours-days")
    if not (0 <= form.starts < DAY and 0 <= form.ends <= DAY):
        raise Invalid("hours are times of the day", code="hours-time", remedy="Write HH:MM.")
    if (form.ends - form.starts) % DAY < LEAST_HOURS and form.ends - form.starts != DAY:
        raise Invalid(f"declared hours last at least {LEAST_HOURS} minutes", code="hours-time")
    if form.mean_gap and not LEAST_MEAN <= form.mean_gap <= MOST_MEAN:
        raise Invalid(
            f"the mean gap is {LEAST_MEAN} to {MOST_MEAN} minutes of working time, or 0 to ask nothing",
            code="hours-gap",
        )
