"""`make soak`: a million mutants of each ceremony, other ones each time.

Ends with 1 if one was judged wrongly or raised, and prints its seed.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.authn.mutants import Outcome, spoil_assertions, spoil_registrations

STEP = 5_000
KINDS = {"registrations": spoil_registrations, "assertions": spoil_assertions}


def run(kind: str, seed: int) -> tuple[str, int, Outcome]:
    # A spoilt serial number below one is warned about; the run would drown in that.
    warnings.simplefilter("ignore")
    return kind, seed, KINDS[kind](seed, STEP)


def main(count: int) -> int:
    first = time.time_ns()
    steps = [(kind, first + number) for number in range(-(-count // STEP)) for kind in KINDS]
    codes: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    wrong = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for kind, seed, outcome in pool.map(run, *zip(*steps, strict=True)):
            codes[kind] += outcome.codes
            wrong += len(outcome.wrong)
            for mutant in outcome.wrong:
                print(f"WRONGLY ACCEPTED, {kind}, seed {seed}: {mutant}", flush=True)
    for kind, counted in codes.items():
        print(f"\n{counted.total():,} {kind}")
        for code, number in counted.most_common():
            print(f"{number:>10,}  {code}")
    print(f"\nwrongly accepted: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
