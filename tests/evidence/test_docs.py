"""The documentation for admins and the numbers in use are the same."""

import re
from pathlib import Path

import pytest

from domain.evidence import Binding, Family, Kind, Tier
from evidence.facts import LIST_LENGTH, TEXT_LENGTH
from evidence.observe import (
    AGED_QUALITY,
    NETWORK_LIFETIME,
    POSTURE_LIFETIME,
    TABLE_FRESH,
    TABLE_LIFETIME,
)
from evidence.tables import Tables
from evidence.weights import DEFAULT_WEIGHTS, family_of

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in row.strip("|").split("|")] for row in TEXT.splitlines() if row[:1] == "|"]


def signed(number):
    return f"{number:+d}" if number else "0"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_documented_with_its_family_and_its_weights(kind):
    weight = DEFAULT_WEIGHTS.kinds[kind]
    rows = [row for row in ROWS if row[0] == f"`{kind.value}`"]

    assert [row[1] for row in rows if len(row) == 4 and row[1] in {f.value for f in Family}] == [
        family_of(kind).value
    ]
    assert [f"`{kind.value}`", *map(signed, (weight.present, weight.absent, weight.missing))] in rows


@pytest.mark.parametrize("family", Family)
def test_every_cap_is_documented(family):
    cap = DEFAULT_WEIGHTS.caps[family]

    assert [family.value, signed(cap.favour), signed(cap.against)] in ROWS


def test_every_tier_is_documented_with_its_threshold():
    scores = {row[0]: (row[1], row[2]) for row in ROWS if re.fullmatch(r"T\d", row[0])}
    t2, t3 = DEFAULT_WEIGHTS.tiers

    assert scores == {
        "T0": (Tier.T0.word, f"{DEFAULT_WEIGHTS.hold_at} or more"),
        "T1": (Tier.T1.word, f"below {DEFAULT_WEIGHTS.hold_at}"),
        "T2": (Tier.T2.word, f"at most {t2.max_score}"),
        "T3": (Tier.T3.word, f"at most {t3.max_score}"),
    }


def test_the_needs_of_each_tier_are_documented():
    t2, t3 = DEFAULT_WEIGHTS.tiers
    needs = {row[0]: row[3] for row in ROWS if row[0] in ("T2", "T3")}
    more = [need for need in t3.needs if need not in t2.needs]

    def in_words(tier_needs):
        return {
            " or ".join(f"`{kind.value}`" for kind in sorted(n, key=lambda k: k.value)) for n in tier_needs
        }

    binding, _, listed = needs["T2"].partition(" or more: ")
    assert (binding, set(listed.split("; "))) == (f"at {Binding(t2.binding).name}", in_words(t2.needs))
    binding, _, listed = needs["T3"].partition(" or more: all of the above; ")
    assert (binding, set(listed.split("; "))) == (f"at {Binding(t3.binding).name}", in_words(more))
    assert set(t2.needs) <= set(t3.needs)


def test_lifetimes_and_limits_are_documented():
    for words in (
        f"{POSTURE_LIFETIME.total_seconds() / 60:.0f} minutes from the receipt",
        f"{NETWORK_LIFETIME.total_seconds() / 3600:.0f} hours",
        f"at most {LIST_LENGTH} entries in a list and {TEXT_LENGTH} characters",
        f"older than {TABLE_FRESH.days} days have a quality of {AGED_QUALITY} of 1000",
    ):
        assert words in TEXT
    assert f"{TABLE_LIFETIME.days} days say nothing" in " ".join(TEXT.split())


def test_the_tables_age_and_licence_are_documented():
    documented = {
        name: (row[2], row[3]) for row in ROWS if len(row) == 4 for name in re.findall(r"`([\w-]+)`", row[0])
    }

    for info in Tables.packaged().versions():
        assert documented[info.name] == (info.date.isoformat(), info.licence)


@pytest.mark.parametrize("name", ["https://db-ip.com", "https://www.routeviews.org", "https://www.nro.net"])
def test_the_sources_are_credited_in_the_page_and_beside_the_tables(name):
    assert name in TEXT
    assert name in (ROOT / "evidence" / "data" / "SOURCES.md").read_text(encoding="utf-8")
