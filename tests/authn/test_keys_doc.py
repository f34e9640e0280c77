"""The page about keys says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from domain.key_refusals import TEXTS, KeyRefusal, Refusal, host_remedy
from tests.authn import holes, test_assertion

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.+?) \| (.+?) \| (yes|no) \|$", re.MULTILINE)

# These are for the flow that knows the other keys and the state of this one.
OF_THE_FLOWS = {
    KeyRefusal.KEY_IN_USE,
    KeyRefusal.KEY_PENDING,
    KeyRefusal.KEY_SUSPENDED,
    KeyRefusal.SERIAL_MISMATCH,
    KeyRefusal.SERIAL_MISSING,
    KeyRefusal.TIMEOUT,
}


def test_the_page_lists_every_code_with_its_text() -> None:
    listed = {match[0]: match[1:] for match in ROW.findall(PAGE.read_text())}

    expected = {
        code.value: (text.sentence, text.remedy, "yes" if text.quiet else "no")
        for code, text in TEXTS.items()
    }
    assert listed == expected


def test_every_code_has_a_text() -> None:
    assert set(TEXTS) == set(KeyRefusal)


def test_every_code_is_stable_lower_case_and_hyphenated() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code.value) for code in KeyRefusal)


def test_no_remedy_on_the_host_speaks_of_a_key_that_was_sent() -> None:
    assert [code for code in KeyRefusal if re.search("sent", host_remedy(Refusal(code)))] == []


def test_every_code_of_the_gate_is_provoked_by_a_test() -> None:
    provoked = {hole.code for hole in holes.HOLES} | {code for code, _ in holes.DEFECTS}
    provoked |= {hole.code for hole in test_assertion.HOLES} | {code for code, _ in test_assertion.DEFECTS}

    assert provoked == set(KeyRefusal) - OF_THE_FLOWS
