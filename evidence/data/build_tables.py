"""Build the address tables that ship with Doorward.

Answers: how do the published CSV files become the files beside this script?
Run by a maintainer, never by the product. It opens no connection: fetch the
inputs first with an ordinary package client, unpack them, and name them here.

    npm pack @ip-location-db/geo-whois-asn-country @ip-location-db/asn
    python evidence/data/build_tables.py --date 2026-06-17 \\
        --country geo-whois-asn-country/package --asn asn/package

Needs the standard library only. The same inputs give the same bytes. Write the
version, date and digests that it prints into ``SOURCES.md``.

Format of a table (read by ``evidence/tables.py``): an xz stream holding one
line of JSON, then the columns named in it, little endian. A table of addresses
has a column of range starts and a column of values, one each; 0 is unknown. A
range ends where the next one starts. IPv6 is kept by the upper 64 bits, which
is what one subscriber gets: a /64 whose parts disagree is unknown.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import lzma
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from ipaddress import ip_address
from pathlib import Path

FORMAT = 1
UNIT_SHIFT = {4: 0, 6: 64}
START_CODE = {4: "I", 6: "Q"}

Range = tuple[int, int, int]


def read_ranges(path: Path, version: int) -> Iterator[tuple[int, int, list[str]]]:
    """Yield first unit, last unit and the other fields of each line of a range CSV."""
    shift = UNIT_SHIFT[version]
    with path.open(newline="", encoding="utf-8") as lines:
        for first, last, *rest in csv.reader(lines):
            start, end = ip_address(first), ip_address(last)
            if start.version != version or start > end:
                raise SystemExit(f"{path.name}: not an IPv{version} range: {first},{last}")
            yield int(start) >> shift, int(end) >> shift, rest


def flatten(ranges: Iterable[Range]) -> list[tuple[int, int]]:
    """Turn inclusive ranges into (start, value) steps; where ranges disagree the value is 0."""
    changes: dict[int, Counter[int]] = {}
    for first, last, value in ranges:
        changes.setdefault(first, Counter())[value] += 1
        changes.setdefault(last + 1, Counter())[value] -= 1
    active: Counter[int] = Counter()
    steps: list[tuple[int, int]] = []
    for start in sorted(changes):
        for value, change in changes[start].items():
            active[value] += change
            if not active[value]:
                del active[value]
        value = next(iter(active)) if len(active) == 1 else 0
        if not steps or steps[-1][1] != value:
            steps.append((start, value))
    return steps


def write(path: Path, header: dict[str, object], columns: list[tuple[str, array]], blob: bytes = b"") -> None:
    """Write one table; the columns are described in its header."""
    described = [[name, column.typecode, len(column)] for name, column in columns]
    line = json.dumps({"format": FORMAT, **header, "columns": described}, sort_keys=True, ensure_ascii=True)
    parts = [line.encode(), b"\n"]
    for _, column in columns:
        if sys.byteorder == "big":
            column.byteswap()
        parts.append(column.tobytes())
    packed = lzma.compress(b"".join([*parts, blob]), preset=9 | lzma.PRESET_EXTREME)
    path.write_bytes(packed)
    print(f"{path.name}: {len(packed):,} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")


def columns_of(steps: list[tuple[int, int]], version: int, value_code: str) -> list[tuple[str, array]]:
    # A range that reaches the last address of all leaves a step past the end, which no lookup can ask for.
    limit = 1 << (array(START_CODE[version]).itemsize * 8)
    kept = [step for step in steps if step[0] < limit]
    starts = array(START_CODE[version], [start for start, _ in kept])
    return [("starts", starts), ("values", array(value_code, [value for _, value in kept]))]


def build_country(source: Path, target: Path, made: date) -> None:
    """Write country-ipv4.xz and country-ipv6.xz: address to ISO 3166-1 alpha-2 code."""
    for version in (4, 6):
        rows = list(read_ranges(source / f"geo-whois-asn-country-ipv{version}.csv", version))
        words = ["", *sorted({rest[0] for _, _, rest in rows})]
        if any(len(w) != 2 or not w.isascii() or not w.isupper() for w in words[1:]):
            raise SystemExit("a country is not two ASCII capitals")
        index = {word: i for i, word in enumerate(words)}
        steps = flatten((a, b, index[rest[0]]) for a, b, rest in rows)
        header = {"table": f"country-ipv{version}", "date": made.isoformat(), "words": words}
        write(target / f"country-ipv{version}.xz", header, columns_of(steps, version, "H"))


def build_asn(source: Path, target: Path, made: date) -> None:
    """Write asn-ipv4.xz, asn-ipv6.xz and as-names.xz: address to network number, number to name."""
    names: dict[int, Counter[str]] = {}
    for version in (4, 6):
        ranges: list[Range] = []
        for first, last, (number, name) in read_ranges(source / f"asn-ipv{version}.csv", version):
            ranges.append((first, last, int(number)))
            names.setdefault(int(number), Counter())[" ".join(name.split())] += 1
        steps = flatten(ranges)
        header = {"table": f"asn-ipv{version}", "date": made.isoformat()}
        write(target / f"asn-ipv{version}.xz", header, columns_of(steps, version, "I"))
    numbers = sorted(n for n in names if n)
    # The name given most often; of equals the first in the alphabet, so that a rebuild gives the same bytes.
    chosen = [min(names[n], key=lambda name, n=n: (-names[n][name], name)) for n in numbers]
    blob = "\n".join(chosen).encode()
    write(
        target / "as-names.xz",
        {"table": "as-names", "date": made.isoformat()},
        [("numbers", array("I", numbers))],
        blob,
    )


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and build what it names."""
    parser = argparse.ArgumentParser(description="build the address tables of Doorward")
    parser.add_argument("--date", type=date.fromisoformat, required=True, help="day of the input data")
    parser.add_argument("--country", type=Path, required=True, help="unpacked country package")
    parser.add_argument("--asn", type=Path, required=True, help="unpacked network number package")
    parser.add_argument("--target", type=Path, default=Path(__file__).parent)
    chosen = parser.parse_args(arguments)
    build_country(chosen.country, chosen.target, chosen.date)
    build_asn(chosen.asn, chosen.target, chosen.date)


if __name__ == "__main__":
    main()
