"""`doorward policy decide`: a line in, a line out, without a deployment.

Attackers: whoever can write questions and wants a crash in place of an answer,
or an answer that belongs to the line before.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from commands import main
from policies.bundle import model_text
from policies.casbin.question import MAX_LINE
from tests.policies.casbin.world import conf

ROOT = Path(__file__).parents[2]
ROLES = conf("g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act", g=["g = _, _"])
POLICY = "p, admin, data1, read, allow\np, bob, data1, read, deny\ng, alice, admin\ng, bob, admin\n"
Decide = Callable[..., Result]


def question(subject: str = "alice", resource: str = "data1", **members: Any) -> str:
    return json.dumps(
        {
            "subject": {"type": "user", "id": subject},
            "action": {"name": "read"},
            "resource": {"type": "data", "id": resource},
            **members,
        }
    )


def bundle(folder: Path, model: str = ROLES, policy: str = POLICY) -> Path:
    (folder / "model.conf").write_text(model, encoding="utf-8")
    (folder / "policy.csv").write_text(policy, encoding="utf-8")
    return folder


@pytest.fixture
def decide(tmp_path: Path) -> Decide:
    """Run the command over the lines given, for the folder of the test."""

    def run(*lines: str | bytes, folder: Path = tmp_path) -> Result:
        data = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
        return CliRunner().invoke(main, ["policy", "decide", "--bundle", str(folder)], input=data)

    return run


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_question_has_one_answer_with_effect_reasons_and_rules(tmp_path: Path, decide: Decide) -> None:
    bundle(tmp_path)

    result = decide(question("alice"), question("bob"), question("carol"))

    assert result.exit_code == 0
    assert result.stderr == ""
    told = answers(result)
    assert [(t["decision"], t["effect"], t["rules"]) for t in told] == [
        (True, "permit", ["line 1"]),
        (False, "deny", ["line 2"]),
        (False, "deny", []),
    ]
    assert [[r["code"] for r in t["reasons"]] for t in told] == [
        ["policy-permits"],
        ["policy-forbids"],
        ["policy-no-rule"],
    ]
    assert all(r["sentence"] for t in told for r in t["reasons"])
    assert told[2]["reasons"][0]["remedy"]


def test_a_malformed_line_is_denied_in_its_place_and_told_at_the_end(tmp_path: Path, decide: Decide) -> None:
    bundle(tmp_path)
    long = question(context={"a": "x" * 3 * MAX_LINE})

    result = decide(question(), "", "{", b"\xff", long, question(subject="a\nb"), '{"a":1,"a":1}', question())

    assert result.exit_code == 1
    told = answers(result)
    assert [t["decision"] for t in told] == [True, False, False, False, False, False, False, True]
    assert [t["error"]["code"] for t in told[1:-1]] == [
        *(
            "question-json",
            "question-json",
            "question-json",
            "question-long",
            "question-text",
            "question-json",
        )
    ]
    assert all(t["effect"] == "deny" and t["error"]["message"] and t["error"]["remedy"] for t in told[1:-1])


def test_what_a_rule_needed_and_nobody_gave_is_told(tmp_path: Path, decide: Decide) -> None:
    rules = POLICY.partition("g, ")[0]
    bundle(tmp_path, conf("r.obj == p.obj && r.sub.Age > 18"), rules)

    [told] = answers(decide(question()))

    assert told["erring"] == [
        {"rule": "line 1", "message": "r.sub.Age is not known"},
        {"rule": "line 2", "message": "r.sub.Age is not known"},
    ]
    assert told["rules"] == ["line 2"]


def test_the_served_model_is_decided_as_it_is_when_published(tmp_path: Path, decide: Decide) -> None:
    rule = "p, night, role:x, read, data:logs, time in 22:00-06:00 and tier >= 2, -, allow"
    bundle(tmp_path, model_text(), f"{rule}\ng, person:alice, role:x\n")
    known: dict[str, Any] = {"context": {"tier": 2}}

    told = answers(
        decide(
            question(resource="logs", now="2026-11-23T23:00:00Z", **known),
            question(resource="logs", now="2026-11-24T00:00:00+02:00", **known),
            question(resource="logs", now="2026-11-23T12:00:00Z", **known),
            question(resource="logs/../x", **known),
        )
    )

    assert [t["decision"] for t in told] == [True, True, False, False]
    assert [r["code"] for r in told[2]["reasons"]] == ["time-outside"]
    assert told[3]["error"]["code"] == "resource-id"


def test_every_problem_of_a_refused_bundle_is_told_with_its_place(tmp_path: Path, decide: Decide) -> None:
    bundle(tmp_path, policy="p, admin, data1, read, dney\nq, x\np, a\n")

    result = decide(question())

    assert result.exit_code == 2
    assert result.stdout == ""
    told = result.stderr.splitlines()
    assert [line.split(": error: ")[0] for line in told] == [
        f"{tmp_path}/policy.csv:{at}" for at in ("1:24", "2:1", "3:1")
    ]
    assert "did you mean `deny`?" in told[0]


def test_a_refused_model_is_told_by_name(tmp_path: Path, decide: Decide) -> None:
    bundle(tmp_path, conf(effect="priority(p.eft) || deny"))

    result = decide()

    assert result.exit_code == 2
    assert f"{tmp_path}/model.conf:6:5: error: priority lets the order of rules decide" in result.stderr


def test_a_warning_is_told_and_refuses_nothing(tmp_path: Path, decide: Decide) -> None:
    bundle(tmp_path, policy=f"{POLICY}g, admin, alice\n")

    result = decide(question())

    assert result.exit_code == 0
    assert ": warning: " in result.stderr
    assert answers(result)[0]["decision"] is True


@pytest.mark.parametrize("name", ["model.conf", "policy.csv"])
def test_a_file_that_is_missing_or_not_text_is_told(tmp_path: Path, decide: Decide, name: str) -> None:
    bundle(tmp_path)
    (tmp_path / name).write_bytes(b"p, a\nb\xff\n")
    not_text = decide(question())
    (tmp_path / name).unlink()
    missing = decide(question())

    assert f"{tmp_path / name}:2:2: error: the file is not UTF-8" in not_text.stderr
    assert f"{tmp_path / name}:1:1: error: no such file" in missing.stderr
    assert not_text.exit_code == missing.exit_code == 2


def test_questions_come_from_a_file_too(tmp_path: Path) -> None:
    bundle(tmp_path)
    (tmp_path / "questions").write_text(question() + "\r\n" + question("bob"))

    arguments = ["policy", "decide", "--bundle", str(tmp_path), "--input", str(tmp_path / "questions")]
    result = CliRunner().invoke(main, arguments)

    assert [t["decision"] for t in answers(result)] == [True, False]


def test_an_answer_does_not_wait_for_the_next_question(tmp_path: Path) -> None:
    """A real process, with no setting of a deployment: it answers while its input is still open."""
    bundle(tmp_path)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DOORWARD_")}
    command = [sys.executable, "-m", "cli", "policy", "decide", "--bundle", str(tmp_path)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for subject, expected in (("alice", True), ("bob", False)):
            process.stdin.write(question(subject).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["decision"] is expected
        process.stdin.close()

        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == b""


def test_an_answer_needs_no_terminal_that_knows_its_letters(tmp_path: Path) -> None:
    bundle(tmp_path, policy="p, rené, data1, read, allow\ng, a, rené\n")
    command = [sys.executable, "-m", "cli", "policy", "decide", "--bundle", str(tmp_path)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    asked = question("rené", resource="/é/../x") + "\n" + question("rené", action={"name": ""})

    done = subprocess.run(command, cwd=ROOT, env=environment, input=asked.encode(), capture_output=True)

    assert [json.loads(answer)["decision"] for answer in done.stdout.splitlines()] == [False, False]
    assert b"Traceback" not in done.stderr


def test_an_endless_line_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from commands import policy_decide

    monkeypatch.setattr(policy_decide, "MAX_LINE", 10)
    source = io.BytesIO(b"a" * 100 + b"\n" + b"b" * 11 + b"\n" + b"c" * 12 + b"\nd")

    assert [line[:1] for line in policy_decide._lines(source)] == [b"a", b"b", b"c", b"d"]
