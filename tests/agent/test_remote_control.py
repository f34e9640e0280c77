"""Which running software counts as remote control, and when nothing can be said."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.doorward_agent.collect import collect_facts
from agent.doorward_agent.collect.catalogue import Catalogue, Tool, parse_catalogue, shipped_catalogue
from agent.doorward_agent.collect.processes import Connection, Process, whole_table_visible
from agent.doorward_agent.collect.remote_control import process_names, remote_control

CATALOGUE = Catalogue(
    version="test",
    tools=(
        Tool("AnyDesk", exact=frozenset({"anydesk", "anydesk.exe"})),
        Tool("Sunshine", exact=frozenset(), generic=frozenset({"sunshine"}), ports=frozenset({47989})),
        Tool("Relay", exact=frozenset(), generic=frozenset({"java"}), paths=("*/relay-*",)),
    ),
)
SHELL = Process(pid=10, name="bash", exe="/usr/bin/bash", argv=("-bash",))
ANYDESK = Process(pid=20, name="anydesk", exe="/usr/bin/anydesk", argv=("/usr/bin/anydesk", "--service"))
SUNSHINE = Process(pid=30, name="sunshine", exe="/home/u/sunshine", argv=("./sunshine",))


def listener(pid: int | None, port: int, address: str = "0.0.0.0") -> Connection:
    return Connection(pid=pid, address=address, port=port, listening=True)


def test_nothing_listed_in_full_view_is_an_empty_list() -> None:
    assert remote_control([SHELL], [], CATALOGUE, complete=True) == []


def test_nothing_listed_in_partial_view_is_unknown() -> None:
    assert remote_control([SHELL], [], CATALOGUE, complete=False) is None


def test_what_is_found_is_told_even_from_a_partial_view() -> None:
    found = remote_control([SHELL, ANYDESK], None, CATALOGUE, complete=False)

    assert found == [{"name": "AnyDesk", "process": "anydesk", "pid": 20, "evidence": "process"}]


def test_a_tool_that_others_can_connect_to_listens() -> None:
    found = remote_control([ANYDESK], [listener(20, 7070)], CATALOGUE, complete=True)

    assert found is not None
    assert found[0]["evidence"] == "listening"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_listening_on_loopback_only_is_no_listening(address: str) -> None:
    found = remote_control([ANYDESK], [listener(20, 7070, address)], CATALOGUE, complete=True)

    assert found is not None
    assert found[0]["evidence"] == "process"


def test_several_processes_of_one_tool_make_one_row_and_the_listening_one_wins() -> None:
    helper = Process(pid=21, name="anydesk")

    found = remote_control([ANYDESK, helper], [listener(21, 7070)], CATALOGUE, complete=True)

    assert found == [{"name": "AnyDesk", "process": "anydesk", "pid": 21, "evidence": "listening"}]


def test_a_generic_name_alone_does_not_match() -> None:
    assert remote_control([SUNSHINE], [], CATALOGUE, complete=True) == []


def test_a_generic_name_with_its_port_matches() -> None:
    found = remote_control([SUNSHINE], [listener(30, 47989)], CATALOGUE, complete=True)

    assert found is not None
    assert found[0]["name"] == "Sunshine"


def test_a_port_of_another_process_is_no_witness() -> None:
    assert remote_control([SUNSHINE], [listener(99, 47989)], CATALOGUE, complete=True) == []


def test_a_generic_name_is_unknown_where_the_owner_of_its_port_is_hidden() -> None:
    assert remote_control([SUNSHINE], [listener(None, 47989)], CATALOGUE, complete=True) is None


def test_a_generic_name_is_unknown_where_sockets_cannot_be_read() -> None:
    assert remote_control([SUNSHINE], None, CATALOGUE, complete=True) is None


def test_a_generic_name_with_its_path_among_the_arguments_matches() -> None:
    relay = Process(pid=40, name="java", exe="/usr/bin/java", argv=("java", "-cp", "/opt/Relay-17/core.jar"))

    found = remote_control([relay], [], CATALOGUE, complete=True)

    assert found is not None
    assert found[0]["name"] == "Relay"


def test_a_generic_name_with_another_path_does_not_match() -> None:
    server = Process(pid=40, name="java", exe="/usr/bin/java", argv=("java", "-jar", "/opt/shop.jar"))

    assert remote_control([server], [], CATALOGUE, complete=True) == []


def test_a_generic_name_whose_path_is_hidden_is_unknown() -> None:
    assert remote_control([Process(pid=40, name="java")], [], CATALOGUE, complete=True) is None


@pytest.mark.parametrize(
    "process",
    [
        Process(pid=1, name="AnyDesk"),
        Process(pid=1, name="kworker", exe="/tmp/anydesk"),
        Process(pid=1, name="kworker", exe="/tmp/anydesk (deleted)"),
        Process(pid=1, name="kworker", argv=("/opt/anydesk/anydesk", "--tray")),
        Process(pid=1, name="wine64", argv=("C:\\Program Files\\AnyDesk\\AnyDesk.exe",)),
        Process(pid=1, name="python3.13", argv=("/usr/bin/python3.13", "-u", "/opt/anydesk", "start")),
    ],
)
def test_a_tool_is_known_by_any_of_its_names(process: Process) -> None:
    found = remote_control([process], [], CATALOGUE, complete=True)

    assert found is not None
    assert found[0]["name"] == "AnyDesk"


def test_reading_about_a_tool_is_not_running_it() -> None:
    editor = Process(pid=1, name="vim", exe="/usr/bin/vim", argv=("vim", "/usr/bin/anydesk"))

    assert "anydesk" not in process_names(editor)


@pytest.mark.parametrize(
    "name",
    [
        "ssh",
        "sshd",
        "vncviewer",
        "xfreerdp",
        "remmina",
        "mstsc.exe",
        "tmux",
        "tailscaled",
        "java",
        "nvda.exe",
        "dd",
    ],
)
def test_the_shipped_catalogue_leaves_everyday_programs_alone(name: str) -> None:
    process = Process(pid=1, name=name, exe=f"/usr/bin/{name}", argv=(name,))

    assert remote_control([process], [listener(1, 2222)], shipped_catalogue(), complete=True) == []


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("anydesk", "AnyDesk"),
        ("teamviewerd", "TeamViewer"),
        ("rustdesk", "RustDesk"),
        ("dwagsvc", "DWService"),
        ("deskin", "DeskIn"),
        ("xrdp", "xrdp"),
        ("x11vnc", "x11vnc"),
        ("Xtigervnc", "VNC server"),
        ("krfb", "KDE Desktop Sharing"),
        ("nxserver.bin", "NoMachine"),
        ("meshagent", "MeshCentral"),
        ("chrome-remote-desktop-host", "Chrome Remote Desktop"),
    ],
)
def test_the_shipped_catalogue_knows_the_tools_of_linux(name: str, tool: str) -> None:
    found = remote_control([Process(pid=1, name=name)], [], shipped_catalogue(), complete=True)

    assert found is not None
    assert [row["name"] for row in found] == [tool]


def test_gnome_remote_desktop_counts_only_while_it_listens() -> None:
    daemon = Process(pid=7, name="gnome-remote-de", argv=("/usr/libexec/gnome-remote-desktop-daemon",))

    idle = remote_control([daemon], [], shipped_catalogue(), complete=True)
    sharing = remote_control([daemon], [listener(7, 3389)], shipped_catalogue(), complete=True)

    assert idle == []
    assert sharing is not None
    assert sharing[0]["evidence"] == "listening"


def test_no_exact_name_of_the_shipped_catalogue_belongs_to_two_tools() -> None:
    names = [name for tool in shipped_catalogue().tools for name in tool.exact]

    assert len(names) > 200
    assert len(names) == len(set(names))


def test_the_shipped_catalogue_is_small_and_names_its_source() -> None:
    import agent.doorward_agent.collect as package

    text = (Path(package.__file__).parent / "catalogue.json").read_text("utf-8")

    assert len(text) < 100_000
    assert "LOLRMM" in text
    assert "Apache-2.0" in text


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "", "exact": ["x"]},
        {"name": "X", "exact": []},
        {"name": "X", "generic": ["agent"]},
        {"name": "X", "exact": ["AnyDesk"]},
    ],
)
def test_a_malformed_entry_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"the (tool|names|generic names)"):
        parse_catalogue({"version": "1", "tools": [entry]})


def test_an_empty_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="everybody clean"):
        parse_catalogue({"version": "1", "tools": []})


def namespace_tree(root: Path, namespace: str) -> Path:
    for place in ("proc/self/ns", "proc/1"):
        (root / place).mkdir(parents=True)
    (root / "proc/self/ns/pid").symlink_to(namespace)
    (root / "proc/1/comm").write_text("systemd\n")
    (root / "proc/1/cmdline").write_bytes(b"/sbin/init\0")
    return root


def test_the_first_namespace_with_an_open_proc_shows_all(tmp_path: Path) -> None:
    assert whole_table_visible(namespace_tree(tmp_path, "pid:[4026531836]"))


def test_a_container_does_not_show_all(tmp_path: Path) -> None:
    assert not whole_table_visible(namespace_tree(tmp_path, "pid:[4026532591]"))


def test_a_hidden_first_process_means_that_not_all_is_shown(tmp_path: Path) -> None:
    root = namespace_tree(tmp_path, "pid:[4026531836]")
    shutil.rmtree(root / "proc/1")

    assert not whole_table_visible(root)


@pytest.fixture
def running_anydesk(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real process under a listed name, which only sleeps."""
    program = tmp_path / "anydesk"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        yield process
        process.kill()


