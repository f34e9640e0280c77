"""Which state is in force: never an old one on SQLite, within a bound on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from sqlalchemy import insert, update

from flows.people import assign, suspend
from models.base import EVERYBODY, NOBODY, Base
from models.changes import _WHOSE, UNREAD, concerned_since
from models.engine import Database
from models.instance import state_revision
from models.keys import Credential
from models.people import Person
from models.revision import PostgresRevision, StateUnavailable
from models.sessions import RateCounter
from tests.world import NOON, World

ON_POSTGRES = pytest.mark.parametrize(
    "settings", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
"""SQLite is always exact, and needs no bound."""


def raise_it(world: World) -> int:
    """Change something that a decision may depend on; return the revision."""
    with world.parts.db.write() as session:
        session.execute(update(Person).values(state="active").execution_options(concerns="prs_1"))
        session.commit()
        return state_revision(session)


def test_a_commit_is_seen_at_once(world: World) -> None:
    other = Database(world.settings.database_url)

    told = [(raise_it(world), other.revision.current()) for _ in range(3)]

    assert all(raised == seen for raised, seen in told)
    other.dispose()


@ON_POSTGRES
def test_within_the_bound_an_older_state_may_be_told_but_never_one_before_an_own_commit(world: World) -> None:
    source = PostgresRevision(world.parts.db.engine, timedelta(hours=1))
    known = source.current()
    raised = raise_it(world)

    within, exact = source.current(), source.newest()
    again = raise_it(world)
    source.raised(again)

    assert (within, exact, source.current()) == (known, raised, again)
    assert not source.exact
    source.close()


@ON_POSTGRES
def test_beyond_the_bound_nothing_is_told_while_the_database_is_away(world: World) -> None:
    source = PostgresRevision(world.parts.db.engine, timedelta(seconds=60))
    known = source.current()

    with patch.object(PostgresRevision, "_read", side_effect=StateUnavailable):
        within = source.current()
        with patch("models.revision.time.clock_gettime", return_value=1e12), pytest.raises(StateUnavailable):
            source.current()

    assert within == known
    source.close()


@ON_POSTGRES
def test_an_end_returns_when_the_bound_has_passed_and_anything_else_at_once(world: World) -> None:
    source = PostgresRevision(world.parts.db.engine, timedelta(seconds=2))

    with patch("models.revision.time.sleep") as slept, patch.object(world.parts.memory, "_source", source):
        imani = world.person("imani")
        opened = slept.call_count
        viewer = world.login(imani)
        world.laptop(viewer).report(viewer)
        between = slept.call_count
        with world.parts.db.write() as session:
            joined = assign(session, world.parts, imani.id, "role:banned", not_after=None, by="host")
            world.parts.commit(session, joined)  # a rule may deny those
        joining = slept.call_count
        with world.parts.db.write() as session:
            world.parts.commit(session, *suspend(session, world.parts, imani.id, reason="test", by="host"))

    assert opened > 0  # registering ends the invite; the setting up logs out
    assert (joining, slept.call_count) == (between + 1, between + 2)
    slept.assert_called_with(2.0)
    source.close()


def test_each_change_notes_whom_it_concerns(world: World) -> None:
    db = world.parts.db
    imani = world.person("imani")
    with db.read() as session:
        before = state_revision(session)

    with db.write() as session:  # of a person, by an object and by a statement
        person = session.get(Person, imani.id)
        assert person is not None
        person.display_name = "Imani O."
        session.execute(
            update(Credential)
            .values(label="x")
            .execution_options(concerns=imani.id, synchronize_session=False)
        )
        session.commit()
    with db.write() as session:  # that no decision reads
        session.execute(insert(RateCounter).values(key="k", window=NOON, count=1))
        session.execute(update(Credential).values(sign_count=9).execution_options(concerns=NOBODY))
        session.commit()
    with db.write() as session:  # by a statement that says nothing
        session.execute(update(Person).values(display_name="x").execution_options(synchronize_session=False))
        session.commit()

    with db.read() as session:
        after = state_revision(session)
        assert after == before + 2
        assert concerned_since(session, before, before + 1) == {imani.id}
        assert concerned_since(session, before + 1, after) == {EVERYBODY}
        assert concerned_since(session, before, after + 1) == {EVERYBODY}  # a note is missing


def test_what_is_listed_of_tables_is_there() -> None:
    tables = set(Base.metadata.tables)

    assert tables >= UNREAD
    assert tables - UNREAD >= set(_WHOSE)
    assert all(column in Base.metadata.tables[table].columns for table, column in _WHOSE.items())
