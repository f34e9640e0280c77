"""Registering a key from a one-time link, and what is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from audit.events import EventKind
from crypto.secrets import from_base64url
from demo.softkey import AttestationAuthority, NotAllowed, SoftKey
from domain.errors import Conflict, DoorwardError, NotAuthenticated, NotFound, TooMany
from flows import people, register
from flows.agenda import agenda
from flows.invitation import look
from flows.register import KeyNotAccepted, Registered
from flows.session import current
from models.audit import AuditRecord
from models.keys import Credential
from models.people import Assignment, Person
from tests.world import AAGUID, HOME, World


def invited(world: World, name: str = "imani") -> str:
    with world.parts.db.write() as session:
        person, created = people.create_person(
            session, world.parts, name=name, display_name=name.title(), by="host"
        )
        secret, event = people.invite(session, world.parts, person.id, by="host")
        world.parts.commit(session, created, event)
    return secret


def begin(world: World, secret: str, *, browser: str = "b", **names: str) -> dict:
    return register.begin(world.parts, secret=secret, browser=browser, address=HOME, **names)


def finish(world: World, begun: dict, key: SoftKey, *, browser: str = "b") -> Registered:
    return register.finish(
        world.parts,
        ceremony=begun["ceremony"],
        credential=key.register(begun["publicKey"], world.origin),
        browser=browser,
        address=HOME,
    )


def new_key(world: World, authority: AttestationAuthority | None = None, aaguid: str = AAGUID) -> SoftKey:
    return SoftKey.create(authority or world.authority, aaguid, now=world.clock.now())


def keys(world: World) -> int:
    with world.parts.db.read() as session:
        return session.scalar(select(func.count()).select_from(Credential)) or 0


def test_an_invite_works_once(world: World) -> None:
    secret = invited(world)
    finish(world, begin(world, secret), new_key(world))

    with pytest.raises(NotFound):
        begin(world, secret)


def test_an_invite_ends_after_a_day(world: World) -> None:
    secret = invited(world)
    world.clock.advance(hours=24)

    with pytest.raises(NotFound):
        begin(world, secret)


def test_an_invite_is_bound_to_the_browser_that_starts(world: World) -> None:
    secret = invited(world)
    begin(world, secret)

    with pytest.raises(NotAuthenticated) as refused:
        begin(world, secret, browser="another")

    assert refused.value.code == "invite-bound"


def test_looking_at_an_invite_does_not_use_it_up(world: World) -> None:
    secret = invited(world)

    assert look(world.parts, secret).display_name == "Imani"
    finish(world, begin(world, secret), new_key(world))


def test_a_key_of_an_unknown_maker_is_refused_by_name_and_the_invite_still_works(world: World) -> None:
    stranger = AttestationAuthority.create(now=world.clock.now() - timedelta(days=1), name="Somebody")
    secret = invited(world)

    with pytest.raises(KeyNotAccepted) as refused:
        finish(world, begin(world, secret), new_key(world, stranger))

    assert refused.value.code == "attestation-chain"
    assert refused.value.remedy
    finish(world, begin(world, secret), new_key(world))


def test_an_untrusted_model_is_refused_by_name(world: World) -> None:
    other = "11111111-2222-4333-8444-555555555555"

    with pytest.raises(KeyNotAccepted) as refused:
        finish(world, begin(world, invited(world)), new_key(world, aaguid=other))

    assert refused.value.code == "not-certified"


def test_five_refused_keys_close_the_invite_for_a_while(world: World) -> None:
    stranger = AttestationAuthority.create(now=world.clock.now() - timedelta(days=1), name="Somebody")
    secret = invited(world)
    for _ in range(5):
        with pytest.raises(KeyNotAccepted):
            finish(world, begin(world, secret), new_key(world, stranger))

    with pytest.raises(TooMany):
        begin(world, secret)


def test_the_eleventh_refusal_of_an_hour_is_an_alarm_and_the_twelfth_is_not(world: World) -> None:
    stranger = AttestationAuthority.create(now=world.clock.now() - timedelta(days=1), name="Somebody")

    def refuse(name: str, times: int) -> None:
        secret = invited(world, name)
        for _ in range(times):
            with pytest.raises(KeyNotAccepted):
                finish(world, begin(world, secret), new_key(world, stranger))

    refuse("imani", 5)
    refuse("jon", 5)
    assert alarms(world) == 0
    refuse("mei", 4)
    assert alarms(world) == 1

    admin = world.login(world.person("asha", "role:admin"))
    assert agenda(world.parts, admin, sees=lambda area: True).alarm == world.clock.now()
    assert agenda(world.parts, admin, sees=lambda area: area != "keys").alarm is None
    world.clock.advance(hours=1)
    refuse("olu", 5)
    assert alarms(world) == 1
    world.clock.advance(days=1)
    assert agenda(world.parts, admin, sees=lambda area: True).alarm is None


def alarms(world: World) -> int:
    with world.parts.db.read() as session:
        kind = EventKind.KEY_ALARM.code
        return session.scalar(select(func.count()).where(AuditRecord.kind == kind)) or 0


def test_one_key_belongs_to_one_person(world: World) -> None:
    key = new_key(world)
    first = begin(world, invited(world))
    answer = key.register(first["publicKey"], world.origin)
    register.finish(world.parts, ceremony=first["ceremony"], credential=answer, browser="b", address=HOME)
    second = begin(world, invited(world, "jon"), browser="c")
    again = key.register(second["publicKey"], world.origin)
    with world.parts.db.write() as session:
        row = session.scalars(select(Credential)).one()
        row.credential_id = from_base64url(again["rawId"])
        row.state = "revoked"
        session.commit()

    with pytest.raises(KeyNotAccepted) as refused:
        register.finish(world.parts, ceremony=second["ceremony"], credential=again, browser="c", address=HOME)

    assert refused.value.code == "key-in-use"


def test_a_person_with_a_working_key_cannot_be_invited_again(world: World) -> None:
    imani = world.person("imani")

    with pytest.raises(Conflict) as refused, world.parts.db.write() as session:
        people.invite(session, world.parts, imani.id, by="host")

    assert refused.value.code == "has-key"


def test_a_newer_invite_ends_the_older_one(world: World) -> None:
    first = invited(world)
    with world.parts.db.write() as session:
        person = session.scalars(select(Person)).one()
        second, event = people.invite(session, world.parts, person.id, by="host")
        world.parts.commit(session, event)

    with pytest.raises(NotFound):
        begin(world, first)
    begin(world, second)


def secret_of(link: str | None) -> str:
    assert link is not None
    return link.rpartition("/")[2]


def test_the_first_admin_comes_by_the_bootstrap_link_and_no_second_one_does(world: World) -> None:
    secret = secret_of(people.bootstrap_link(world.parts))
    begun = begin(world, secret, presented_name="Asha.Raman", display_name="Asha Raman")

    done = finish(world, begun, new_key(world))

    person_id = done.person_id
    assert not done.pending  # nobody is there who could activate it

    with world.parts.db.read() as session:
        person = session.get(Person, person_id)
        roles = set(session.scalars(select(Assignment.group).where(Assignment.principal_id == person_id)))
    assert person is not None
    assert person.login_name == "asha.raman"
    assert "role:admin" in roles
    assert people.bootstrap_link(world.parts) is None


def test_a_bootstrap_link_that_raced_with_another_admin_is_over(world: World) -> None:
    secret = secret_of(people.bootstrap_link(world.parts))
    tabs = [begin(world, secret, presented_name=f"admin{n}", display_name="A") for n in range(4)]

    def attempt(begun: dict) -> bool:
        try:
            finish(world, begun, new_key(world))
        except DoorwardError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(attempt, tabs))

    assert sum(done) == 1
    with world.parts.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1


def test_a_newer_bootstrap_link_ends_the_older_one(world: World) -> None:
    older = secret_of(people.bootstrap_link(world.parts))
    people.bootstrap_link(world.parts)

    with pytest.raises(NotFound):
        look(world.parts, older)


def test_the_bootstrap_link_ends_after_thirty_minutes(world: World) -> None:
    secret = secret_of(people.bootstrap_link(world.parts))
    world.clock.advance(minutes=30)

    with pytest.raises(NotFound):
        look(world.parts, secret)


def test_recovery_revokes_the_old_keys_and_lets_the_admin_in_again(world: World) -> None:
    asha = world.person("asha", "role:admin", engaged=False)
    world.login(asha)
    secret = secret_of(people.recover_admin(world.parts, "asha"))

    assert current(world.parts, asha.cookie, HOME) is None
    with pytest.raises(NotAllowed):
        world.login(asha)
    asha.key = new_key(world)
    finish(world, begin(world, secret), asha.key)
    assert world.login(asha).person_id == asha.id


def test_nobody_but_an_admin_is_recovered(world: World) -> None:
    world.person("imani", "role:support")

    with pytest.raises(NotFound):
        people.recover_admin(world.parts, "imani")


def test_the_last_admin_cannot_be_suspended_or_unassigned(world: World) -> None:
    asha = world.person("asha", "role:admin", engaged=False)
    with world.parts.db.read() as session:
        membership = session.scalars(select(Assignment.id)).one()

    with pytest.raises(Conflict), world.parts.db.write() as session:
        people.suspend(session, world.parts, asha.id, reason="x", by=asha.id)
    with pytest.raises(Conflict), world.parts.db.write() as session:
        people.unassign(session, world.parts, membership, by=asha.id)
    assert keys(world) == 1


def test_two_admins_who_suspend_each_other_leave_one(world: World) -> None:
    """Both were asked "is this the last?" at once, and both were told no."""
    admins = [world.person(name, "role:admin", engaged=False) for name in ("asha", "ben")]
    together = threading.Barrier(2)

    def suspend(victim: str) -> bool:
        with world.parts.db.write() as session:
            if not world.parts.db.is_sqlite:
                together.wait(timeout=10)
            try:
                events = people.suspend(session, world.parts, victim, reason="x", by="host")
            except Conflict:
                return False
            world.parts.commit(session, *events)
            return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(suspend, [admin.id for admin in admins]))

    assert sorted(done) == [False, True]


def test_a_suspension_ends_what_was_sent_before(world: World) -> None:
    secret = invited(world)
    with world.parts.db.write() as session:
        person = session.scalars(select(Person)).one()
        world.parts.commit(session, *people.suspend(session, world.parts, person.id, reason="x", by="host"))
    with world.parts.db.write() as session:
        world.parts.commit(session, people.resume(session, person.id, by="host"))

    with pytest.raises(NotFound):
        look(world.parts, secret)
