"""Eight threads decide while the rules change under them: nobody is answered by rules that are not in force.

Who attacks this: nobody in particular, and time. A mixture of two bundles, or
an answer by the old one after a publication returned, would be a hole.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from domain.access import AccessRequest, Link, Subject, SubjectKind
from domain.decision import Decision
from flows.facts import published
from policies.bundle import Bundle, load
from policies.decide import decide, facts_at, outcome
from policies.succession import succeed
from tests.world import NOON, World

READERS = 8
ROLE = (Link("person:ann", "role:a"),)
NAMES = frozenset({"person:ann", "*", "role:a"})
FACTS = facts_at({"tier": 2}, NOON)
OTHERS = "".join(f"p, o{n}, role:a, read, data:x/{n}, tier >= 1, -, allow\n" for n in range(300))


def text(version: int) -> str:
    """Even versions open data:x, odd ones shut it; a rule names the version."""
    effect = "deny" if version % 2 else "allow"
    changed = OTHERS.replace(f"p, o{version % 300},", "# gone,")
    return f"{changed}p, v{version}, role:a, read, data:x, -, -, {effect}\np, all, *, list, *, -, -, allow\n"


def run_beside(work: Callable[[], None], read: Callable[[int, Event], int]) -> int:
    """Run *work*, and READERS times *read* until it is done; return how often they read in all."""
    done = Event()
    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, number, done) for number in range(READERS)]
        try:
            work()
        finally:
            done.set()
        return sum(reader.result() for reader in readers)


def test_no_answer_mixes_two_bundles_while_snapshots_are_swapped_a_hundred_times_a_second() -> None:
    made: list[tuple[int, Bundle]] = [(0, load(text(0)))]

    def swap() -> None:
        for version in range(1, 200):
            made.append((version, succeed(made[-1][1], text(version))))
            time.sleep(0.01)

    def read(number: int, done: Event) -> int:
        asked = 0
        while not done.is_set():
            # The newest, and one that is not in force any more but may still be in somebody's hands.
            for version, bundle in (made[-1], made[(number * 37 + asked) % len(made)]):
                brief = outcome(NAMES, "read", "data:x", bundle=bundle, facts=FACTS)
                other = outcome(NAMES, "read", f"data:x/{version % 300}", bundle=bundle, facts=FACTS)
                assert brief.permitted is (version % 2 == 0)
                assert brief.ids() == (f"v{version}",)
                assert not other.permitted
            asked += 1
        return asked

    assert run_beside(swap, read) > READERS
    assert len(made) == 200


def test_nothing_is_permitted_by_old_rules_after_their_publication_returned(world: World) -> None:
    world.publish(text(0))
    returned = [world_revision(world)]

    def publish() -> None:
        for version in range(1, 60):
            world.publish(text(version))
            returned.append(world_revision(world))

    def read(_number: int, done: Event) -> int:
        for asked in itertools.count():
            if done.is_set():
                return asked
            floor = returned[-1]
            found, revision = ask(world)
            assert revision >= floor
            version = revision - returned[0]
            assert found.permitted is (version % 2 == 0)
            assert found.determining == (f"v{version}",)
        raise AssertionError

    assert run_beside(publish, read) > READERS


def world_revision(world: World) -> int:
    with world.parts.db.read() as session:
        return published(session)[1].publication


def ask(world: World) -> tuple[Decision, int]:
    """Decide as a flow does, by the bundle that the database says is in force."""
    with world.parts.db.read() as session:
        bundle, revisions = published(session)
    request = AccessRequest(Subject(SubjectKind.PERSON, "ann"), "read", "data:x", {"tier": 2})
    decision = decide(request, bundle=bundle, assignments=ROLE, now=NOON)
    return decision, revisions.publication
