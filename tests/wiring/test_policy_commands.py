"""Asking the rules on the command line: of a file, and of a deployment with its people."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.wiring.asking import NOON, RULES, ask
from tests.world import World


def entries(result: Result) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(result.output)["entries"]
    return told


def test_a_permit_is_explained_and_ends_with_0(rules: str) -> None:
    done = ask(
        "explain",
        "x",
        "read",
        "data:logs",
        "--rules",
        rules,
        "--role",
        "role:senior",
        "--with",
        "tier=2",
        *NOON,
    )

    assert done.exit_code == 0
    assert done.output.splitlines()[0] == "permitted: x may read data:logs"
    assert "decided by logs-read: role support may read data:logs when tier is at least 2" in done.output
    assert "(as role support, which role senior includes)" in done.output


def test_a_denial_is_explained_with_its_nearest_miss_and_ends_with_1(rules: str) -> None:
    done = ask("explain", "role:support", "read", "data:logs", "--rules", rules, "--with", "tier=1", *NOON)

    assert done.exit_code == 1
    assert done.output.splitlines()[0] == "denied: role:support may not read data:logs"
    assert "nearest: would be allowed at tier 2 (rule logs-read)" in done.output


def test_a_denial_is_told_to_programs(rules: str) -> None:
    night = ("--now", "2026-11-25T03:00Z")
    done = ask(
        "explain", "x", "read", "data:logs", "--rules", rules, "--role", "role:support", *night, "--json"
    )

    told = json.loads(done.output)
    assert done.exit_code == 1
    assert (told["effect"], told["determining"]) == ("deny", ["logs-hours"])
    assert told["misses"] == [
        {
            "kind": "facts-lacking",
            "sentence": "would be allowed at tier 2, from 07:00 UTC",
            "rule": "logs-read",
        }
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "x", "Read", "data:logs"), "is not an action name"),
        (("explain", "x", "read", "logs"), "is not a resource id"),
        (("explain", "wizard:x", "read", "data:logs"), "is not a kind of subject"),
        (("explain", "jö", "read", "data:logs"), "is not a subject"),
        (("explain", "x", "read", "data:logs", "--role", "support"), "did you mean `role:support`?"),
        (("explain", "x", "read", "data:logs", "--with", "teir=2"), "did you mean `tier`?"),
        (("explain", "x", "read", "data:logs", "--with", "tier=1", "--with", "tier=2"), "given twice"),
        (("explain", "x", "read", "data:logs", "--with", "time = 10:00"), "Say --now instead."),
        (("explain", "x", "read", "data:logs", "--role", "person:y"), "one too many"),
        (("explain", "x", "read", "data:logs", "--now", "noon"), "does not match the formats"),
        (("who-can", "read", "data:logs", "--cursor", "xyz"), "does not belong to this question"),
        (("who-can", "read", "data:logs", "--limit", "0"), "not in the range"),
        (("what-can", "x", "--show", "some"), "is not one of"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_to_write(rules: str, words: tuple[str, ...], said: str) -> None:
    done = ask(*words, "--rules", rules)

    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize(
    "command",
    [
        ("explain", "x", "read", "data:logs", "--rules"),
        ("who-can", "read", "data:logs", "--rules"),
        ("what-can", "x", "--rules"),
        ("check",),
    ],
)
def test_rules_that_cannot_be_read_are_wrong_use_and_never_a_denial(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_bytes(b"p, a, \xff\n")

    assert ask(*command, str(odd)).exit_code == 2
    assert "UTF-8" in ask(*command, str(odd)).output


def test_rules_with_an_error_are_wrong_use_and_say_the_line(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("p, a, role:support, read, data:logs, -, -, alow\n")

    done = ask("who-can", "read", "data:logs", "--rules", str(wrong))

    assert done.exit_code == 2
    assert f"{wrong}:1:44: error: effect `alow`" in done.output


def test_of_a_file_who_can_answers_for_each_name_of_its_rules(rules: str) -> None:
    done = ask("who-can", "read", "data:logs", "--rules", rules, "--show", "all", "--json")

    assert {entry["who"]: entry["standing"] for entry in entries(done)} == {
        "*": "no",
        "person:prs_1": "no",
        "role:senior": "conditional",
        "role:support": "conditional",
    }


def test_somebody_with_a_role_is_nobody_that_a_rule_names(tmp_path: Path) -> None:
    file = tmp_path / "rules.csv"
    file.write_text(
        "p, a, person:somebody, read, data:x, -, -, allow\np, b, role:r, list, data:x, -, -, allow\n"
    )

    told = ask("who-can", "read", "data:x", "--rules", str(file), "--json")

    assert [entry["who"] for entry in entries(told)] == ["person:somebody"]


def test_of_a_file_what_can_answers_for_the_doors_that_it_names(rules: str) -> None:
    told = ask("what-can", "role:support", "--rules", rules, "--show", "all", "--json")
    named = ask(
        "what-can", "x", "--rules", rules, "--resource", "data:other", "--action", "read", "--show", "all"
    )

    doors = {(entry["resource"], entry["action"]): entry["standing"] for entry in entries(told)}
    assert doors == {
        ("data:logs", "export"): "no",
        ("data:logs", "read"): "conditional",
        ("svc:board", "export"): "no",
        ("svc:board", "read"): "always",
    }
    assert "data:other  read    no" in named.output


def test_rules_that_name_nothing_one_by_one_ask_for_it(tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    file.write_text("p, all, role:keeper, *, data:*, -, -, allow\n")

    assert "give --resource" in ask("what-can", "x", "--rules", str(file)).output
    assert "give --action" in ask("what-can", "x", "--rules", str(file), "--resource", "data:x").output


def test_a_list_goes_on_where_its_cursor_says(rules: str) -> None:
    words = ("who-can", "read", "svc:board", "--rules", rules, "--limit", "3")
    first = ask(*words)
    cursor = first.output.splitlines()[-1].removeprefix("more: --cursor ")

    second = ask(*words, "--cursor", cursor)

    assert [line.split()[0] for line in first.output.splitlines()[1:-1]] == [
        "*",
        "person:prs_1",
        "role:senior",
    ]
    assert [line.split()[0] for line in second.output.splitlines()[1:]] == ["role:support"]


def test_what_two_files_say_differently_is_told_in_sentences(rules: str, tmp_path: Path) -> None:
    new = tmp_path / "new.csv"
    new.write_text(RULES.replace("tier >= 2", "tier >= 3").replace("p, own,", "# p, own,"))

    done = ask("diff", rules, str(new))
    told = json.loads(ask("diff", rules, str(new), "--json").output)

    assert done.exit_code == 1
    assert [line.split(":")[0] for line in done.output.splitlines()] == ["changed logs-read", "removed own"]
    assert [change["kind"] for change in told] == ["changed", "removed"]
    assert ask("diff", rules, rules).exit_code == 0


def test_of_the_deployment_people_answer(company: World) -> None:
    told = ask("who-can", "read", "data:logs", "--show", "all")

    assert told.exit_code == 0, told.output
    assert [line.split()[:2] for line in told.output.splitlines()[1:] if line[0] != " "] == [
        ["imani", "conditional"],
        ["jonas", "conditional"],
        ["noor", "no"],
    ]


def test_of_the_deployment_a_person_is_explained_by_login_name_or_id(company: World) -> None:
    asked = ("read", "data:logs", "--with", "tier=2", *NOON)

    for name in ("jonas", company.people["jonas"].id, f"person:{company.people['jonas'].id}"):
        assert ask("explain", name, *asked).exit_code == 0
    assert ask("explain", "noor", *asked).exit_code == 1
    assert ask("explain", "noor", *asked, "--role", "role:support").exit_code == 0
    assert ask("explain", "nobody", *asked).exit_code == 2
    assert ask("explain", "service:svc_1", *asked).exit_code == 2


def test_of_the_deployment_what_can_lists_registered_doors(company: World) -> None:
    told = ask("what-can", "jonas", "--json")

    assert [(e["resource"], e["action"], e["standing"]) for e in entries(told)] == [
        ("data:logs", "read", "conditional"),
        ("svc:board", "read", "always"),
    ]
    assert ask("what-can", "jonas", "--resource", "data:logs").exit_code == 2


def test_a_file_is_compared_with_what_is_published(company: World, rules: str, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text(RULES + "p, more, role:support, list, data:logs, -, -, allow\n")

    assert ask("diff", rules).exit_code == 0
    assert ask("diff", str(more)).output.startswith("added more: role support may list data:logs")


def test_the_example_of_the_page_is_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
    policy = re.search(r"```\n(# reading.*?)```", page, re.DOTALL)
    example = re.search(r"\$ doorward policy (explain .*?)\n(.*?)```", page, re.DOTALL)
    assert policy is not None
    assert example is not None
    (tmp_path / "rules.csv").write_text(policy[1])
    monkeypatch.chdir(tmp_path)

    done = ask(*shlex.split(example[1]))

    assert done.output.startswith(example[2])


@pytest.mark.parametrize("now", ["9999-12-31T12:00Z", "0001-01-01T00:00+10:00", "9999-01-01T00:00-10:00"])
def test_a_moment_at_the_edge_of_the_calendar_is_wrong_use_not_a_denial(rules: str, now: str) -> None:
    done = ask("explain", "role:support", "read", "data:logs", "--rules", rules, "--now", now)

    assert done.exit_code == 2
    assert "is not in the years 1 to 9998 (UTC)" in done.output
