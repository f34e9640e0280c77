"""A process that answers whether grants permit, as a broker beside the one that ends them.

Usage: python -m tests.stories.checking_worker SETTINGS_JSON SERVICE PERSON RESOURCE
Reads a grant's id from each line of its standard input, and prints `permit` or the reason of the denial.
"""

from __future__ import annotations

import json
import sys

from app import Outside, build_parts
from domain.ports import SystemRandomness, TimeOrderedIds
from flows.evaluate import evaluate
from flows.pep import Question
from settings import Settings
from tests.world import TestClock


def main(settings: str, service: str, person: str, resource: str) -> None:
    outside = Outside(TestClock(), TimeOrderedIds(), SystemRandomness())
    parts = build_parts(Settings(**json.loads(settings)), outside)
    for line in sys.stdin:
        question = Question("person", person, "read", resource, grant_id=line.strip())
        decision = evaluate(parts, service, question)
        print("permit" if decision.permitted else decision.reason.code.value, flush=True)
    parts.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
