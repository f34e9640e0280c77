"""One plain JSON object is read alike by everybody; anything else is refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.plain_json import read_object

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_characters="\0", codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from("abc"), plain))
def test_a_plain_object_is_read_as_it_is(value):
    assert read_object(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a": 1, "a": 1}', "twice"),
        (b'{"a": {"b": 1, "b": 2}}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": "\\ud800"}', "surrogates"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": "\xff"}', "decode"),
        (b'\xef\xbb\xbf{"a": 1}', "BOM"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested"),
        (b"[1]", "not an object"),
        (b'{"a": 1} {}', "Extra data"),
        (b"", "Expecting"),
    ],
)
def test_what_programs_differ_about_is_refused(data, why):
    with pytest.raises(ValueError, match=why):
        read_object(data)


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_else(data):
    with contextlib.suppress(ValueError):
        assert isinstance(read_object(data), dict)
