"""Keys in their owners' hands: the pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from demo.softkey import SoftKey
from models.custody import StopCode
from models.keys import Credential
from tests.flows.test_loss import stop_code_of
from tests.web.desk import Desk, recorded
from tests.world import AAGUID, World

CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b")


@pytest.fixture
def imani(world: World) -> Desk:
    return Desk(world, world.person("imani"))


def keys_of(world: World, desk: Desk) -> list[Credential]:
    assert desk.person is not None
    with world.parts.db.read() as session:
        of = select(Credential).where(Credential.person_id == desk.person.id).order_by(Credential.id)
        return list(session.scalars(of))


def add_second(world: World, desk: Desk) -> tuple[SoftKey, Any]:
    touched = desk.touch("/keys/add")
    here = touched.json["location"]
    assert desk.get(here).status_code == 200
    begun = desk.send(f"{here}/options", {})
    key = SoftKey.create(world.authority, AAGUID, now=world.clock.now())
    answer = key.register(begun.json["publicKey"], world.origin)
    return key, desk.send(f"{here}/finish", {"ceremony": begun.json["ceremony"], "credential": answer})


def test_a_second_key_is_added_and_its_stop_code_is_shown_once(world: World, imani: Desk) -> None:
    _, done = add_second(world, imani)

    shown = imani.get(done.json["location"])
    again = imani.get(done.json["location"])

    assert CODE.search(shown.text)
    assert (again.status_code, again.location) == (303, "/keys")
    assert "waits to be activated" in imani.get("/keys").text
    assert "Add a second key" not in imani.get("/keys").text


def test_the_cookie_with_the_stop_code_is_out_of_reach_of_scripts_and_sites(
    world: World, imani: Desk
) -> None:
    _, done = add_second(world, imani)

    (cookie,) = [c for c in done.headers.getlist("Set-Cookie") if "once" in c]

    assert "HttpOnly" in cookie
    assert "Secure" in cookie
    assert "SameSite=Strict" in cookie


def test_a_lost_key_is_stopped_by_its_code_without_logging_in(world: World, imani: Desk) -> None:
    assert imani.person is not None
    code = stop_code_of(world, imani.person)
    stranger = Desk(world, None)
    stranger.token = re.findall(r'name="csrf-token" content="([0-9a-f]+)"', stranger.get("/lost").text)[0]

    wrong = stranger.post("/lost", code="AAAA-AAAA-AAAA-AAAA")
    right = stranger.post("/lost", code=code)
    twice = stranger.post("/lost", code=code)

    assert (wrong.status_code, right.status_code, twice.status_code) == (404, 200, 409)
    assert "The key is stopped" in right.text
    assert "It is stopped already" in twice.text
    assert "No key was stopped" not in twice.text
    assert [key.state for key in keys_of(world, imani)] == ["lost"]
    assert imani.get("/access").status_code == 401


def test_ones_own_key_is_stopped_by_a_touch_and_one_is_out(world: World, imani: Desk) -> None:
    (key,) = keys_of(world, imani)
    page = imani.get(f"/keys/{key.id}/stop")

    done = imani.touch(f"/keys/{key.id}/stop")

    assert "only working key" in page.text
    assert imani.get("/keys").status_code == 401
    assert recorded(world, "key.lost")
    assert "The key is stopped" in imani.get(done.json["location"]).text
    assert "Stop a lost key" in imani.get(done.json["location"]).text  # said once


def test_pages_that_say_what_was_done_lead_elsewhere_when_nothing_was(world: World, imani: Desk) -> None:
    stranger = Desk(world, None)
    done = add_second(world, imani)[1]

    for desk, path, where in (
        (stranger, "/registered", "/login"),
        (stranger, "/registered?waits=imani", "/login"),
        (imani, "/keys/add/nonsense", "/keys/add"),
    ):
        assert (desk.get(path).status_code, desk.get(path).location) == (303, where)
    assert "Stop a lost key" in imani.get("/lost").text  # a stop code that waits to be shown stops nothing
    assert CODE.search(imani.get(done.json["location"]).text)


def test_a_touch_that_was_spent_or_is_another_persons_asks_for_no_new_key(world: World, imani: Desk) -> None:
    jon = Desk(world, world.person("jon"))
    touched = imani.touch("/keys/add").json["location"]

    assert jon.get(touched).location == "/keys/add"
    assert imani.get(touched).status_code == 200
    imani.send(f"{touched}/options", {})
    assert imani.get(touched).location == "/keys/add"


def test_two_keys_of_one_model_are_told_apart(world: World, imani: Desk) -> None:
    add_second(world, imani)

    page = imani.get("/keys").text
    for key in keys_of(world, imani):
        label = f"Test key, registered 18 Nov 2026, id ending in {key.id[-4:]}"
        assert f'aria-label="Stop the key {label}"' in page
        assert label in imani.get(f"/keys/{key.id}/stop").text
    imani.post(f"/keys/{keys_of(world, imani)[0].id}/name", nickname="blue")
    assert 'aria-label="Stop the key blue"' in imani.get("/keys").text


def test_nobody_names_or_stops_the_key_of_another(world: World, imani: Desk) -> None:
    (theirs,) = keys_of(world, Desk(world, world.person("jon")))

    assert imani.get(f"/keys/{theirs.id}/stop").status_code == 404
    assert imani.send(f"/keys/{theirs.id}/stop/options", {}).status_code == 404
    assert imani.post(f"/keys/{theirs.id}/name", nickname="mine").status_code == 404


def test_a_name_is_for_ones_own_eyes(world: World, imani: Desk) -> None:
    (key,) = keys_of(world, imani)

    imani.post(f"/keys/{key.id}/name", nickname="  <b>blue</b>   one ")

    assert keys_of(world, imani)[0].nickname == "<b>blue</b> one"
    assert "&lt;b&gt;blue&lt;/b&gt; one" in imani.get("/keys").text


def test_both_keys_are_activated_by_an_admins_touch(world: World, imani: Desk, asha: Desk) -> None:
    add_second(world, imani)
    second = keys_of(world, imani)[1].id

    page = asha.get(f"/admin/keys/{second}/activate")
    done = asha.touch(f"/admin/keys/{second}/activate")

    assert "Before you touch" in page.text
    assert done.status_code == 200
    assert [key.state for key in keys_of(world, imani)] == ["active", "active"]


def test_a_code_is_made_for_a_key_that_waits(world: World, imani: Desk, asha: Desk) -> None:
    assert imani.person is not None
    add_second(world, imani)

    page = asha.post(f"/admin/people/{imani.person.id}/code")
    own = asha.post(f"/admin/people/{asha.person.id}/code")  # type: ignore[union-attr]

    assert CODE.search(page.text)
    assert own.status_code == 409
    with world.parts.db.read() as session:
        assert len(session.scalars(select(StopCode)).all()) == 3
