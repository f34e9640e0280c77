"""A cursor is the place behind an entry, for one question; nothing else is taken for one."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policies.pages import CursorInvalid, Page, cursor_after, key_before, page_of

printable = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@given(printable, printable)
def test_a_cursor_tells_the_key_behind_which_its_question_goes_on(question, key):
    assert key_before(question, cursor_after(question, key)) == key


@given(printable, printable, printable)
def test_no_other_question_takes_it(question, other, key):
    assume(question != other)

    with pytest.raises(CursorInvalid):
        key_before(other, cursor_after(question, key))


@given(printable, st.text(min_size=1) | st.text("ABCabc123-_=", min_size=1))
def test_any_other_text_is_refused(question, text):
    with pytest.raises(CursorInvalid):
        key_before(question, text)


def test_the_empty_text_begins():
    assert key_before("anything", "") == ""


@given(st.lists(st.text("abc", min_size=1), unique=True), st.integers(1, 5))
def test_pages_put_together_are_the_whole(keys, limit):
    keys.sort()
    read: list[str] = []
    page: Page[str] | None = None

    while page is None or page.next:
        after = key_before("q", page.next) if page else ""
        page = page_of((key for key in keys if key > after), key=str, question="q", limit=limit)
        read += page.entries

    assert read == keys


def test_a_page_of_nothing_is_a_fault_of_ours():
    with pytest.raises(ValueError, match="at least one"):
        page_of([], key=str, question="q", limit=0)