def test_a_real_process_under_a_listed_name_is_found(running_anydesk: subprocess.Popen[bytes]) -> None:
    facts = collect_facts()

    assert {
        "name": "AnyDesk",
        "process": "anydesk",
        "pid": running_anydesk.pid,
        "evidence": "process",
    } in facts["remote_control"]


def test_the_facts_of_this_machine_have_the_shape_of_the_protocol() -> None:
    facts = collect_facts()

    assert set(facts) <= {"disk_encrypted", "os", "remote_control", "remote_logons"}
    assert isinstance(facts.get("disk_encrypted", False), bool)
    assert set(facts.get("os", {"id": "", "version": ""})) == {"id", "version"}
    assert all(set(row) == {"name", "process", "pid", "evidence"} for row in facts.get("remote_control", []))
    assert all(set(row) == {"user", "from", "since"} for row in facts.get("remote_logons", []))


def test_a_collector_that_cannot_read_costs_its_own_fact_only(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("ID=debian\nVERSION_ID=13\n")

    facts = collect_facts(tmp_path)

    assert facts["os"] == {"id": "debian", "version": "13"}
    assert "disk_encrypted" not in facts
    assert "remote_logons" not in facts


def test_an_odd_process_name_does_not_spoil_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tuple(
        Process(pid=pid, name="any\ndesk", exe="/opt/anydesk", argv=(f"sshd: u{pid}@\x1b" + "x" * 300,))
        for pid in range(1, 100)
    )
    monkeypatch.setattr("agent.doorward_agent.collect.snapshot", lambda: odd)

    facts = collect_facts()

    assert facts["remote_control"][0]["process"] == "any?desk"
    assert len(facts["remote_logons"]) == 64
