"""A process that answers whether grants permit, as a broker beside the one that ends them.

Usage: python -m tests.stories.checking_worker SETTINGS_JSON SERVICE PERSON RESOURCE
Reads a grant's id from each line of its standard input, and prints `permit` or the reason of the denial, and
the answer's id. `full` and `room` say that its disk has no room for another line, and that it has again.
"""

from __future__ import annotations

import json
import resource as resource_limits
import sys

from app import Outside, build_parts
from domain.errors import DoorwardError
from domain.ports import SystemRandomness, TimeOrderedIds
from flows.evaluate import evaluate
from flows.pep import Question
from settings import Settings
from tests.world import TestClock


def main(settings: str, service: str, person: str, resource: str) -> None:
    outside = Outside(TestClock(), TimeOrderedIds(), SystemRandomness())
    parts = build_parts(Settings(**json.loads(settings)), outside)
    for line in sys.stdin:
        told = line.strip()
        if told in {"full", "room"}:
            [segment] = parts.log.folder.glob("*.jsonl")
            hard = resource_limits.getrlimit(resource_limits.RLIMIT_FSIZE)[1]
            room = segment.stat().st_size + 100 if told == "full" else hard
            resource_limits.setrlimit(resource_limits.RLIMIT_FSIZE, (room, hard))
            continue
        try:
            decision = evaluate(parts, service, Question("person", person, "read", resource, grant_id=told))
        except DoorwardError as refused:
            print(refused.code, "-", flush=True)
            continue
        said = "permit" if decision.permitted else decision.reason.code.value
        print(said, decision.id, flush=True)
    parts.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
