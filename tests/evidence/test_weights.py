"""Weights under which withholding could pay cannot be made."""

from dataclasses import replace

import pytest

from domain.evidence import Binding, Family, Kind
from evidence.weights import DEFAULT_WEIGHTS, Cap, KindWeight, family_of


def with_kind(weight, kind=Kind.NETWORK_HOSTING):
    return {**DEFAULT_WEIGHTS.kinds, kind: weight}


def with_cap(family, cap):
    return {**DEFAULT_WEIGHTS.caps, family: cap}


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": with_kind(KindWeight(present=5, absent=0, missing=6))},
        {"kinds": with_kind(KindWeight(present=5, absent=0, missing=-1))},
        {"kinds": with_kind(KindWeight(present=5, absent=1, missing=0))},
        {"kinds": {Kind.NETWORK_HOSTING: KindWeight(1, 0, 0)}},
        {"caps": with_cap(Family.NETWORK, Cap(favour=-11, against=60))},
        {"caps": with_cap(Family.POSTURE, Cap(favour=1, against=60))},
        {"caps": with_cap(Family.POSTURE, Cap(favour=-1, against=-1))},
        {"caps": {}},
        {"tiers": ()},
        {"tiers": DEFAULT_WEIGHTS.tiers[::-1]},
        {"favour_binding": Binding.D0},
    ],
)
def test_weights_that_break_a_law_are_refused(change):
    with pytest.raises(ValueError, match=r"must|needs|earns|cannot"):
        replace(DEFAULT_WEIGHTS, **change)


def test_the_version_names_the_content():
    same = replace(DEFAULT_WEIGHTS, kinds=dict(reversed(list(DEFAULT_WEIGHTS.kinds.items()))))
    other = replace(DEFAULT_WEIGHTS, kinds=with_kind(KindWeight(present=26, absent=-3, missing=0)))

    assert same.version == DEFAULT_WEIGHTS.version
    assert other.version != DEFAULT_WEIGHTS.version
    assert len(other.version) == 64


def test_weights_cannot_be_changed_after_they_were_made():
    with pytest.raises(TypeError):
        DEFAULT_WEIGHTS.kinds[Kind.NETWORK_ASN] = KindWeight(1, 0, 0)  # type: ignore[index]


def test_every_kind_has_a_family():
    assert {family_of(kind) for kind in Kind} == set(Family)
