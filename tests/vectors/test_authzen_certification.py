"""The certification scenario of AuthZEN, as its conformance suite asks it.

The world is ``examples/worlds/certification``. What the scenario says of bob's role and
of the records' status is stored; of the action the service is believed.

Disputed (`EvaluationsBatchWithDefaultValueMerging`): the scenario's text
replaces an entity as a whole, the suite fills up one that is incomplete. Both
are followed: whole where it is complete, filled up where it is not.
"""

from __future__ import annotations

from tests.vectors.authzen import load_world
from tests.vectors.source import vectors
from tests.world import World

CASES = 127


def test_every_case_of_the_certification_is_answered_as_it_wants(world: World) -> None:
    cases = vectors("authzen_certification.json")["cases"]
    service = load_world(world, "certification")
    assert len(cases) == CASES

    wrong = [f"{case['id']}: {problem}" for case in cases if (problem := service.problem(case))]

    assert wrong == []
