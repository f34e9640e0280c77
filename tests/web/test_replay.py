"""A disputed decision is decided again, on its page and by the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, update

from commands import main
from flows import access
from flows.replay import Lacking, Replay, replay_decision
from models.access import DecisionRow
from models.policy import BundleRow, Publication
from settings import Settings
from tests.web.desk import Desk
from tests.world import World

RULES = "p, logs-read, role:support, read, data:logs, touch_age < 1h, max 15m, allow\n"
LATER = "p, logs-shut, *, read, data:logs, -, -, deny\n" + RULES


@pytest.fixture
def decided(world: World) -> str:
    """The reference of a permit, given before the rules were changed."""
    world.resource("data:logs", "read")
    world.publish(RULES)
    viewer = world.login(world.person("imani", "role:support"))
    reference = access.why(world.parts, viewer, action="read", resource="data:logs").id
    world.publish(LATER)
    return reference


def section(desk: Desk, reference: str) -> str:
    """Return the words of the section that decides again, empty if there is none."""
    html = desk.get(f"/admin/decisions/{reference}").text
    found = re.search(r'<section[^>]* id="replay">(.*?)</section>', html, re.DOTALL)
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", found[1], flags=re.DOTALL).split()) if found else ""


def change(world: World, statement: Any) -> None:
    """Change something as somebody with the database's password does."""
    with world.parts.db.write() as session:
        session.execute(statement)
        world.parts.commit(session)


def changed_body(world: World, reference: str, change_it: Callable[[dict[str, Any]], Any]) -> Replay:
    with world.parts.db.write() as session:
        row = session.get_one(DecisionRow, reference)
        body = json.loads(json.dumps(row.body))
        change_it(body)
        row.body = body
        world.parts.commit(session)
    return replay_decision(world.parts, reference)


def test_a_decision_is_decided_again_by_the_rules_of_then_and_by_those_of_today(
    world: World, asha: Desk, decided: str
) -> None:
    told = section(asha, decided)

    assert "the same came out" in told
    assert "The rules of then open Rule logs-read A rule allows this." in told
    assert "nothing stood in the way" in told
    assert "The rules of today closed Rule logs-shut A rule closes this for you. Revision 2" in told
    reviewer = Desk(world, world.person("rowan", "role:reviewer"))
    assert section(reviewer, decided) == ""


def test_what_stood_in_the_way_beside_the_rules_is_told_apart(world: World, asha: Desk) -> None:
    world.resource("data:logs", "read")
    world.publish(RULES)
    imani = world.person("imani", "role:support", engaged=False)
    denied = access.why(world.parts, world.login(imani), action="read", resource="data:logs")

    told = section(asha, denied.id)

    assert "The rules of then open Rule logs-read" in told
    assert "You have no engagement here, and this is for people who have one. engagement-none" in told
    assert "the same came out" in told


def test_what_somebody_altered_is_told(world: World, asha: Desk, decided: str) -> None:
    change(world, update(DecisionRow).where(DecisionRow.id == decided).values(effect="deny"))
    assert "It differs in: effect." in section(asha, decided)

    change(world, update(DecisionRow).where(DecisionRow.id == decided).values(effect="permit"))
    for alter in (
        lambda body: body["groups"].clear(),
        lambda body: body["attributes"].update(touch_age=7200),
        lambda body: body["obligations"].update(max_lifetime=28800),
        lambda body: body["determining"].append("other"),
    ):
        came = changed_body(world, decided, alter).came
        assert came is not None
        assert not came.same


def test_what_the_log_or_the_database_lacks_is_told_and_not_made_up(
    world: World, asha: Desk, decided: str
) -> None:
    def lacking(statement: Any) -> Replay:
        change(world, statement)
        return replay_decision(world.parts, decided)

    then = BundleRow.text == RULES
    altered = lacking(update(BundleRow).where(then).values(text=LATER + "# more\n"))
    refused = lacking(update(BundleRow).where(BundleRow.text.endswith("more\n")).values(text="p, no rule\n"))
    change(world, delete(Publication).where(Publication.revision == 1))
    gone = lacking(delete(BundleRow).where(BundleRow.text == "p, no rule\n"))
    old = changed_body(world, decided, lambda body: body.pop("groups"))

    assert [found.lacking for found in (altered, refused, gone, old)] == [
        Lacking.RULES_ALTERED,
        Lacking.RULES_REFUSED,
        Lacking.RULES_GONE,
        Lacking.MEMBERSHIPS,
    ]
    assert gone.today is not None
    assert old.today is None
    assert "The log did not keep memberships yet" in section(asha, decided)


def test_the_command_answers_by_its_status(
    world: World, settings: Settings, decided: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOORWARD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DOORWARD_ROOT_KEY_FILE", str(settings.root_key))
    monkeypatch.setenv("DOORWARD_CHECKPOINT_FILE", str(settings.checkpoints))
    monkeypatch.setenv("DOORWARD_DECISION_LOG", str(settings.decisions))
    monkeypatch.setattr("commands.base.configure_logging", lambda _level: None)

    def run(*words: str) -> Any:
        return CliRunner().invoke(main, ["decisions", "replay", *words])

    same, unknown = run(decided), run("dec_0")
    told = json.loads(run(decided, "--json").output)
    change(world, update(DecisionRow).where(DecisionRow.id == decided).values(effect="deny"))
    other = run(decided)

    assert (same.exit_code, other.exit_code, unknown.exit_code) == (0, 1, 2)
    assert "the rules of then: permit by logs-read" in same.output
    assert "the same came out" in same.output
    assert "the rules of today (revision 2): deny by logs-shut (policy-forbids)" in same.output
    assert "something else came out, in: effect" in other.output
    assert told["same"] is True
    assert (told["rules_then"]["effect"], told["rules_today"]["effect"]) == ("permit", "deny")
