"""Where the device key and the enrolment live: one directory of its owner's alone.

Answers: which key is ours, and which broker knows it? The key is not protected
against the person who runs the agent, nor against root: it proves that this
account on this computer signed, and no more.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from .errors import StateError

KEY_FILE = "device-key.pem"
RECORD_FILE = "device.json"


@dataclass(frozen=True, slots=True)
class Record:
    """What the agent remembers. *broker* and *device_id* are empty until enrolment."""

    name: str
    broker: str = ""
    device_id: str = ""


def create(directory: Path, record: Record) -> ECKey:
    """Make a P-256 key in *directory* (0700, files 0600) and remember *record*.

    Raises StateError if a key is there already: a key is never replaced
    silently, because the broker knows the device by it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_open(directory)
    if (directory / KEY_FILE).exists():
        raise StateError(f"`{directory}` already holds a device key")
    key = ECKey.generate_key("P-256", private=True)
    save(directory, record)
    _write(directory / KEY_FILE, key.as_pem(private=True))
    return key


def load(directory: Path) -> tuple[ECKey, Record]:
    """Return the key and the record of *directory*, or raise StateError."""
    key_file = directory / KEY_FILE
    if not key_file.exists():
        raise StateError(f"no device key in `{directory}`: enrol first")
    _refuse_open(directory)
    _refuse_open(key_file)
    try:
        key = ECKey.import_key(key_file.read_bytes())
        fields = json.loads((directory / RECORD_FILE).read_text("utf-8"))
        record = Record(**{name: str(fields[name]) for name in ("name", "broker", "device_id")})
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        raise StateError(f"`{directory}` cannot be read: {error}") from error
    if key.curve_name != "P-256" or not key.is_private:
        raise StateError(f"`{key_file}` does not hold a private P-256 key")
    return key, record


def save(directory: Path, record: Record) -> None:
    """Replace the record of *directory* in one step."""
    _write(directory / RECORD_FILE, json.dumps(asdict(record), indent=1).encode())


def _write(path: Path, content: bytes) -> None:
    # mkstemp creates the file 0600 under a new name: there is no moment at
    # which the key is readable by others, and no half-written file after a crash.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _refuse_open(path: Path) -> None:
    if os.name != "posix":
        return
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise StateError(f"`{path}` must belong to you alone (chmod go-rwx), and be no link")
