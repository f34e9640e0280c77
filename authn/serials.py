"""Are the serial number that is printed on a key and the one that its maker attests the same?

A maker attests bytes, and says nowhere whether they are characters or a
number. Bytes that are all printable ASCII are read as characters, all others
as a number (big-endian). A printed serial number is a number if it is written
in decimal figures, in hexadecimal after ``0x``, or in whole bytes of
hexadecimal with a letter among them; anything else is a text. Numbers are
compared as numbers, texts character by character. So a printed serial number
has one meaning, and two of them fit one key only if they are one number,
written in two ways.
"""

from __future__ import annotations

import re

LONGEST = 64
"""Characters of a serial number, as it is kept."""
_DECIMAL = re.compile(r"[0-9]+\Z")
_MARKED = re.compile(r"0[xX]([0-9a-fA-F]+)\Z")
_BYTES = re.compile(r"(?=.*[a-fA-F])(?:[0-9a-fA-F]{2})+\Z")


def attested_text(serial: bytes | None) -> str | None:
    """Return an attested serial as it is kept: its characters, or ``0x`` and its bytes in hexadecimal."""
    if serial is None or not serial.strip():
        return None
    text = serial.decode("ascii", "replace")
    return text if serial.isascii() and text.isprintable() else "0x" + serial.hex()


def number_of(serial: str) -> int | None:
    """Return the number that a serial number is, or None for a text."""
    text = serial.strip()
    if _DECIMAL.match(text):
        return int(text)
    found = _MARKED.match(text)
    if found is not None:
        return int(found[1], 16)
    return int(text, 16) if _BYTES.match(text) else None


def same_serial(one: str | None, other: str | None) -> bool:
    """Return whether both are there and are the same serial number, however each is written."""
    if not one or not other:
        return False
    numbers = number_of(one), number_of(other)
    return numbers[0] == numbers[1] if None not in numbers else one.strip() == other.strip()


def spellings(serial: str) -> list[str]:
    """Return every way to write *serial* in at most LONGEST characters, in lower case if it is a number."""
    number = number_of(serial)
    if number is None:
        return [serial.strip()]
    decimal, digits = str(number), f"{number:x}"
    ways = {decimal.zfill(length) for length in range(len(decimal), LONGEST + 1)}
    ways |= {"0x" + digits.zfill(length) for length in range(len(digits), LONGEST - 1)}
    if not digits.isdigit():
        ways |= {digits.zfill(length) for length in range(len(digits), LONGEST + 1) if length % 2 == 0}
    return sorted(ways)


def shown(serial: str) -> str:
    """Return a serial number for a page: one in hexadecimal with its decimal figures after it."""
    number = number_of(serial)
    return serial if number is None or _DECIMAL.match(serial.strip()) else f"{serial} ({number})"
