"""What checks remember, attacked by threads that lag behind each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from flows import asking, memory, people
from flows.decide import decide
from flows.evaluate import evaluate
from flows.memory import Memory
from flows.pep import Question
from models.changes import concerned_since
from models.people import Person
from tests.tokens.company import RESOURCE, found
from tests.world import World


class Lagging:
    """A source that tells an old revision until it is asked for the newest, as within PostgreSQL's bound."""

    exact = False

    def __init__(self, world: World) -> None:
        self._real = world.parts.db.revision
        self.told = self._real.newest()

    def current(self) -> int:
        return self.told

    def newest(self) -> int:
        self.told = self._real.newest()
        return self.told


def remembering(world: World) -> Memory:
    """Return a memory that catches up only when it is told to."""
    with patch.object(world.parts.db, "revision", Lagging(world)):
        return Memory(world.parts.db)


def rename(world: World, person: str) -> None:
    with world.parts.db.write() as session:
        row = session.get(Person, person)
        assert row is not None
        row.display_name += "."
        session.commit()


def test_nothing_is_kept_past_its_end_by_threads_that_lag_behind(world: World) -> None:
    """One learned the revision before an end and goes on after it; another keeps what it made before it."""
    imani, jon = world.person("imani"), world.person("jon")
    kept = remembering(world)
    before = kept.catch_up(newest=True)
    rename(world, imani.id)
    kept.catch_up(newest=True)
    rename(world, jon.id)
    lagged: list[int] = []

    def meanwhile(*asked: Any) -> set[str]:
        if not lagged:
            lagged.append(before)
            kept._advance(before)
            kept.keep(before, "grant", imani.id, "as it was before the end")
        return concerned_since(*asked)

    with patch.object(memory, "concerned_since", meanwhile):
        kept.catch_up(newest=True)

    assert lagged
    assert kept.peek("grant") is None


def test_a_denial_is_asked_again_though_another_thread_has_caught_up_already(world: World) -> None:
    company = found(world)
    grant = company.open().grant_id
    change(company.world, people.suspend, company.imani.id)
    parts = replace(world.parts, memory=remembering(world))
    asked = Question("person", company.imani.id, "read", RESOURCE, grant_id=grant)
    reasons: list[Any] = []

    def slowly(*known: Any) -> Any:
        made = decide(*known)
        reasons.append(made.reason)
        if len(reasons) == 1:
            with world.parts.db.write() as session:
                world.parts.commit(session, people.resume(session, company.imani.id, by="host"))
            parts.memory.catch_up(newest=True)
        return made

    with patch.object(asking, "decide", slowly):
        evaluate(parts, company.logs.service_id, asked)

    assert [reason.code.value for reason in reasons] == ["person-suspended", "session-ended"]


def change(world: World, act: Any, person: str) -> None:
    with world.parts.db.write() as session:
        world.parts.commit(session, *act(session, world.parts, person, reason="test", by="host"))
