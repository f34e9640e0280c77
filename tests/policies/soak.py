"""`make soak`: a million decisions, each made by Doorward, PyCasbin and the reference decider.

Other ones each time. Ends with 1 at a difference, and prints what it takes to see it again.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.properties.differential import compare

STEP = 5_000


def run(seed: int) -> int:
    return compare(seed, STEP)


def main(count: int) -> int:
    first = time.time_ns()
    steps = -(-count // STEP)
    permitted = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        try:
            for found in pool.map(run, range(first, first + steps)):
                permitted += found
        except AssertionError as difference:
            print(f"A DIFFERENCE: {difference}", flush=True)
            return 1
    print(f"{steps * STEP:,} decisions made three times without a difference; {permitted:,} permitted")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
