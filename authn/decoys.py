"""Answer for people who do not exist.

Answers: which credentials do we name to somebody who claims an unknown name?
The same ones each time, of the lengths that keys use, so that a stranger
cannot tell the names of contractors by asking. Refusing the answer in the same
words is for the flow.
Source: Web Authentication Level 3, section 14.6.2 (username enumeration).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

# Lengths of the handles of common security keys, for a deployment that has none yet.
_LENGTHS = (48, 64, 96)


def decoy_ids(key: bytes, claimed_name: str, count: int, *, lengths: Sequence[int] = ()) -> list[bytes]:
    """Return *count* credential ids that look real and stay the same for *claimed_name*.

    *lengths* are those of the real ids here: another length would say "nobody".
    *key* is a secret of the deployment. The caller normalises the name as it
    does to look people up.
    """
    if not key:
        raise ValueError("without a key everybody could compute the decoys")
    known = sorted(set(lengths)) or _LENGTHS
    lengths = [known[_derive(key, claimed_name, f"length {n}", 1)[0] % len(known)] for n in range(count)]
    return [_derive(key, claimed_name, f"id {n}", length) for n, length in enumerate(lengths)]


def _derive(key: bytes, name: str, purpose: str, length: int) -> bytes:
    message = f"{purpose}\0{name}".encode("utf-8", "surrogatepass")
    blocks = (hmac.digest(key, bytes([n]) + message, "sha512") for n in range(length // 64 + 1))
    return b"".join(blocks)[:length]
