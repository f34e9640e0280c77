"""What `doorward keys explain` cannot read ends with 2 and a sentence, never with a traceback."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.authn.forgery import AAGUID, Assertion, Registration
from tests.authn.mutants import bytes_of
from tests.authn.recording import case, credential, explained, overlay, payload, pem_of_version

OVERLAY = overlay()


@pytest.mark.parametrize(
    "recorded",
    [
        b"",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        b'{"rp_id": NaN}',
        b'{"rp_id": "a", "rp_id": "b"}',
        {},
        case(Registration().presented()) | {"challenge": "%"},
        case(Registration().presented()) | {"challenge": 7},
        case(Registration().presented()) | {"rp_id": 7},
        case(Assertion().presented()),
        case(Assertion().presented(), {"id": "AA"}),
        case(Assertion().presented(), credential(sign_count=-1)),
        case(Assertion().presented(), credential(backup_eligible="no")),
        case(Assertion().presented(), credential(public_key="=")),
    ],
)
def test_a_case_that_cannot_be_read_ends_with_two(recorded: object, tmp_path: Path) -> None:
    said = explained(tmp_path, recorded, allow=OVERLAY)

    assert (said.exit_code, said.verdict) == (2, "")
    assert said.error.startswith("error: ")
    assert "Traceback" not in said.error


@pytest.mark.parametrize(
    "allow",
    [
        b"{",
        b"[]",
        {"alow": []},
        {"deny": {"aaguid": []}},
        {"deny": {"aaguids": ["x"]}},
        {"deny": {"leaf_sha256": ["ab"]}},
        {"allow": [{"anchors": []}]},
        {"allow": [{"aaguid": AAGUID, "anchors": ["x"]}]},
        {"allow": [{"aaguid": AAGUID, "anchors": [pem_of_version(4).decode()]}]},
        {"allow": [{"aaguid": AAGUID, "anchor": []}]},
        {"allow": {}},
    ],
)
def test_an_overlay_that_cannot_be_read_ends_with_two(allow: object, tmp_path: Path) -> None:
    said = explained(tmp_path, case(Registration().presented()), allow=allow)

    assert (said.exit_code, said.verdict) == (2, "")
    assert said.error


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-25", "2026-11-25T12:00:00", "2026-13-01T00:00:00Z"])
def test_a_time_that_cannot_be_read_ends_with_two(at: str, tmp_path: Path) -> None:
    assert explained(tmp_path, case(Registration().presented()), allow=OVERLAY, at=at).exit_code == 2


@pytest.mark.parametrize("metadata", [b"", b"{}", b"x.y.z", b"\xff"])
def test_metadata_that_cannot_be_read_end_with_two(metadata: bytes, tmp_path: Path) -> None:
    said = explained(tmp_path, case(Registration().presented()), metadata=metadata)

    assert (said.exit_code, said.verdict) == (2, "")
    assert said.error.startswith("error: ")


def test_no_file_however_spoilt_ends_in_a_traceback(tmp_path: Path) -> None:
    rng = random.Random(20261125)
    recorded = json.dumps(case(Registration().presented())).encode()
    login = json.dumps(case(Assertion().presented(), credential())).encode()
    allow = json.dumps(overlay(aaguids=[AAGUID], leaf_sha256=["ab" * 32])).encode()

    said = [explained(tmp_path, bytes_of(recorded, rng), allow=OVERLAY) for _ in range(120)]
    said += [explained(tmp_path, bytes_of(login, rng)) for _ in range(120)]
    said += [explained(tmp_path, recorded.replace(b"{", b""), allow=bytes_of(allow, rng)) for _ in range(60)]
    said += [explained(tmp_path, recorded, allow=bytes_of(allow, rng)) for _ in range(120)]
    said += [explained(tmp_path, recorded, metadata=bytes_of(payload(), rng)) for _ in range(120)]

    assert {one.exit_code for one in said} == {0, 1, 2}
    assert all(one.verdict == "" and one.error for one in said if one.exit_code == 2)
