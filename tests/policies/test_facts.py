"""A fact is typed as a rule would type it, or refused with what to write."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.attributes import ATTRIBUTES
from policies.facts import read_fact
from policies.problems import Refusal


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("tier=2", ("tier", 2)),
        ("tier = 2", ("tier", 2)),
        ("touch_age=90s", ("touch_age", 90)),
        ("posture_age=5m", ("posture_age", 300)),
        ("disk_encrypted", ("disk_encrypted", True)),
        ("not remote_control", ("remote_control", False)),
        ("os=debian", ("os", "debian")),
        ("os_version=12.7", ("os_version", (12, 7))),
        ("country=DE", ("country", "DE")),
        ("asn=64500", ("asn", 64500)),
        ("address=192.0.2.7", ("address", "192.0.2.7")),
        ("time=10:30", ("time", 630)),
        ("now=2026-12-01T09:00:00", ("now", datetime(2026, 12, 1, 9, tzinfo=UTC))),
    ],
)
def test_a_fact_has_the_type_that_its_rules_compare(text, fact):
    assert read_fact(text) == fact


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("teir=2", "did you mean `tier`?"),
        ("tier", "write for example `tier = 3`"),
        ("tier=9", "known are 0, 1, 2, 3"),
        ("tier=2 and tier == 3", "known are 0, 1, 2, 3"),
        ("tier=", "known are 0, 1, 2, 3"),
        ("not tier=2", "write for example"),
        ("remote_control=no", "write `remote_control` or `not remote_control`"),
        ("touch_age=90", "write for example `touch_age = 30s`"),
        ("country=germany", "write for example `country = DE`"),
        ("path=/x", "write it there"),
        ("", "write facts like"),
    ],
)
def test_what_is_no_fact_is_refused_with_what_to_write(text, hint):
    with pytest.raises(Refusal) as refused:
        read_fact(text)

    assert hint in refused.value.suggestion


@given(st.text() | st.tuples(st.sampled_from(sorted(ATTRIBUTES)), st.text()).map("=".join))
def test_any_text_is_a_fact_or_refused(text):
    try:
        name, value = read_fact(text)
    except Refusal:
        return
    assert name in ATTRIBUTES
    assert value is not None
