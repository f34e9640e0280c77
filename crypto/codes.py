"""Codes that people read to each other and type: 80 random bits in four groups of four.

Letters that look or sound like digits are left out and are read as what they
look like, so that a code survives a telephone and handwriting. Source: the
Base 32 of Douglas Crockford, without its check symbol.
"""

from __future__ import annotations

import hmac

from domain.ports import Randomness

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u2011": None, "\u2013": None})
_BYTES, _LETTERS, _GROUP = 10, 16, 4
LONGEST = 64
"""Characters of a presented code that are looked at."""


def new_code(randomness: Randomness) -> str:
    """Return a new code as it is shown: ``7K3M-0QXT-…``."""
    number = int.from_bytes(randomness.bytes(_BYTES))
    letters = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LETTERS)))
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LETTERS, _GROUP))


def plain_code(presented: str) -> str:
    """Return a typed code in its one spelling. What is no code stays something that no code equals."""
    return presented[:LONGEST].upper().translate(_READ_AS)


def code_digest(key: bytes, presented: str) -> str:
    """Return what is stored of a code: keyed, because 80 bits are fewer than our other secrets have.

    *key* is a secret of the deployment: a stolen database gives nothing to
    compare guesses with.
    """
    return hmac.digest(key, plain_code(presented).encode("utf-8", "surrogatepass"), "sha256").hex()
