"""`doorward keys inventory|ship|list|revoke`: what they do, and that a dry run does nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select

from flows import custody
from models.audit import AuditRecord
from models.custody import KeyItem
from models.keys import Credential
from tests.flows.metadata_desk import keys_of
from tests.flows.test_custody import approved, newcomer, register_key
from tests.flows.test_loss import add_key, write
from tests.wiring.test_commands import Run, run
from tests.world import World

__all__ = ["run"]


def listed(run: Run) -> list[dict[str, object]]:
    done = run("keys", "inventory", "list", "--json")
    assert done.exit_code == 0, done.output
    return list(json.loads(done.output))


def kinds(world: World) -> list[str]:
    with world.parts.db.read() as session:
        return list(session.scalars(select(AuditRecord.kind).order_by(AuditRecord.sequence)))


@pytest.mark.parametrize(
    "text", ["serial\nS-1\nS-2\n", "model,serial\nx,S-1\nx,S-2\n", "S-1\nS-2\n", "\ufeffS-1\r\n\r\nS-2\r\n"]
)
def test_a_batch_is_entered_from_a_file(run: Run, tmp_path: Path, text: str) -> None:
    file = tmp_path / "serials.csv"
    file.write_text(text, encoding="utf-8")

    done = run("keys", "inventory", "add", "PO-1", "--model", "Key", "--file", str(file))

    assert "entered 2 keys of PO-1" in done.output
    assert [row["serial"] for row in listed(run)] == ["S-1", "S-2"]
    assert {row["level"] for row in listed(run)} == {"not known"}


def test_a_table_without_serial_numbers_enters_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "serials.csv"
    file.write_text("a,b\n1,2\n")

    done = run("keys", "inventory", "add", "PO-1", "--model", "Key", "--file", str(file))

    assert done.exit_code == 1
    assert "no column" in done.output
    assert listed(run) == []


def test_a_serial_number_that_is_known_enters_nothing_of_the_batch(run: Run, tmp_path: Path) -> None:
    run("keys", "inventory", "add", "PO-1", "--model", "Key", "--serial", "S-2")
    file = tmp_path / "serials.csv"
    file.write_text("S-1\nS-2\n")

    done = run("keys", "inventory", "add", "PO-2", "--model", "Key", "--file", str(file))

    assert done.exit_code == 1
    assert len(listed(run)) == 1


def test_the_host_ships_what_a_second_person_approved_and_nothing_else(run: Run, world: World) -> None:
    run("keys", "inventory", "add", "PO-1", "--model", "Key", "--serial", "S-1")
    item = str(listed(run)[0]["item"])
    ship = ("keys", "ship", item, "--carrier", "DHL", "--reference", "JD1")
    imani = newcomer(world)
    write(world, lambda s: custody.assign(s, world.parts, item, imani, "Long Road 1", by="prs_asha"))

    early = run(*ship)
    approved(world, item)
    before = kinds(world)
    rehearsed = run(*ship, "--dry-run")
    unchanged = (listed(run)[0]["state"], kinds(world) == before)
    done = run(*ship)

    assert early.exit_code == 1
    assert "not approved" in early.output
    assert "would have shipped" in rehearsed.output
    assert unchanged == ("approved", True)
    assert done.exit_code == 0
    assert listed(run)[0]["state"] == "shipped"


def test_a_key_is_revoked_and_a_dry_run_tells_what_would_end(run: Run, world: World) -> None:
    world.clock.advance(seconds=(datetime.now(UTC) - world.clock.now()).total_seconds())
    imani = world.person("imani")
    world.login(imani)
    with world.parts.db.read() as session:
        key = session.scalars(select(Credential.id)).one()
    before = kinds(world)

    rehearsed = run("keys", "revoke", key, "--reason", "found on the train", "--dry-run")
    unchanged = kinds(world) == before
    done = run("keys", "revoke", key, "--reason", "found on the train")

    assert "Imani would lose 1 session" in rehearsed.output
    assert f"would have revoked {key}" in rehearsed.output
    assert unchanged
    assert "Imani lost 1 session" in done.output
    assert kinds(world)[len(before) :] == ["key.revoked", "access.ended"]


def test_a_key_that_is_not_there_is_refused_with_what_to_do_next(run: Run) -> None:
    item = run("keys", "ship", "itm_none", "--carrier", "DHL", "--reference", "1")
    key = run("keys", "revoke", "key_none", "--reason", "x")

    assert item.exit_code == key.exit_code == 1
    assert "doorward keys inventory list" in item.output
    assert "doorward keys list" in key.output


def test_a_broken_chain_is_told_in_the_list(run: Run, world: World) -> None:
    run("keys", "inventory", "add", "PO-1", "--model", "Key", "--serial", "S-1")
    item = str(listed(run)[0]["item"])
    imani = newcomer(world)
    write(world, lambda s: custody.assign(s, world.parts, item, imani, "Long Road 1", by="prs_asha"))
    approved(world, item)
    write(world, lambda s: custody.ship(s, world.parts, item, carrier="DHL", reference="1", by="host"))
    with world.parts.db.write() as session:
        session.get_one(KeyItem, item).address_digest = "elsewhere"
        session.commit()

    told = run("keys", "inventory", "list").output

    assert told.splitlines()[0].split() == ["ITEM", "SERIAL", "STATE", "CUSTODY", "FOR", "KEY", "BATCH"]
    assert "  imani  " in told
    assert "BROKEN: recipient, address or serial differ" in told


def test_registered_keys_are_listed_with_what_names_them(run: Run, world: World) -> None:
    imani, jon = world.person("imani"), world.person("jon")
    world.login(jon)

    every, one = run("keys", "list").output.splitlines(), run("keys", "list", "--person", "jon").output
    told = json.loads(run("keys", "list", "--json").output)

    assert every[0].split() == ["KEY", "OWNER", "MODEL", "STATE", "CUSTODY", "LAST", "USED"]
    assert [line.split()[:2] for line in every[1:]] == [
        [keys_of(world, p)[0].id, p.name] for p in (imani, jon)
    ]
    assert "imani" not in one
    assert "not known" in one
    assert [(row["login"], row["state"], row["model"]) for row in told] == [
        ("imani", "active", "Test key"),
        ("jon", "active", "Test key"),
    ]
    assert told[1]["last_used_at"].startswith("2026-")
    assert run("keys", "list", "--person", "nobody").exit_code == 1


def test_a_key_is_revoked_by_serial_or_login_if_only_one_fits(run: Run, world: World) -> None:
    run("keys", "inventory", "add", "PO-1", "--model", "Key", "--serial", "S-1")
    mara = newcomer(world, "mara")
    item = str(listed(run)[0]["item"])
    write(world, lambda s: custody.assign(s, world.parts, item, mara, "Long Road 1", by="prs_asha"))
    approved(world, item)
    world.activate(*register_key(world, mara, b"S-1", "mara"))
    imani = world.person("imani")
    added = add_key(world, world.login(imani), imani)[1].key_id
    first = keys_of(world, imani)[0].id

    def revoke(named: str) -> Result:
        return run("keys", "revoke", named, "--reason", "lost")

    ambiguous, unknown = revoke("imani"), revoke("nobody")
    by_id, by_login, by_serial = revoke(added), revoke("Imani"), revoke("S-1")

    assert (ambiguous.exit_code, unknown.exit_code) == (2, 1)
    assert first in ambiguous.output
    assert added in ambiguous.output
    assert "See: doorward keys list" in unknown.output
    assert by_id.exit_code == 0
    assert f"revoked {first} of imani (Test key)" in by_login.output
    assert "of mara (Test key)" in by_serial.output
    assert revoke("imani").exit_code == 1
