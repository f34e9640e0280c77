"""The operating system, read from made-up files."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doorward_agent.collect import platform_label
from agent.doorward_agent.collect.host import os_release


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "usr/lib").mkdir(parents=True)
    return tmp_path


def test_id_and_version_are_read_with_and_without_quotes(root: Path) -> None:
    (root / "etc/os-release").write_text("# comment\nNAME=\"Fedora Linux\"\nID=fedora\nVERSION_ID='43'\n\n")

    assert os_release(root) == {"id": "fedora", "version": "43"}


def test_debian_names_its_point_release(root: Path) -> None:
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    (root / "etc/debian_version").write_text("12.7\n")

    assert os_release(root) == {"id": "debian", "version": "12.7"}


@pytest.mark.parametrize("stated", ["trixie/sid\n", "13.1\n", "120.1\n", "12.x\n"])
def test_a_debian_version_that_disagrees_is_ignored(root: Path, stated: str) -> None:
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    (root / "etc/debian_version").write_text(stated)

    assert os_release(root) == {"id": "debian", "version": "12"}


def test_a_derivative_does_not_take_the_version_of_debian(root: Path) -> None:
    (root / "etc/os-release").write_text('ID=ubuntu\nVERSION_ID="24.04"\n')
    (root / "etc/debian_version").write_text("24.04.9\n")

    assert os_release(root) == {"id": "ubuntu", "version": "24.04"}


def test_the_vendors_copy_is_read_where_etc_has_none(root: Path) -> None:
    (root / "usr/lib/os-release").write_text("ID=alpine\nVERSION_ID=3.22.1\n")

    assert os_release(root) == {"id": "alpine", "version": "3.22.1"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ID=arch\nBUILD_ID=rolling\n",
        "ID=alpine\nVERSION_ID=3.23_alpha2\n",
        "ID=Odd!\nVERSION_ID=1\n",
        'VERSION_ID="1"\n',
        'ID="unclosed\nVERSION_ID=1\n',
    ],
)
def test_a_system_that_does_not_state_both_is_unknown(root: Path, text: str) -> None:
    (root / "etc/os-release").write_text(text)

    assert os_release(root) is None


def test_a_missing_file_is_unknown(root: Path) -> None:
    assert os_release(root) is None
    assert platform_label(root)["version"] == ""
