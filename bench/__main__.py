"""Run every measurement, print the table, and write build/bench.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.cases import CASES


def main() -> None:
    wanted = sys.argv[1:]
    results = []
    print(f"{'name':<34}{'value':>12} {'unit':<6}{'ratio':>9}{'noise':>8}  reference")
    for case in CASES:
        for result in case():
            if wanted and not any(word in result.name for word in wanted):
                continue
            results.append(result)
            print(
                f"{result.name:<34}{result.value:>12,.2f} {result.unit:<6}{result.ratio:>9.4g}"
                f"{result.noise:>8.3f}  {result.reference}",
                flush=True,
            )
    folder = Path("build")
    folder.mkdir(exist_ok=True)
    target = folder / "bench.json"
    target.write_text(json.dumps([result.as_dict() for result in results], indent=2) + "\n")
    print(f"\nwritten to {target}; ratio: ours to the reference; noise: the reference to itself, less 1")


main()
