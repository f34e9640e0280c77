"""Who is logged on from elsewhere, from made-up records and process tables."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.doorward_agent.collect.logons import remote_logons
from agent.doorward_agent.collect.processes import Connection, Process

REMOTE = "# This is private data. Do not parse.\nUID=1000\nUSER=alice\nACTIVE=1\nSTATE=active\nREMOTE=1\n"
SSH = Process(pid=50, name="sshd-session", argv=("sshd-session: alice@pts/0",), user="alice", started=1000.5)
CHANSRV = Process(pid=60, name="xrdp-chansrv", argv=("/usr/sbin/xrdp-chansrv",), user="bob", started=2000.0)


def established(pid: int | None, port: int, remote: str) -> Connection:
    return Connection(pid=pid, address="192.0.2.5", port=port, listening=False, remote=remote)


def user(name: str, host: str | None, pid: int | None = None) -> Any:
    return SimpleNamespace(name=name, host=host, started=1500.0, pid=pid)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with a login manager and no session."""
    (tmp_path / "run/systemd/sessions").mkdir(parents=True)
    return tmp_path


def session(root: Path, name: str, text: str) -> None:
    (root / "run/systemd/sessions" / name).write_text(text)


def look(root: Path, *processes: Process, sockets: Any = (), complete: bool = True, users: Any = ()) -> Any:
    return remote_logons(root, processes, sockets, complete=complete, users=lambda: users)


def test_nobody_from_elsewhere_is_an_empty_list(root: Path) -> None:
    session(root, "1", "USER=alice\nSTATE=active\nREMOTE=0\n")

    assert look(root) == []


def test_the_login_manager_names_user_host_and_time(root: Path) -> None:
    session(root, "4", REMOTE + "REMOTE_HOST=203.0.113.9\nREALTIME=1700000000123456\n")

    assert look(root) == [{"user": "alice", "from": "203.0.113.9", "since": 1700000000}]


def test_a_pipe_beside_the_sessions_is_not_read(root: Path) -> None:
    os.mkfifo(root / "run/systemd/sessions/4.ref")

    assert look(root) == []


def test_a_session_that_is_closing_is_over(root: Path) -> None:
    session(root, "4", REMOTE.replace("active", "closing") + "REMOTE_HOST=203.0.113.9\n")

    assert look(root) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_ssh_to_oneself_is_not_from_elsewhere(root: Path, host: str) -> None:
    session(root, "4", REMOTE + f"REMOTE_HOST={host}\n")

    assert look(root, SSH) == []


def test_login_records_name_remote_hosts_only(root: Path) -> None:
    (root / "run/utmp").touch()
    records = [
        user("alice", "203.0.113.9"),
        user("bob", "10.1.2.3 via mosh [77]"),
        user("carol", "seattle.example.com"),
        user("dave", ":0"),
        user("erin", "tty2"),
        user("frank", "login screen"),
        user("grace", "tmux(123).%0"),
        user("heidi", ""),
        user("ivan", None),
        user("judy", "localhost"),
        user("ken", "::ffff:127.0.0.1"),
        user("leo", "::ffff:203.0.113.9"),
    ]

    found = look(root, users=records)

    assert [(row["user"], row["from"]) for row in found] == [
        ("alice", "203.0.113.9"),
        ("bob", "10.1.2.3"),
        ("carol", "seattle.example.com"),
        ("leo", "::ffff:203.0.113.9"),
    ]


def test_a_record_whose_process_is_gone_is_stale(root: Path) -> None:
    (root / "run/utmp").touch()

    assert look(root, users=[user("alice", "203.0.113.9", pid=2**31 - 1)]) == []


def test_a_logon_seen_twice_is_one_row_with_the_earlier_time(root: Path) -> None:
    (root / "run/utmp").touch()
    session(root, "4", REMOTE + "REMOTE_HOST=203.0.113.9\nREALTIME=1600000000\n")

    found = look(root, SSH, users=[user("alice", "203.0.113.9")])

    assert found == [{"user": "alice", "from": "203.0.113.9", "since": 1500}]


@pytest.mark.parametrize("title", ["sshd: alice@pts/0", "sshd-session: alice@notty", "sshd: alice"])
def test_an_ssh_session_that_no_record_names_is_seen_by_its_title(root: Path, title: str) -> None:
    process = Process(pid=50, name="sshd", argv=(title,), started=1000.5)

    found = look(root, process, sockets=[established(50, 22, "203.0.113.9")])

    assert found == [{"user": "alice", "from": "203.0.113.9", "since": 1000}]


def test_an_address_that_is_hidden_is_called_unknown(root: Path) -> None:
    found = look(root, SSH, sockets=[established(None, 22, "203.0.113.9")])

    assert [row["from"] for row in found] == ["unknown"]


@pytest.mark.parametrize(
    "title",
    [
        "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
        "sshd-session: alice [priv]",
        "sshd: [accepted]",
    ],
)
def test_the_other_processes_of_sshd_are_no_sessions(root: Path, title: str) -> None:
    assert look(root, Process(pid=50, name="sshd", argv=(title,))) == []


def test_an_xrdp_session_with_a_viewer_is_a_logon(root: Path) -> None:
    found = look(root, CHANSRV, sockets=[established(None, 3389, "203.0.113.9")])

    assert found == [{"user": "bob", "from": "203.0.113.9", "since": 2000}]


def test_an_xrdp_session_without_a_viewer_is_none(root: Path) -> None:
    assert look(root, CHANSRV, sockets=[established(None, 443, "203.0.113.9")]) == []


def test_a_partial_view_without_a_finding_is_unknown(root: Path) -> None:
    assert look(root, complete=False) is None
    assert look(root, sockets=None) is None


def test_without_records_and_login_manager_an_absence_is_unknown(tmp_path: Path) -> None:
    assert look(tmp_path) is None


def test_what_is_found_is_told_even_from_a_partial_view(tmp_path: Path) -> None:
    assert [row["user"] for row in look(tmp_path, SSH, sockets=None, complete=False)] == ["alice"]
