"""Is the disk under the root file system encrypted?

Answers by walking from the root mount down the chain of block devices (LVM,
RAID, partitions) and looking for dm-crypt in every branch. Says nothing of
other mounts, of self-encrypting drives, of the strength of a passphrase, or of
what lies under a virtual machine's disk.
Source: the kernel's ``Documentation/ABI/testing/sysfs-block-dm`` (dm/uuid),
``/sys/dev/block/*/slaves``, proc_pid_mountinfo(5), ``/sys/fs/btrfs``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

DEEPEST_CHAIN = 16


def disk_encrypted(root: Path = Path("/")) -> bool | None:
    """Return whether every block device below ``/`` is dm-crypt, or None if unknown.

    Unknown: no block device of this computer under the root (overlay, ZFS,
    network file systems), or a chain that ends in something other than a disk.
    """
    mounted = _root_mount(root)
    if mounted is None:
        return None
    number, kind, source = mounted
    if kind == "btrfs":
        return _every(_encrypted(device) for device in _btrfs_devices(root, source))
    device = root / "sys/dev/block" / number
    return _encrypted(device.resolve()) if device.exists() else None


def _root_mount(root: Path) -> tuple[str, str, str] | None:
    """Return (major:minor, file system, source) of the topmost mount on ``/``."""
    found = None
    for line in (root / "proc/self/mountinfo").read_text("utf-8").splitlines():
        before, separator, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if separator and len(fields) > 4 and len(rest) > 1 and fields[4] == "/":
            found = (fields[2], rest[0], rest[1])
    return found


def _btrfs_devices(root: Path, source: str) -> list[Path]:
    """Return all devices of the btrfs whose member *source* is; its own number names none."""
    name = (root / source.lstrip("/")).resolve().name
    for devices in (root / "sys/fs/btrfs").glob("*/devices"):
        members = sorted(devices.iterdir())
        if any(member.name == name for member in members):
            return [member.resolve() for member in members]
    return []


def _encrypted(device: Path, depth: int = 0) -> bool | None:
    """Answer for one directory of sysfs and all that lies below it."""
    if depth > DEEPEST_CHAIN:
        return None
    if _text(device / "dm/uuid").startswith("CRYPT-"):
        return True
    if (device / "partition").exists():
        return _encrypted(device.parent, depth + 1)
    slaves = device / "slaves"
    below = sorted(slaves.iterdir()) if slaves.is_dir() else []
    if below:
        return _every(_encrypted(slave.resolve(), depth + 1) for slave in below)
    # Only a disk of this computer has a `device`; a loop or network device
    # keeps its bytes elsewhere, so nothing can be said about them here.
    return False if (device / "device").exists() else None


def _every(answers: Iterable[bool | None]) -> bool | None:
    """One branch in clear text decides; one unknown branch leaves the whole unknown."""
    seen = list(answers)
    if False in seen:
        return False
    return True if seen and None not in seen else None


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        return ""
