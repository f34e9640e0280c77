"""Print what loading a bundle of N rules keeps of memory, its peak, and the size of its text, in MB."""

from __future__ import annotations

import gc
import resource
import sys

import psutil

from bench.rules import Company
from policies.bundle import load

MB = 1_000_000


def main(count: int) -> None:
    """Measure in this process, which does nothing else."""
    text = Company(count).text()
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    bundle = load(text)
    gc.collect()
    kept = process.memory_info().rss - before + len(text)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before + len(text)
    assert len(bundle.rules) == count + 1
    print(round(kept / MB, 1), round(peak / MB, 1), round(len(text) / MB, 1))


main(int(sys.argv[1]))
