"""Signed checkpoints that leave the database.

A checkpoint is {sequence, hash, time} as a compact JWS, signed by a key of its
own, appended to a file outside the database. Whoever rewrites the chain would
have to rewrite every copy of that file too, and sign it. Records after the
last checkpoint are the stated limit: cutting them cannot be shown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from audit.chain import timestamp
from crypto.jws import SignatureInvalid, Signer, unverified_header, verify
from crypto.secrets import from_base64url
from domain.errors import Invalid

TYPE = "doorward-checkpoint+jwt"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One verified checkpoint: the chain held *hash* at *sequence* at *time*."""

    sequence: int
    hash: str
    time: str


def make(signer: Signer, *, sequence: int, head: str, now: datetime) -> str:
    """Return the signed line for a checkpoint file."""
    return signer.sign({"sequence": sequence, "hash": head, "time": timestamp(now)}, typ=TYPE)


def append_line(path: Path, line: str) -> None:
    """Append *line* to the checkpoint file with one write, and sync it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, line.encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def last_sequence(path: Path) -> int:
    """Return the sequence that the last line of a checkpoint file names, 0 without one. Proves nothing."""
    try:
        body = path.read_text().splitlines()[-1].split(".")[1]
        return int(json.loads(from_base64url(body))["sequence"])
    except (OSError, IndexError, KeyError, TypeError, ValueError):
        return 0


def read(text: str, keys: Sequence[Mapping[str, Any]]) -> tuple[Checkpoint, ...]:
    """Verify every line of a checkpoint file. Raises Invalid, naming the line, for any that fails."""
    by_kid = {str(key["kid"]): key for key in keys}
    checkpoints = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            key = by_kid[str(unverified_header(line.strip()).get("kid"))]
            claims = verify(line.strip(), key, typ=TYPE)
            checkpoints.append(Checkpoint(int(claims["sequence"]), str(claims["hash"]), str(claims["time"])))
        except (SignatureInvalid, KeyError, TypeError, ValueError) as error:
            raise Invalid(
                f"line {number} is not a checkpoint of this deployment", code="checkpoint-invalid"
            ) from error
    if not checkpoints:
        raise Invalid("the file holds no checkpoint", code="checkpoint-empty")
    return tuple(checkpoints)
