"""Why an activation was refused: the record knows, whoever tried reads one text."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from domain.key_refusals import ActivationFault
from flows import activate
from flows.activate import ActivationRefused
from models.keys import Credential
from tests.flows.test_activate import begin, finish, registered
from tests.flows.test_loss import write
from tests.web.desk import recorded
from tests.world import Contractor, World


def anew(world: World, person: str) -> str:
    def make(session: Any) -> Any:
        code, made = activate.make_code(session, world.parts, person, by="host")
        return [made, code]

    return str(write(world, make)[-1])


def refused(world: World, person: Contractor, code: str) -> tuple[str, str | None]:
    """Return what whoever tried reads."""
    with pytest.raises(ActivationRefused) as told:
        finish(world, begin(world, code), person.key)
    return told.value.message, told.value.remedy


def test_the_record_tells_what_was_wrong_with_each_code_and_the_page_does_not(world: World) -> None:
    imani, first = registered(world)
    _, jons = registered(world, "jon")
    second = anew(world, imani.id)

    read = {refused(world, imani, code) for code in ("AAAA-AAAA-AAAA-AAAA", jons, first)}
    world.clock.advance(days=14)
    read.add(refused(world, imani, second))

    assert len(read) == 1
    assert [details["reason"] for _, details in reversed(recorded(world, "key.activation-refused"))] == [
        "code-wrong", "code-of-another", "code-superseded", "code-expired",
    ]  # fmt: skip


def test_a_key_that_works_already_and_a_code_that_was_used_are_told_apart(world: World) -> None:
    imani, code = registered(world)
    world.activate(imani, code)

    refused(world, imani, code)

    (_, details) = recorded(world, "key.activation-refused")[0]
    assert details["reason"] == ActivationFault.NOT_WAITING.value
    assert details["detail"] == "The key does not wait to be activated"


def test_a_code_is_used_by_the_activation_of_another_key(world: World) -> None:
    imani, code = registered(world)
    world.activate(imani, code)
    with world.parts.db.write() as session:
        session.scalars(select(Credential)).one().state = "pending"
        session.commit()

    refused(world, imani, code)

    assert recorded(world, "key.activation-refused")[0][1]["reason"] == "code-used"
