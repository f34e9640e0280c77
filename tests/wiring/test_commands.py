"""What an operator types, against a real deployment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands import main
from settings import Settings
from tests.world import AAGUID, World

DOCUMENT = """
policy = "p, a, role:support, read, data:logs, -, -, allow\\n"

[[services]]
name = "logs"
title = "Log service"
audience = "https://logs.example.org"
prefixes = ["data:"]
actions = ["read"]

[[resources]]
id = "data:logs"
title = "Logs"
actions = ["read"]
service = "logs"

[[people]]
login_name = "imani"
display_name = "Imani Okafor"
roles = ["role:support"]
"""


Run = Callable[..., Result]


@pytest.fixture
def run(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DOORWARD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DOORWARD_ROOT_KEY_FILE", str(settings.root_key))
    monkeypatch.setenv("DOORWARD_CHECKPOINT_FILE", str(settings.checkpoints))
    monkeypatch.setenv("DOORWARD_DECISION_LOG", str(settings.decisions))

    # Logging is the process's; the other tests of this process keep theirs.
    monkeypatch.setattr("commands.base.configure_logging", lambda _level: None)

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, words)

    return call


def loaded(run: Run, tmp_path: Path, text: str = DOCUMENT, *options: str) -> Result:
    file = tmp_path / "company.toml"
    file.write_text(text)
    return run("load", str(file), *options)


def test_a_published_scenario_comes_from_one_command(run: Run) -> None:
    folder = Path(__file__).parents[2] / "examples" / "worlds" / "certification"

    result = run("load", str(folder / "world.toml"))

    assert result.exit_code == 0, result.output
    assert "secret of service records" in result.output
    assert 'record:record-2  -  {"status": "archived"}' in run("entities", "list").output
    assert run("entities", "remove", "user:bob").exit_code == 0
    assert run("entities", "list", "--type", "user").output == "user:alice  group:alice  {}\n"
    assert run("entities", "remove", "user:bob").exit_code == 1


def test_a_company_comes_from_one_file(run: Run, tmp_path: Path) -> None:
    result = loaded(run, tmp_path, DOCUMENT, "--invites")

    assert result.exit_code == 0, result.output
    assert "secret of service logs" in result.output
    assert "/register/dwi_" in result.output
    assert "data:logs  read  Logs" in run("resources", "list").output
    assert "role:support" in run("people", "list").output


def test_loading_twice_changes_nothing_and_makes_no_second_secret(run: Run, tmp_path: Path) -> None:
    loaded(run, tmp_path)

    again = loaded(run, tmp_path)

    assert again.exit_code == 0, again.output
    assert "secret" not in again.output


def test_a_wrong_document_writes_nothing_and_names_every_problem(run: Run, tmp_path: Path) -> None:
    wrong = DOCUMENT.replace('title = "Logs"', 'titel = "Logs"').replace('name = "logs"', 'name = ""')

    result = loaded(run, tmp_path, wrong)

    assert result.exit_code == 1
    assert "resources.0.titel" in result.output
    assert "services.0.name" in result.output
    assert run("resources", "list").output == ""


def test_wrong_rules_write_nothing_and_say_the_line(run: Run, tmp_path: Path) -> None:
    result = loaded(run, tmp_path, DOCUMENT.replace("allow", "alow"))

    assert result.exit_code == 1
    assert "line 1" in result.output
    assert run("people", "list").output == ""


def test_memberships_are_given_and_taken(run: Run, tmp_path: Path) -> None:
    loaded(run, tmp_path)

    assert run("assign", "imani", "role:night", "--until", "2026-12-31T18:00+00:00").exit_code == 0
    assert "role:night" in run("people", "list").output
    assert run("unassign", "imani", "role:night").exit_code == 0
    assert "role:night" not in run("people", "list").output


def test_a_person_is_stopped_and_let_in_again(run: Run, tmp_path: Path) -> None:
    loaded(run, tmp_path)

    assert run("people", "suspend", "imani", "--reason", "test").exit_code == 0
    assert "suspended" in run("people", "list").output
    assert run("people", "resume", "imani").exit_code == 0


def test_mistakes_end_in_one_sentence_and_status_one(run: Run) -> None:
    for words in (
        ("people", "invite", "nobody"),
        ("assign", "nobody", "role:x"),
        ("services", "secret", "nothing"),
        ("resources", "remove", "data:none"),
        ("admin", "recover", "nobody"),
        ("keys", "trust", "remove", "anc_none"),
    ):
        result = run(*words)

        assert result.exit_code == 1, words
        assert result.output.startswith("error: "), words
        assert "Traceback" not in result.output


def test_resources_and_services_are_kept_by_command(run: Run, tmp_path: Path) -> None:
    loaded(run, tmp_path)

    saved = run("resources", "save", "data:new", "--title", "New", "--action", "read", "--service", "logs")
    assert saved.exit_code == 0, saved.output
    assert run("services", "secret", "logs").output.startswith("dwp_")
    assert run("resources", "remove", "data:new").exit_code == 0
    assert run("services", "disable", "logs").exit_code == 0
    assert "disabled" in run("services", "list").output


def test_the_trust_overlay_is_listed_and_emptied(run: Run) -> None:
    listed = run("keys", "trust", "list").output

    assert AAGUID in listed
    assert run("keys", "trust", "remove", listed.split()[0]).exit_code == 0
    assert run("keys", "trust", "list").output == ""


def test_the_chain_verifies_from_the_host(run: Run) -> None:
    result = run("audit", "verify")

    assert result.exit_code == 0
    assert "intact" in result.output


def test_rules_are_checked_without_a_database(tmp_path: Path) -> None:
    file = tmp_path / "policy.csv"
    file.write_text("p, a, role:x, read, data:y, -, -, dney\n")

    result = CliRunner().invoke(main, ["policy", "check", str(file)])

    assert result.exit_code == 1
    assert f"{file}:1:" in result.output
    assert "deny" in result.output


TESTED = "p, a, role:x, read, data:y, tier >= 2, -, allow\nt, low, role:x, read, data:y, tier = 1, {}\n"


@pytest.mark.parametrize(
    ("expects", "code", "said"),
    [
        ("deny, tier-too-low", 0, "1 test passes"),
        ("allow, -", 1, "expects allow and got deny (tier-too-low); nearest is rule `a`"),
        ("alow, -", 1, "did you mean `allow`?"),
    ],
)
def test_the_tests_in_a_file_are_run_without_a_database(
    tmp_path: Path, expects: str, code: int, said: str
) -> None:
    file = tmp_path / "policy.csv"
    file.write_text(TESTED.format(expects))

    for command in ("test", "check"):
        result = CliRunner().invoke(main, ["policy", command, str(file)])

        assert result.exit_code == code
        assert said in result.output or (command, code) == ("check", 0)


def test_rules_without_tests_say_so(tmp_path: Path) -> None:
    file = tmp_path / "policy.csv"
    file.write_text("p, a, role:x, read, data:y, -, -, allow\n")

    result = CliRunner().invoke(main, ["policy", "test", str(file)])

    assert (result.exit_code, result.output) == (0, "there are no tests in it\n")


def test_a_file_that_is_no_text_is_wrong_use_not_a_failed_test(tmp_path: Path) -> None:
    file = tmp_path / "policy.csv"
    file.write_bytes(b"p, a, role:x, read, data:y, -, -, allow\xff\n")

    result = CliRunner().invoke(main, ["policy", "test", str(file)])

    assert (result.exit_code, result.output) == (2, f"error: `{file}` is not UTF-8 at byte 39\n")
