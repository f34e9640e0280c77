"""The todo scenario of AuthZEN's interoperability events. The world is ``examples/worlds/todo``."""

from __future__ import annotations

from tests.vectors.authzen import load_world
from tests.vectors.source import vectors
from tests.world import World

CASES = 43


def test_every_case_of_the_todo_scenario_is_answered_as_it_wants(world: World) -> None:
    cases = vectors("authzen_todo.json")["cases"]
    service = load_world(world, "todo")
    assert len(cases) == CASES

    wrong = [f"{case['id']}: {problem}" for case in cases if (problem := service.problem(case))]

    assert wrong == []
