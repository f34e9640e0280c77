"""The drawer with everybody's soft keys: which of them answers, and how it is kept.

Answers creation and request options for a person. A new registration takes a
new key out of the box, as in life. Proves nothing: whoever reaches the drawer
has all keys; the demo's proxy gives it to its own pages only.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.company import AAGUID, CAST
from demo.softkey import AttestationAuthority, NotAllowed, SoftKey

Ceremony = Callable[[SoftKey], dict[str, Any]]


class KeyDrawer:
    """Soft keys by their owner's login name, in one file that only its owner can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "keys.json"
        self._lock = threading.Lock()
        if not (folder / "authority.pem").exists():
            AttestationAuthority.create(now=datetime.now(UTC)).save(folder)
        self.authority = AttestationAuthority.load(folder)
        saved = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._keys = {
            owner: [SoftKey.from_json(json.dumps(key)) for key in keys] for owner, keys in saved.items()
        }

    def create(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """Register a new key for the account that *options* name."""
        with self._lock:
            owner = str(options["user"]["name"])
            sent = CAST[owner].serial if owner in CAST and owner not in self._keys else ""
            key = SoftKey.create(
                self.authority, AAGUID, now=datetime.now(UTC), serial=sent.encode() if sent else None
            )
            answer = key.register(options, origin)
            self._keys.setdefault(owner, []).append(key)
            self._save()
            return answer

    def sign(self, person: str, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """Answer with a key of *person*, or of somebody who is not of the cast. Raises NotAllowed.

        A member of the cast never gets another member's key: typing somebody
        else's name fails as it would with a real key in the hand.
        """
        with self._lock:
            guests = [key for owner, keys in self._keys.items() if owner not in CAST for key in keys]
            for key in [*self._keys.get(person, []), *guests]:
                try:
                    answer = key.sign(options, origin)
                except NotAllowed:
                    continue
                self._save()
                return answer
        raise NotAllowed("none of these keys is the one that is asked for")

    def _save(self) -> None:
        # INVARIANT: the counters are on disk before an answer leaves. A key that counts
        # backwards after a crash looks like a copy, and the broker would suspend it.
        document = {owner: [json.loads(key.to_json()) for key in keys] for owner, keys in self._keys.items()}
        write_private(self._file, json.dumps(document))


def write_private(path: Path, text: str) -> None:
    """Replace *path* in one step by a file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(path.suffix + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
