"""FIDO's own metadata, number 291: 520 entries, one of which both public parsers fail on.

The figures are those of the pinned package. Whoever raises its version counts anew and looks at what changed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from authn.metadata.compact import pack, unpack
from authn.metadata.entries import Payload, read_payload
from authn.metadata.rules import broken_rules
from domain.key_rules import KeyRule, KeyRules, Level, Protection
from domain.metadata import Model
from tests.authn.metadata.models import NOW
from tests.authn.metadata.real import real_metadata

HARDWARE = Protection.HARDWARE


@pytest.fixture(scope="module")
def real() -> Payload:
    return read_payload(real_metadata().payload, signed=False)


def models(real: Payload) -> list[Model]:
    return list(real.metadata.models.values())


def admitted(real: Payload, rules: KeyRules) -> int:
    return sum(1 for m in models(real) if not broken_rules(m, rules, algorithm=None, now=NOW))


def test_the_counts(real):
    assert real.counts == {
        "entries": 520,
        "models": 348,
        "broken": 6,
        "listed-twice": 0,
        "nameless": 0,
        "u2f": 136,
        "uaf": 36,
        "anchors": 723,
        "anchors-unreadable": 10,
    }
    assert (real.metadata.number, real.metadata.next_update) == (291, datetime(2026, 11, 2, tzinfo=UTC))


def test_the_entry_that_other_parsers_fail_on_is_broken_and_the_rest_is_read(real):
    broken = {model.description: model.broken for model in models(real) if model.broken}

    assert broken.pop("Dashlane Password Manager") == "attachmentHint, userVerificationDetails"
    assert broken == dict.fromkeys(
        [
            "Samsung Pass",
            "RSA DS100",
            "RSA Authenticator 4 for Android",
            "RSA Authenticator 4 for iOS",
            "KONAI Secp256R1 FIDO2 Conformance Testing CTAP2 Authenticator",
        ],
        "attestationRootCertificates",
    )


def test_how_many_models_break_which_rule(real):
    broken = [broken_rules(m, KeyRules(), algorithm=None, now=NOW) for m in models(real)]

    assert Counter(rule.value for found in broken for rule in found) == {
        "entry-malformed": 6,
        "status-bad": 1,
        "certification-level": 79,
        "key-protection": 37,
        "restricted-key": 5,
        "attachment": 15,
        "multi-device": 1,
        "attestation-type": 7,
        "algorithm": 4,
        "verification-method": 44,
    }


@pytest.mark.parametrize(
    ("level", "protection", "count"),
    [
        (Level.L1, Protection.SECURE_ELEMENT, 221),
        (Level.L1, HARDWARE, 237),
        (Level.L2, Protection.SECURE_ELEMENT, 93),
        (Level.L2, HARDWARE, 98),
        (Level.L3, HARDWARE, 1),
        (Level.L3_PLUS, HARDWARE, 1),
    ],
)
def test_how_many_models_are_admitted(real, level, protection, count):
    assert admitted(real, KeyRules(level=level, protection=protection)) == count


@pytest.mark.parametrize(
    ("level", "protection", "count"),
    [
        (Level.L1, Protection.SECURE_ELEMENT, 240),
        (Level.L1, HARDWARE, 258),
        (Level.L2, Protection.SECURE_ELEMENT, 101),
        (Level.L2, HARDWARE, 106),
    ],
)
def test_the_figures_of_others(real, level, protection, count):
    """Others count more. They ask neither for PIN and matcher, nor whether an anchor can be read.

    Of models with level and protection, 17 check no PIN or compare it in software, and 4 have only anchors
    with bytes left over: with both let pass, our figures are theirs.
    """
    rules = KeyRules(level=level, protection=protection)
    readable = [
        replace(m, broken="") if m.broken == "attestationRootCertificates" else m for m in models(real)
    ]
    broken = [set(broken_rules(m, rules, algorithm=None, now=NOW)) for m in readable]

    assert sum(1 for found in broken if not found - {KeyRule.VERIFICATION_METHOD}) == count


def test_the_stored_form_is_small_and_whole(real):
    stored = pack(real.metadata)

    assert unpack(stored, id="", signed=False) == real.metadata
    assert len(stored.body) < 160_000
