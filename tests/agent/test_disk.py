"""Disk encryption, read from made-up trees of /proc and /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doorward_agent.collect.disk import disk_encrypted


class Machine:
    """A made-up machine: devices by name, and what is mounted on the root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for place in ("proc/self", "sys/dev/block", "sys/devices", "dev/mapper", "sys/fs/btrfs"):
            (root / place).mkdir(parents=True)

    def mount(self, number: str, kind: str = "ext4", source: str = "/dev/x") -> None:
        (self.root / "proc/self/mountinfo").write_text(
            "22 1 0:21 / /proc rw - proc proc rw\n"
            f"27 1 {number} / / rw,relatime shared:1 - {kind} {source} rw\n"
            "30 27 8:9 / /home rw - ext4 /dev/sdb1 rw\n"
        )

    def disk(self, name: str, number: str, *, real: bool = True) -> Path:
        return self._device(self.root / "sys/devices" / name, number, real=real)

    def partition(self, disk: Path, name: str, number: str) -> Path:
        path = self._device(disk / name, number, real=False)
        (path / "partition").write_text("1\n")
        return path

    def stacked(self, name: str, number: str, *below: Path, uuid: str = "") -> Path:
        path = self._device(self.root / "sys/devices" / name, number, real=False)
        if uuid:
            (path / "dm").mkdir()
            (path / "dm/uuid").write_text(uuid + "\n")
        for slave in below:
            (path / "slaves" / slave.name).symlink_to(slave)
        return path

    def btrfs(self, *members: Path) -> None:
        devices = self.root / "sys/fs/btrfs/1234-abcd/devices"
        devices.mkdir(parents=True)
        for member in members:
            (devices / member.name).symlink_to(member)

    def _device(self, path: Path, number: str, *, real: bool) -> Path:
        path.mkdir()
        if real:
            (path / "device").mkdir()
        if "partition" not in path.name:
            (path / "slaves").mkdir()
        (self.root / "sys/dev/block" / number).symlink_to(path)
        return path


LUKS = "CRYPT-LUKS2-0123456789abcdef-root"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_luks_directly_under_the_root_is_encrypted(machine: Machine) -> None:
    partition = machine.partition(machine.disk("sda", "8:0"), "sda2", "8:2")
    machine.stacked("dm-0", "253:0", partition, uuid=LUKS)
    machine.mount("253:0")

    assert disk_encrypted(machine.root) is True


def test_a_logical_volume_on_luks_is_encrypted(machine: Machine) -> None:
    luks = machine.stacked("dm-0", "253:0", machine.disk("nvme0n1", "259:0"), uuid=LUKS)
    machine.stacked("dm-1", "253:1", luks, uuid="LVM-abcdef")
    machine.mount("253:1")

    assert disk_encrypted(machine.root) is True


def test_raid_over_two_luks_disks_is_encrypted_through_a_partition(machine: Machine) -> None:
    members = [
        machine.stacked(f"dm-{i}", f"253:{i}", machine.disk(f"sd{i}", f"8:{i}"), uuid=LUKS) for i in range(2)
    ]
    raid = machine.stacked("md0", "9:0", *members)
    machine.partition(raid, "md0p1", "259:1")
    machine.mount("259:1")

    assert disk_encrypted(machine.root) is True


def test_a_plain_partition_is_not_encrypted(machine: Machine) -> None:
    machine.partition(machine.disk("sda", "8:0"), "sda2", "8:2")
    machine.mount("8:2")

    assert disk_encrypted(machine.root) is False


def test_one_member_in_clear_text_makes_the_volume_unencrypted(machine: Machine) -> None:
    plain = machine.disk("sda", "8:0")
    luks = machine.stacked("dm-0", "253:0", machine.disk("sdb", "8:16"), uuid=LUKS)
    machine.stacked("dm-1", "253:1", luks, plain, uuid="LVM-abcdef")
    machine.mount("253:1")

    assert disk_encrypted(machine.root) is False


def test_an_encrypted_home_does_not_speak_for_the_root(machine: Machine) -> None:
    machine.partition(machine.disk("sda", "8:0"), "sda2", "8:2")
    machine.stacked("dm-0", "8:9", uuid=LUKS)
    machine.mount("8:2")

    assert disk_encrypted(machine.root) is False


@pytest.mark.parametrize("kind", ["overlay", "zfs", "nfs4", "tmpfs"])
def test_a_root_without_a_block_device_is_unknown(machine: Machine, kind: str) -> None:
    machine.mount("0:55", kind, kind)

    assert disk_encrypted(machine.root) is None


def test_a_loop_or_network_device_is_unknown(machine: Machine) -> None:
    machine.disk("loop0", "7:0", real=False)
    machine.mount("7:0")

    assert disk_encrypted(machine.root) is None


def test_one_unknown_branch_beside_encrypted_ones_is_unknown(machine: Machine) -> None:
    luks = machine.stacked("dm-0", "253:0", machine.disk("sda", "8:0"), uuid=LUKS)
    nbd = machine.disk("nbd0", "43:0", real=False)
    machine.stacked("dm-1", "253:1", luks, nbd, uuid="LVM-abcdef")
    machine.mount("253:1")

    assert disk_encrypted(machine.root) is None


def test_btrfs_on_luks_is_encrypted(machine: Machine) -> None:
    luks = machine.stacked("dm-0", "253:0", machine.disk("sda", "8:0"), uuid=LUKS)
    (machine.root / "dev/dm-0").touch()
    (machine.root / "dev/mapper/luks-1").symlink_to("../dm-0")
    machine.btrfs(luks)
    machine.mount("0:30", "btrfs", "/dev/mapper/luks-1")

    assert disk_encrypted(machine.root) is True


def test_btrfs_with_a_second_device_in_clear_text_is_not_encrypted(machine: Machine) -> None:
    luks = machine.stacked("dm-0", "253:0", machine.disk("sda", "8:0"), uuid=LUKS)
    machine.btrfs(luks, machine.disk("sdb", "8:16"))
    machine.mount("0:30", "btrfs", "/dev/dm-0")

    assert disk_encrypted(machine.root) is False


def test_btrfs_whose_devices_are_out_of_sight_is_unknown(machine: Machine) -> None:
    machine.mount("0:30", "btrfs", "/dev/mapper/luks-1")

    assert disk_encrypted(machine.root) is None


def test_a_loop_of_devices_ends_as_unknown(machine: Machine) -> None:
    one = machine.stacked("dm-0", "253:0")
    two = machine.stacked("dm-1", "253:1", one)
    (one / "slaves/dm-1").symlink_to(two)
    machine.mount("253:0")

    assert disk_encrypted(machine.root) is None


def test_the_topmost_mount_on_the_root_counts(machine: Machine) -> None:
    machine.disk("sda", "8:0")
    machine.stacked("dm-0", "253:0", uuid=LUKS)
    (machine.root / "proc/self/mountinfo").write_text(
        "1 1 8:0 / / rw - ext4 /dev/sda rw\n27 1 253:0 / / rw - ext4 /dev/dm-0 rw\n"
    )

    assert disk_encrypted(machine.root) is True


def test_no_mount_on_the_root_is_unknown(machine: Machine) -> None:
    (machine.root / "proc/self/mountinfo").write_text("22 1 0:21 / /proc rw - proc proc rw\n")

    assert disk_encrypted(machine.root) is None


def test_this_machine_gets_an_answer_of_the_right_type() -> None:
    assert disk_encrypted() in (True, False, None)
