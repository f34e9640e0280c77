"""The few observations that the database hands out weigh exactly what all of them do."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from domain.evidence import Assessment, Binding, Kind, Observation
from evidence.assess import assess
from evidence.weights import DEFAULT_WEIGHTS
from models import Base
from models.evidence import add_observations, observations_for
from models.people import Person, Principal
from tests.world import NOON

POSTURE = {
    Kind.POSTURE_DISK_ENCRYPTION: (True, False),
    Kind.POSTURE_REMOTE_CONTROL: ([], [{"name": "AnyDesk", "process": "anydesk"}]),
    Kind.POSTURE_REMOTE_LOGON: ([], [{"user": "u", "from": "198.51.100.1"}]),
    Kind.POSTURE_OS_VERSION: ({"id": "debian", "version": "12"}, {"id": "debian", "version": "12"}),
}


@st.composite
def histories(draw: st.DrawFn) -> list[Observation]:
    """A person's reports: several sessions and laptops, in order of receipt."""
    moment, found = NOON - timedelta(hours=6), []
    for number in range(draw(st.integers(1, 25))):
        moment += timedelta(seconds=draw(st.integers(1, 1200)))
        kind = draw(st.sampled_from(sorted(POSTURE, key=lambda k: k.value)))
        adverse = draw(st.booleans()) and kind is not Kind.POSTURE_OS_VERSION
        found.append(
            Observation(
                id=f"obs_{number:03}",
                kind=kind,
                person="prs_1",
                session=draw(st.sampled_from(["ses_1", "ses_2", "ses_3"])),
                device=draw(st.sampled_from(["dev_1", "dev_2"])),
                source="agent-report",
                binding=draw(st.sampled_from(list(Binding)[:3])),
                quality=1000,
                value=POSTURE[kind][adverse],
                adverse=adverse,
                observed_at=moment,
                received_at=moment,
                expires_at=moment + timedelta(minutes=3),
                data_version="-",
            )
        )
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_the_chosen_observations_assess_like_all_of_them(history: list[Observation]) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    now = history[-1].received_at + timedelta(seconds=30)
    with Session(engine) as session:
        session.add(Principal(id="prs_1", kind="person"))
        session.flush()
        session.add(Person(id="prs_1", login_name="i", display_name="I", user_handle=b"h", created_at=NOON))
        session.flush()
        add_observations(session, history)
        chosen = observations_for(session, "prs_1", "ses_1")
    engine.dispose()

    def judged(observations: list[Observation]) -> tuple[object, ...]:
        found: Assessment = assess(
            observations, session="ses_1", weights=DEFAULT_WEIGHTS, now=now, assessment_id="ase_1"
        )
        return found.score, found.tier, found.binding, found.missing, found.attributes

    assert judged(list(chosen)) == judged(history)
