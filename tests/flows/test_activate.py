"""A registered key opens nothing until its owner, or a second person, has activated it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from demo.softkey import SoftKey
from domain.errors import Conflict, DoorwardError, TooMany
from flows import activate, login, people, register
from flows.activate import ActivationRefused
from flows.enter import LoggedIn
from flows.login import KeyPending
from models.audit import AuditDetail, AuditRecord
from models.keys import Credential, CredentialState
from models.people import OneTimeCode, Person
from models.sessions import BrowserSession
from tests.world import AAGUID, HOME, Contractor, World

BROWSER = "b-imani"


def registered(world: World, name: str = "imani") -> tuple[Contractor, str]:
    """Return somebody whose key is registered and waits, and their code."""
    with world.parts.db.write() as session:
        row, created = people.create_person(
            session, world.parts, name=name, display_name=name.title(), by="host"
        )
        secret, invited = people.invite(session, world.parts, row.id, by="host")
        code, made = activate.make_code(session, world.parts, row.id, by="host")
        world.parts.commit(session, created, invited, made)
    key = SoftKey.create(world.authority, AAGUID, now=world.clock.now())
    begun = register.begin(world.parts, secret=secret, browser="b-" + name, address=HOME)
    answer = key.register(begun["publicKey"], world.origin)
    register.finish(
        world.parts, ceremony=begun["ceremony"], credential=answer, browser="b-" + name, address=HOME
    )
    return Contractor(row.id, name, key), code


def begin(world: World, code: str, *, name: str = "imani", address: str = HOME) -> dict[str, Any]:
    return activate.begin(world.parts, login_name=name, code=code, browser=BROWSER, address=address)


def finish(world: World, begun: dict[str, Any], key: SoftKey) -> LoggedIn:
    answer = key.sign(begun["publicKey"], world.origin)
    return activate.finish(
        world.parts, ceremony=begun["ceremony"], credential=answer, browser=BROWSER, address=HOME
    )


def state_of(world: World, person: Contractor) -> str:
    with world.parts.db.read() as session:
        return session.scalars(select(Credential.state).where(Credential.person_id == person.id)).one()


def count(world: World, table: type, *where: Any) -> int:
    with world.parts.db.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def tapped(world: World, admin: Contractor, imani: Contractor) -> None:
    """Have *admin* touch for the key of *imani*."""
    with world.parts.db.write() as session:
        key = session.scalars(select(Credential).where(Credential.person_id == imani.id)).one()
        world.parts.commit(session, *activate.activate_for(session, world.parts, key.id, by=admin.id))


def test_a_registered_key_waits_and_opens_nothing(world: World) -> None:
    imani, _ = registered(world)

    assert state_of(world, imani) == "pending"
    with pytest.raises(KeyPending):
        world.login(imani)
    assert count(world, BrowserSession) == 0
    assert count(world, AuditRecord, AuditRecord.kind == "login.refused") == 1


def test_its_owner_activates_it_by_a_touch_and_the_code_and_is_logged_in(world: World) -> None:
    imani, code = registered(world)

    viewer = world.activate(imani, code)

    assert viewer.person_id == imani.id
    assert state_of(world, imani) == "active"
    assert world.login(imani).person_id == imani.id
    with world.parts.db.read() as session:
        history = session.scalars(select(CredentialState).order_by(CredentialState.id)).all()
        key = session.scalars(select(Credential)).one()
    assert [(row.state, row.by) for row in history] == [("pending", imani.id), ("active", imani.id)]
    assert key.activated_at == world.clock.now()


def test_a_code_can_be_read_out_and_typed_badly(world: World) -> None:
    imani, code = registered(world)
    badly = " " + code.lower().replace("-", " ").replace("0", "o").replace("1", "l") + " "

    assert world.activate(imani, badly).person_id == imani.id


def test_nothing_else_activates_it_and_every_refusal_reads_the_same(world: World) -> None:
    """Unknown name, wrong code, another's code, another's key, a key that is active already."""
    imani, code = registered(world)
    jon, jons_code = registered(world, "jon")
    mei = world.person("mei")

    def attempt(name: str, typed: str, answer_with: SoftKey | None) -> tuple[str, str, str | None]:
        begun = begin(world, typed, name=name)
        credential = answer_with.sign(begun["publicKey"], world.origin) if answer_with else {}
        with pytest.raises(ActivationRefused) as refused:
            activate.finish(
                world.parts,
                ceremony=begun["ceremony"],
                credential=credential,
                browser=BROWSER,
                address=HOME,
            )
        return refused.value.code, refused.value.message, refused.value.remedy

    told = {
        attempt("nobody", code, None),
        attempt("imani", "AAAA-AAAA-AAAA-AAAA", imani.key),
        attempt("imani", "", imani.key),
        attempt("imani", jons_code, imani.key),
        attempt("mei", code, mei.key),
        attempt("jon", code, jon.key),
    }

    assert len(told) == 1
    assert state_of(world, imani) == state_of(world, jon) == "pending"
    assert count(world, AuditRecord, AuditRecord.kind == "key.activation-refused") == 6
    assert world.activate(imani, code).person_id == imani.id  # no failed try used the code up


def test_a_wrong_key_cannot_answer_for_another(world: World) -> None:
    imani, code = registered(world)
    jon, _ = registered(world, "jon")
    begun = begin(world, code)
    of_jon = begin(world, code, name="jon")["publicKey"]["allowCredentials"]
    answer = jon.key.sign({**begun["publicKey"], "allowCredentials": of_jon}, world.origin)

    with pytest.raises(ActivationRefused):
        activate.finish(
            world.parts, ceremony=begun["ceremony"], credential=answer, browser=BROWSER, address=HOME
        )

    assert state_of(world, imani) == state_of(world, jon) == "pending"


def test_login_and_activation_name_the_same_keys_and_as_many_for_everybody(world: World) -> None:
    """Comparing the two pages would otherwise tell who exists, and whose key waits."""
    registered(world)
    world.person("mei")
    lists: dict[str, list[list[str]]] = {}
    for name in ("imani", "mei", "nobody"):
        at_login = login.begin(world.parts, login_name=name, browser="s", address="198.51.100.20")
        at_activation = activate.begin(
            world.parts, login_name=name, code="", browser="s", address="198.51.100.20"
        )
        lists[name] = [
            [key["id"] for key in begun["publicKey"]["allowCredentials"]]
            for begun in (at_login, at_activation)
        ]

    for named in lists.values():
        assert named[0] == named[1]
        assert len(set(named[0])) == 2


def test_the_code_works_once_by_64_at_once(world: World) -> None:
    imani, code = registered(world)
    begun = [
        activate.begin(
            world.parts, login_name="imani", code=code, browser=BROWSER, address=f"203.0.113.{n // 8 + 1}"
        )
        for n in range(64)
    ]
    answers = [imani.key.sign(each["publicKey"], world.origin) for each in begun]

    def attempt(n: int) -> bool:
        try:
            activate.finish(
                world.parts,
                ceremony=begun[n]["ceremony"],
                credential=answers[n],
                browser=BROWSER,
                address=HOME,
            )
        except (ActivationRefused, Conflict):
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(attempt, range(64)))

    assert sum(done) == 1
    assert count(world, AuditRecord, AuditRecord.kind == "key.activated") == 1
    assert count(world, BrowserSession) == 1


def test_the_code_ends_after_fourteen_days_and_a_new_one_ends_the_old(world: World) -> None:
    imani, first = registered(world)
    with world.parts.db.write() as session:
        second, made = activate.make_code(session, world.parts, imani.id, by="host")
        world.parts.commit(session, made)

    with pytest.raises(ActivationRefused):
        world.activate(imani, first)
    world.clock.advance(days=14)
    with pytest.raises(ActivationRefused):
        world.activate(imani, second)


def test_guessing_is_slowed_down_and_never_locks_from_elsewhere(world: World) -> None:
    imani, code = registered(world)
    for _ in range(5):
        with pytest.raises(ActivationRefused):
            finish(world, begin(world, "AAAA-AAAA-AAAA-AAAA"), imani.key)

    with pytest.raises(TooMany):
        begin(world, code)
    world.activate(imani, code, address="203.0.113.200")


def test_a_second_person_activates_it_by_a_touch_and_the_code_ends(world: World) -> None:
    imani, _ = registered(world)
    asha = world.person("asha", "role:admin", engaged=False)

    tapped(world, asha, imani)

    assert world.login(imani).person_id == imani.id
    with world.parts.db.read() as session:
        assert (
            session.scalars(
                select(OneTimeCode).where(
                    OneTimeCode.person_id == imani.id, OneTimeCode.consumed_at.is_(None)
                )
            ).all()
            == []
        )
        details = session.scalars(
            select(AuditDetail.details)
            .join(AuditRecord, AuditRecord.sequence == AuditDetail.sequence)
            .where(AuditRecord.kind == "key.activated", AuditRecord.subject == imani.id)
        ).one()
    assert details["how"] == "second person"


def test_nobody_activates_a_key_of_their_own_nor_makes_the_code_for_it(world: World) -> None:
    imani, _ = registered(world)

    with pytest.raises(Conflict) as by_touch:
        tapped(world, imani, imani)
    with pytest.raises(Conflict) as by_code, world.parts.db.write() as session:
        activate.make_code(session, world.parts, imani.id, by=imani.id)

    assert by_touch.value.code == by_code.value.code == "own-key"
    assert state_of(world, imani) == "pending"


def test_a_key_is_activated_once(world: World) -> None:
    imani, code = registered(world)
    asha = world.person("asha", "role:admin", engaged=False)
    world.activate(imani, code)

    with pytest.raises(Conflict) as refused:
        tapped(world, asha, imani)

    assert refused.value.code == "key-state"


def test_who_is_suspended_cannot_activate(world: World) -> None:
    imani, code = registered(world)
    asha = world.person("asha", "role:admin", engaged=False)
    with world.parts.db.write() as session:
        world.parts.commit(session, *people.suspend(session, world.parts, imani.id, reason="x", by="host"))

    with pytest.raises(ActivationRefused):
        world.activate(imani, code)
    with pytest.raises(Conflict):
        tapped(world, asha, imani)
    assert state_of(world, imani) == "pending"


def test_a_person_whose_key_waits_is_not_invited_again(world: World) -> None:
    imani, _ = registered(world)

    with pytest.raises(Conflict) as refused, world.parts.db.write() as session:
        people.invite(session, world.parts, imani.id, by="host")

    assert refused.value.code == "has-key"


def test_only_a_keyed_digest_of_a_code_is_stored(world: World) -> None:
    _, code = registered(world)

    with world.parts.db.read() as session:
        row = session.scalars(select(OneTimeCode).where(OneTimeCode.purpose == "activate")).one()
        people_here = session.scalars(select(Person.id)).all()
    assert re.fullmatch(r"[0-9a-f]{64}", row.digest)
    assert code not in row.digest
    assert row.person_id in people_here


def test_a_pending_key_that_counts_backwards_is_stopped(world: World) -> None:
    imani, code = registered(world)
    with world.parts.db.write() as session:
        session.scalars(select(Credential)).one().sign_count = 1000
        session.commit()

    with pytest.raises(DoorwardError):
        world.activate(imani, code)

    assert state_of(world, imani) == "suspended"
