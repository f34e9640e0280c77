"""Entities come from a document and the files beside it: all of them, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commands.base import beside
from domain.errors import Invalid
from flows import policy
from flows.document import read_document
from flows.load import load_document
from models.audit import records_in_order
from models.entities import entities
from models.people import all_live_assignments
from tests.vectors.authzen import WORLDS
from tests.world import World

SCENARIO = WORLDS / "todo" / "world.toml"


def entity(**fields: str) -> str:
    given = {"type": '"user"', "id": '"ann"', **fields}
    return "[[entities]]\n" + "".join(f"{name} = {value}\n" for name, value in given.items())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (entity(type='"person"'), "not a type of entities"),
        (entity(type='"doorward"', id='"policy"'), "not a type of entities"),
        (entity(type='"role"'), "not a type of entities"),
        (entity(type='"User"'), "not a type of entities"),
        (entity(id='"../ann"'), "not a resource id"),
        (entity(id='"a b"'), "not a resource id"),
        (entity(groups='["role:admin"]'), "power over Doorward"),
        (entity(properties="{ a = 1.5 }"), "`a` of `user:ann` is no property"),
        (entity(properties="{ a = [1] }"), "is no property"),
        (entity(properties="{ a = 2026-11-01 }"), "is no property"),
        (entity(properties='{ a = "" }'), "is no property"),
        (entity(properties='{ "a.b" = 1 }'), "is no property"),
        (entity(id='"*"', groups='["group:x"]'), "no single entity"),
        (entity(emial='"x"'), "entities.0.emial"),
        ('policy_file = "rules.csv"\n', "names files"),
    ],
)
def test_what_no_entity_can_be_refuses_the_document(text: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_document(text.encode())

    assert told in refused.value.message


def test_every_line_at_fault_is_told_and_files_lie_beside_the_document(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    folder.mkdir()
    (tmp_path / "outside.csv").write_text("p, a, *, read, data:x, -, -, allow\n")
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "latin.csv").write_bytes(b"\xe9")
    (folder / "e.jsonl").write_text(
        '{"type": "user", "id": "a"}\n\n{"type": "user", "type": "user", "id": "b"}\n{"type": "user"}\n[]\n'
    )
    file = folder / "world.toml"

    def refusal(text: str) -> str:
        with pytest.raises(Invalid) as refused:
            read_document(text.encode(), beside(file))
        return refused.value.message

    told = refusal('entities_file = "e.jsonl"')
    assert [f"line {n}:" in told for n in (1, 3, 4, 5)] == [False, True, True, True]
    for name in ("../outside.csv", "link.csv", str(tmp_path / "outside.csv")):
        assert "not below the folder" in refusal(f'policy_file = "{name}"')
    assert "is not there" in refusal('policy_file = "rules.csv"')
    assert "not UTF-8" in refusal('policy_file = "latin.csv"')
    assert "not both" in refusal('policy = "x"\npolicy_file = "link.csv"')


def test_a_world_is_loaded_whole_once_and_brought_up_to_date(world: World) -> None:
    def state() -> tuple[dict[str, tuple[dict[str, Any], list[str]]], int]:
        with world.parts.db.read() as session:
            groups = all_live_assignments(session, world.clock.now())
            rows = {row.key: (row.properties, sorted(groups[row.id])) for row in entities(session)}
            return rows, len(list(records_in_order(session)))

    document = read_document(SCENARIO.read_bytes(), beside(SCENARIO))
    broken = document.model_copy(
        update={"policy": f"{document.policy}t, no, *, can_read_user, user:x, -, deny, -\n"}
    )
    before = state()
    with pytest.raises(Exception, match="test"):
        load_document(world.parts, broken)
    assert state() == before

    load_document(world.parts, document)
    rows, records = state()
    assert len(rows) == 5
    assert rows["user:CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs"] == (
        {"email": "morty@the-citadel.com"},
        ["group:editor"],
    )
    load_document(world.parts, document)
    assert state() == (rows, records + 2)  # that it was loaded, and the service as it is
    changed = [e.model_copy(update={"properties": {}, "groups": ()}) for e in document.entities]
    load_document(world.parts, document.model_copy(update={"entities": tuple(changed)}))

    assert all(value == ({}, []) for value in state()[0].values())
    with world.parts.db.read() as session:
        told = [record.subject for record, _ in records_in_order(session) if record.kind == "entity.saved"]
    assert told
    assert all(subject.startswith("ent_") for subject in told)  # addresses stand in no chained record


def test_a_change_of_the_rules_is_told_for_entities_too(world: World) -> None:
    load_document(world.parts, read_document(SCENARIO.read_bytes(), beside(SCENARIO)))
    rules = (SCENARIO.parent / "rules.csv").read_text()
    viewers = "p, viewers, group:viewer, can_create_todo, todo:*, -, standing, allow\n"

    found = policy.check(world.parts, rules + viewers, 1)

    assert found.problems == ()
    assert found.impact is not None
    [effect] = found.impact.told
    assert effect.state == "gain"
    assert effect.sentence == (
        "everybody with group viewer (2 people) gains can_create_todo on anything else of type todo,"
        " without asking for a grant"
    )
