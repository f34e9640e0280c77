"""Which rules a model breaks, and which of those stop keys that are registered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authn.metadata.rules import (
    blocks_enrolled,
    broken_rules,
    compromised_certificates,
    counts_beside_overlay,
    level_of,
)
from domain.key_rules import KeyRule, KeyRules, Level, Protection
from domain.metadata import Freshness, Metadata, StatusReport
from tests.authn.metadata.models import GOOD, NOW, OLD, only_status, with_status

RULES = KeyRules()
TODAY = NOW.date()


def broken(model, rules=RULES, algorithm=-7):
    return broken_rules(model, rules, algorithm=algorithm, now=NOW)


def test_a_good_model_breaks_nothing():
    assert broken(GOOD) == ()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"key_protection": ("software",)}, KeyRule.KEY_PROTECTION),
        ({"key_protection": ("hardware", "tee")}, KeyRule.KEY_PROTECTION),
        ({"key_protection": ("hardware", "secure_element", "remote_handle")}, KeyRule.KEY_PROTECTION),
        ({"key_protection": ("hardware", "secure_element", "software")}, KeyRule.KEY_PROTECTION),
        ({"key_protection": ("secure_element",)}, KeyRule.KEY_PROTECTION),
        ({"key_protection": ()}, KeyRule.KEY_PROTECTION),
        ({"restricted": False}, KeyRule.RESTRICTED_KEY),
        ({"attachment": ("internal",)}, KeyRule.ATTACHMENT),
        ({"attachment": ("external", "internal")}, KeyRule.ATTACHMENT),
        ({"attachment": ()}, KeyRule.ATTACHMENT),
        ({"multi_device": "explicit"}, KeyRule.MULTI_DEVICE),
        ({"multi_device": "implicit"}, KeyRule.MULTI_DEVICE),
        ({"multi_device": "something new"}, KeyRule.MULTI_DEVICE),
        ({"attestation_types": ("basic_surrogate",)}, KeyRule.ATTESTATION_TYPE),
        ({"attestation_types": ()}, KeyRule.ATTESTATION_TYPE),
        ({"algorithms": ("secp384r1_ecdsa_sha384_raw",)}, KeyRule.ALGORITHM),
        ({"algorithms": ()}, KeyRule.ALGORITHM),
        ({"verification": (("presence_internal",), ("none",))}, KeyRule.VERIFICATION_METHOD),
        ({"verification": (("faceprint_internal",),)}, KeyRule.VERIFICATION_METHOD),
        ({"verification": ()}, KeyRule.VERIFICATION_METHOD),
        ({"matcher_protection": ("software",)}, KeyRule.VERIFICATION_METHOD),
        ({"matcher_protection": ("on_chip", "software")}, KeyRule.VERIFICATION_METHOD),
        ({"matcher_protection": ()}, KeyRule.VERIFICATION_METHOD),
        ({"broken": "no icon"}, KeyRule.ENTRY_MALFORMED),
    ],
)
def test_one_wrong_fact_breaks_one_rule(change, rule):
    assert broken(replace(GOOD, **change)) == (rule,)


@pytest.mark.parametrize("change", [{"multi_device": "unsupported"}, {"attestation_types": ("attca",)}])
def test_these_facts_break_nothing(change):
    assert broken(replace(GOOD, **change)) == ()


@pytest.mark.parametrize("attachment", ["wired", "nfc", "bluetooth"])
def test_a_key_need_not_be_called_external(attachment):
    assert broken(replace(GOOD, attachment=(attachment,))) == ()


def test_protected_hardware_without_a_secure_element_is_an_operators_choice():
    tee = replace(GOOD, key_protection=("hardware", "tee"))
    software = replace(GOOD, key_protection=("hardware", "software"))
    hardware = KeyRules(protection=Protection.HARDWARE)

    assert broken(tee, hardware) == ()
    assert broken(software, hardware) == (KeyRule.KEY_PROTECTION,)


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        (-7, "secp256r1_ecdsa_sha256_raw"),
        (-7, "secp256r1_ecdsa_sha256_der"),
        (-8, "ed25519_eddsa_sha512_raw"),
        (-36, "secp521r1_ecdsa_sha512_raw"),
        (-257, "rsassa_pkcsv15_sha256_raw"),
    ],
)
def test_a_key_must_sign_as_its_model_does(algorithm, name):
    model = replace(GOOD, algorithms=(name,))
    others = {-7, -8, -35, -36, -257} - {algorithm}

    assert broken(model, algorithm=algorithm) == ()
    assert all(broken(model, algorithm=other) == (KeyRule.ALGORITHM,) for other in others)


def test_without_a_key_in_question_a_model_must_make_some_key_that_is_admitted():
    rsa = replace(GOOD, algorithms=("rsassa_pkcsv15_sha256_raw",))

    assert broken(rsa, algorithm=None) == (KeyRule.ALGORITHM,)
    assert broken(rsa, KeyRules(algorithms=(-7, -257)), algorithm=None) == ()


@pytest.mark.parametrize(
    "status",
    [
        "REVOKED",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "USER_VERIFICATION_BYPASS",
    ],
)
def test_a_compromise_denies_the_model_and_nothing_heals_it(status):
    later = [("UPDATE_AVAILABLE", TODAY), ("FIDO_CERTIFIED_L2", TODAY)]

    assert broken(with_status((status, OLD))) == (KeyRule.STATUS_BAD,)
    assert broken(with_status((status, None))) == (KeyRule.STATUS_BAD,)
    assert broken(with_status(*later, (status, OLD))) == (KeyRule.STATUS_BAD,)


def test_a_compromise_of_one_certificate_denies_that_certificate_only():
    model = with_status(StatusReport("ATTESTATION_KEY_COMPROMISE", OLD, b"leaf"))

    assert broken(model) == ()
    assert compromised_certificates(model, NOW) == (b"leaf",)
    assert compromised_certificates(GOOD, NOW) == ()


def test_a_certificate_beside_another_status_narrows_nothing():
    model = with_status(StatusReport("REVOKED", OLD, b"leaf"))

    assert broken(model) == (KeyRule.STATUS_BAD,)
    assert compromised_certificates(model, NOW) == ()


def test_a_status_counts_from_its_day_on():
    tomorrow = TODAY + timedelta(days=1)
    revoked = with_status(("REVOKED", tomorrow))
    leaf = with_status(StatusReport("ATTESTATION_KEY_COMPROMISE", tomorrow, b"leaf"))
    certified = only_status(("FIDO_CERTIFIED_L1", tomorrow))

    assert broken(revoked) == ()
    assert broken(with_status(("REVOKED", TODAY))) == (KeyRule.STATUS_BAD,)
    assert compromised_certificates(leaf, NOW) == ()
    assert broken(certified) == (KeyRule.CERTIFICATION_LEVEL,)


def test_retired_and_update_available():
    assert broken(with_status(("RETIRED", TODAY))) == (KeyRule.RETIRED,)
    assert broken(with_status(("UPDATE_AVAILABLE", TODAY))) == ()


def test_an_unknown_word_denies_but_unknown_praise_gives_and_takes_nothing():
    assert broken(with_status(("SOMETHING_NEW", OLD))) == (KeyRule.STATUS_UNKNOWN,)
    assert broken(with_status(("FIPS140_CERTIFIED_L3", OLD))) == ()
    assert broken(with_status(("FIDO_CERTIFIED_L9", OLD))) == ()
    assert broken(only_status(("FIDO_CERTIFIED_L9", OLD))) == (KeyRule.CERTIFICATION_LEVEL,)


def test_a_model_without_any_status_is_denied():
    assert broken(only_status()) == (KeyRule.STATUS_UNKNOWN, KeyRule.CERTIFICATION_LEVEL)


@pytest.mark.parametrize("status", ["FIDO_CERTIFIED", "NOT_FIDO_CERTIFIED", "SELF_ASSERTION_SUBMITTED"])
def test_these_are_below_the_lowest_level(status):
    assert broken(only_status((status, OLD))) == (KeyRule.CERTIFICATION_LEVEL,)


@pytest.mark.parametrize("status", ["NOT_FIDO_CERTIFIED", "SELF_ASSERTION_SUBMITTED"])
def test_a_certification_replaces_the_lack_of_one_if_it_is_newer(status):
    newer = date(2025, 1, 1)

    assert broken(only_status(("FIDO_CERTIFIED_L1", newer), (status, OLD))) == ()
    for lapsed in ((status, newer), (status, None)):
        assert broken(only_status(lapsed, ("FIDO_CERTIFIED_L1", OLD))) == (KeyRule.CERTIFICATION_LEVEL,)
    assert broken(only_status(("FIDO_CERTIFIED_L1", OLD), (status, OLD))) == (KeyRule.CERTIFICATION_LEVEL,)


@pytest.mark.parametrize("held", Level)
@pytest.mark.parametrize("asked", Level)
def test_the_level_must_be_reached(held, asked):
    model = only_status((f"FIDO_CERTIFIED_{held.value}", OLD), ("FIDO_CERTIFIED_L1", OLD))
    reached = held.rank >= asked.rank

    assert level_of(model.statuses, NOW) is held
    assert broken(model, KeyRules(level=asked)) == (() if reached else (KeyRule.CERTIFICATION_LEVEL,))


def test_a_broken_entry_still_tells_its_statuses():
    model = replace(with_status(("REVOKED", OLD)), broken="no verification details", attachment=())

    assert broken(model) == (KeyRule.ENTRY_MALFORMED, KeyRule.STATUS_BAD)


def test_what_stops_registered_keys():
    assert {rule for rule in KeyRule if not blocks_enrolled(rule)} == {
        KeyRule.RETIRED,
        KeyRule.ENTRY_MALFORMED,
        KeyRule.NOT_LISTED,
    }


def test_the_overlay_stands_above_every_rule_but_a_compromise_or_a_denial():
    assert {rule for rule in KeyRule if counts_beside_overlay(rule)} == {
        KeyRule.STATUS_BAD,
        KeyRule.DENIED_MODEL,
        KeyRule.DENIED_CERTIFICATE,
        KeyRule.DENIED_KEY,
    }


def test_a_naive_moment_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="aware"):
        broken_rules(GOOD, RULES, algorithm=-7, now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_metadata_ages():
    due = datetime.fromisoformat("2026-11-02T00:00:00+00:00")
    metadata = Metadata(id="", number=1, next_update=due, signed=True, models={})
    grace = timedelta(days=30)

    assert metadata.freshness(due - timedelta(microseconds=1), grace) is Freshness.FRESH
    assert metadata.freshness(due, grace) is Freshness.GRACE
    assert metadata.freshness(due + grace - timedelta(microseconds=1), grace) is Freshness.GRACE
    assert metadata.freshness(due + grace, grace) is Freshness.STALE


WORDS = [
    "REVOKED", "ATTESTATION_KEY_COMPROMISE", "USER_VERIFICATION_BYPASS", "NOT_FIDO_CERTIFIED", "RETIRED",
    "UPDATE_AVAILABLE", "FIDO_CERTIFIED", "FIDO_CERTIFIED_L1", "FIDO_CERTIFIED_L3plus", "NEWS",
]  # fmt: skip
reports = st.builds(
    StatusReport,
    st.sampled_from(WORDS),
    st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2030, 1, 1))),
    st.one_of(st.none(), st.just(b"certificate")),
)


@given(st.lists(reports, min_size=1, max_size=6), st.randoms())
def test_the_order_of_statuses_does_not_matter(statuses, random):
    shuffled = random.sample(statuses, len(statuses))

    assert broken(replace(GOOD, statuses=tuple(statuses))) == broken(replace(GOOD, statuses=tuple(shuffled)))


@given(st.lists(reports, min_size=1, max_size=6), reports)
def test_no_status_heals_a_compromise(statuses, another):
    before = set(broken(replace(GOOD, statuses=tuple(statuses))))
    after = set(broken(replace(GOOD, statuses=(another, *statuses))))

    assert before - after <= {KeyRule.CERTIFICATION_LEVEL}
