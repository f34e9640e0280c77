"""An auditor verifies the record; the launcher writes checkpoints that leave the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import audit.chain
from audit.chain import Report
from audit.checkpoint import Checkpoint, append_line, make
from flows.instance import load_signer
from flows.parts import Parts
from models.audit import head
from models.instance import signing_keys


def verify(parts: Parts, known: Sequence[Checkpoint] = ()) -> Report:
    """Read the whole chain and compare it with verified checkpoints."""
    with parts.db.read() as session:
        return audit.chain.verify(session, known=[(c.sequence, c.hash) for c in known])


def checkpoint_keys(parts: Parts) -> tuple[Mapping[str, Any], ...]:
    """Return the public keys that sign checkpoints."""
    with parts.db.read() as session:
        return tuple(row.public_jwk for row in signing_keys(session, "checkpoint"))


def write_checkpoint(parts: Parts, path: Path, *, after: int = 0) -> int:
    """Append a signed checkpoint to *path* if the chain has grown beyond *after*; return its sequence."""
    with parts.db.read() as session:
        end = head(session)
        if end.sequence <= after:
            return after
        signer = load_signer(session, "checkpoint", parts.ring)
        line = make(signer, sequence=end.sequence, head=end.hash, now=parts.clock.now())
    append_line(path, line)
    return int(end.sequence)
