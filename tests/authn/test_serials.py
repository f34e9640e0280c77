"""One serial number, printed by the maker and attested by the key: the same, however each is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authn.serials import LONGEST, attested_text, number_of, same_serial, shown, spellings

PRINTED = st.one_of(
    st.integers(0, 2**40).map(str),
    st.integers(0, 2**40).map(hex),
    st.binary(min_size=1, max_size=6).map(bytes.hex),
    st.text("0123456789abcdefABCDEFxX-S", min_size=1, max_size=8),
)
ATTESTED = st.one_of(
    st.binary(min_size=1, max_size=6),
    st.integers(0, 2**31).map(lambda number: number.to_bytes(4, "big")),
    PRINTED.map(str.encode),
)


@pytest.mark.parametrize(
    ("printed", "attested"),
    [
        ("2001", bytes.fromhex("000007d1")),
        ("2001", bytes.fromhex("07d1")),
        ("2001", b"2001"),
        ("0002001", b"2001"),
        ("000007D1", bytes.fromhex("000007d1")),
        ("0x7d1", bytes.fromhex("000007d1")),
        ("0x00002001", bytes.fromhex("00002001")),
        ("S-1", b"S-1"),
        (" S-1", b"S-1"),
    ],
)
def test_an_honest_key_is_known_however_its_serial_is_written(printed: str, attested: bytes) -> None:
    assert same_serial(printed, attested_text(attested))


@pytest.mark.parametrize(
    ("printed", "attested"),
    [
        ("2001", bytes.fromhex("00002001")),  # figures without a mark are decimal: this key is 8193
        ("2001", bytes.fromhex("d1070000")),
        ("2001", b"20010"),
        ("S-1", b"s-1"),
        ("S-1", b"S-10"),
        ("4276803", b"ABC"),  # printable bytes are characters, never a number too
        ("2001", b""),
        ("", b"2001"),
    ],
)
def test_another_key_is_not(printed: str, attested: bytes) -> None:
    assert not same_serial(printed, attested_text(attested))


@pytest.mark.parametrize("serial", [None, b"", b"  "])
def test_a_key_that_attests_nothing_told_no_serial(serial: bytes | None) -> None:
    assert attested_text(serial) is None


@given(PRINTED, PRINTED, ATTESTED)
def test_two_printed_serials_fit_one_key_only_as_one_number(one: str, other: str, attested: bytes) -> None:
    said = attested_text(attested)
    if same_serial(one, said) and same_serial(other, said) and one != other:
        assert number_of(one) is not None
        assert number_of(one) == number_of(other)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_two_printed_numbers_never_fit_one_key(one: int, other: int) -> None:
    said = attested_text(other.to_bytes(4, "big"))

    assert not same_serial(str(one), said) or one == other


@given(PRINTED, PRINTED)
def test_the_spellings_of_a_serial_are_those_that_are_the_same(one: str, other: str) -> None:
    written = other if number_of(one) is None else other.lower()

    assert (written in spellings(one)) is same_serial(one, other)
    assert all(len(way) <= LONGEST for way in spellings(one))


def test_hexadecimal_is_shown_with_its_decimal_figures() -> None:
    assert [shown(text) for text in ("0x000007d1", "2001", "S-1")] == ["0x000007d1 (2001)", "2001", "S-1"]
