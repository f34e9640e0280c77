"""A broker that remembers answers as one that has just been started, through every kind of change."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.decision import Decision
from domain.errors import DoorwardError
from flows import catalog, people
from flows.decision_import import import_decisions
from flows.end_access import end_everything, end_grant
from flows.evaluate import evaluate, evaluate_all
from flows.memory import Memory
from flows.pep import Question
from flows.repeat import Repeats, again
from flows.replay import replayed, rules_then
from flows.services import ServiceForm, update_service
from models.access import DecisionRow
from models.people import live_assignments
from tests.tokens.company import AUDIENCE, REMOTE, RESOURCE, RULES, Company, found
from tests.world import CLEAN, NOON, World

STEPS = 70


class Play:
    """A company to which things happen."""

    def __init__(self, company: Company, seed: int) -> None:
        self.company, self.random = company, random.Random(seed)
        self.world, self.parts = company.world, company.world.parts
        self.grants: list[str] = []
        self.tokens: list[str] = []
        self.viewer, self.laptop = company.viewer, company.laptop
        self.happened: list[str] = []

    def step(self) -> None:
        act = self.random.choice(ACTS)
        self.happened.append(act.__name__)
        try:
            act(self)
        except (DoorwardError, AssertionError, KeyError) as refused:
            self.happened[-1] += f" ({refused})"

    def write(self, act: Callable[[Any], Any]) -> None:
        with self.parts.db.write() as session:
            done = act(session)
            self.parts.commit(session, *(done if isinstance(done, (list, tuple)) else [done]))

    def questions(self) -> list[Question]:
        """Return some questions: with grants and tokens of different ages, and with nothing."""
        someone = self.company.imani.id
        asked = [Question("person", someone, "read", RESOURCE), Question("person", "prs_0", "read", RESOURCE)]
        asked += [Question("person", someone, "read", RESOURCE, grant_id=g) for g in self.grants[-3:]]
        asked += [Question("person", someone, "read", RESOURCE, token=t) for t in self.tokens[-2:]]
        return [*asked, *(replace(q, resource=RESOURCE + "/2026") for q in asked[2:3])]

    def answers(self, parts: Any) -> list[Any]:
        service = self.company.logs.service_id
        try:
            return [self._said(answer) for answer in evaluate_all(parts, service, self.questions())]
        except DoorwardError as refused:
            return [refused.code]

    def repeated(self) -> list[tuple[Any, Any]]:
        """Ask each question so that it can be answered again; return what is, beside what is decided anew."""
        service, parts = self.company.logs.service_id, self.parts
        pairs = []
        for question in self.questions():
            key = repr(question).encode()
            answered = again(parts, key)
            try:
                anew = evaluate(parts, service, question, repeats=Repeats(key, None))
            except DoorwardError:
                assert answered is None
                continue
            if answered is not None:
                pairs.append((self._bare(answered[1].decision), self._bare(anew)))
            kept = parts.memory.peek(("again", key))
            if kept is not None:
                kept.told = b"", b"", lambda: None
        return pairs

    @staticmethod
    def _bare(decision: Decision) -> Decision:
        return replace(decision, id="", assessment=None, at=NOON)

    @staticmethod
    def _said(answer: Decision | DoorwardError) -> Any:
        if isinstance(answer, DoorwardError):
            return answer.code
        return replace(answer, id="", assessment=None)


def open_it(play: Play) -> None:
    opening = play.world.open(play.viewer, RESOURCE)
    play.grants += [opening.grant_id] if opening.grant_id else []


def get_a_token(play: Play) -> None:
    play.tokens.append(play.company.token())


def log_in(play: Play) -> None:
    play.viewer = play.company.viewer = play.world.login(play.company.imani)
    play.laptop.report(play.viewer)


def report_clean(play: Play) -> None:
    play.laptop.report(play.viewer, CLEAN)


def report_remote(play: Play) -> None:
    play.laptop.report(play.viewer, REMOTE)


def end_a_grant(play: Play) -> None:
    end_grant(play.parts, play.viewer, play.random.choice(play.grants or [""]))


def end_all(play: Play) -> None:
    end_everything(play.parts, play.viewer)


def suspend_and_resume(play: Play) -> None:
    play.write(lambda s: people.suspend(s, play.parts, play.company.imani.id, reason="test", by="host"))
    play.write(lambda s: people.resume(s, play.company.imani.id, by="host"))


def change_roles(play: Play) -> None:
    def act(session: Any) -> Any:
        held = live_assignments(session, play.company.imani.id, play.world.clock.now())
        if held:
            return people.unassign(session, play.parts, held[0].id, by="host")
        end = play.world.clock.now() + timedelta(minutes=play.random.choice([1, 30]))
        return people.assign(
            session, play.parts, play.company.imani.id, "role:support", not_after=end, by="host"
        )

    play.write(act)


def publish(play: Play) -> None:
    other = "p, late, role:support, read, data:*, -, max 5m; standing, allow\n"
    play.world.publish(RULES + play.random.choice(["", other]))


def narrow_the_service(play: Play) -> None:
    prefixes = play.random.choice([("data:",), ("data:", "app:"), ("app:",)])
    form = ServiceForm("Log service", AUDIENCE, "client_secret", prefixes=prefixes, actions=("read",))
    play.write(lambda s: update_service(s, play.parts, play.company.logs.service_id, form=form, by="host"))


def remove_or_enter_the_resource(play: Play) -> None:
    try:
        play.write(lambda s: catalog.remove_resource(s, play.parts, RESOURCE, by="host"))
    except DoorwardError:
        play.world.resource(RESOURCE, "read", "export")


def set_right(play: Play) -> None:
    """Whatever happened, let the contractor in again."""
    play.world.publish(RULES)
    play.world.resource(RESOURCE, "read", "export")
    form = ServiceForm("Log service", AUDIENCE, "client_secret", prefixes=("data:",), actions=("read",))
    play.write(lambda s: update_service(s, play.parts, play.company.logs.service_id, form=form, by="host"))
    with suppress(DoorwardError):
        play.write(
            lambda s: people.assign(
                s, play.parts, play.company.imani.id, "role:support", not_after=None, by="host"
            )
        )
    log_in(play)
    report_clean(play)
    open_it(play)
    get_a_token(play)


def let_time_pass(play: Play) -> None:
    play.world.clock.advance(seconds=play.random.choice([0.1, 0.4, 2, 50, 400]))


def nothing(play: Play) -> None:
    """A moment passes."""
    play.world.clock.advance(seconds=play.random.choice([0, 0.15, 0.3, 0.6]))


ACTS: list[Callable[[Play], None]] = [
    open_it, open_it, get_a_token, log_in, report_clean, report_remote, end_a_grant, end_all,
    suspend_and_resume, change_roles, change_roles, publish, narrow_the_service,
    remove_or_enter_the_resource, let_time_pass, let_time_pass, *[set_right] * 5, *[nothing] * 8,
]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_remembered_is_what_the_database_says(world: World, seed: int) -> None:
    play = Play(found(world), seed)
    compared = permitted = repeated = 0

    for _ in range(STEPS):
        play.step()
        for again_said, anew in play.repeated():
            assert again_said == anew, play.happened
            repeated += 1
        warm = play.answers(play.parts)
        cold = play.answers(replace(play.parts, memory=Memory(play.parts.db)))

        assert warm == cold, play.happened
        compared += len(warm)
        permitted += sum(isinstance(answer, Decision) and answer.permitted for answer in warm)

    assert compared > STEPS
    assert permitted > 10
    assert repeated > 10
    _each_decision_comes_out_again(play)


def _each_decision_comes_out_again(play: Play) -> None:
    """Hold the law of replay: whatever happened, each row of the log follows from what it names."""
    import_decisions(play.parts)
    with play.parts.db.read() as session:
        rows = session.scalars(select(DecisionRow)).all()
        anew = [replayed(session, row, rules_then(session, row)) for row in rows]

    assert [found.row.id for found in anew if found.came is None or not found.came.same] == []
    imposed = {reason.code.value for found in anew if found.came for reason in found.came.imposed}
    assert imposed >= {"session-missing", "person-unknown"}
