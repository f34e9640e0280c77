"""What was answered stands in the segment, whole, whatever happens to process and disk."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from audit.segments import Line, Malformed, Segment, SegmentClosed, is_abandoned, lines

WRITER = """
import resource, signal, sys
from pathlib import Path
from audit.segments import Segment
segment = Segment(Path(sys.argv[1]))
"""
FULL = (
    WRITER
    + """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
said = []
def tell(i):
    try:
        segment.append([b'{"v":%d,"fill":"%s"}' % (i, b"x" * 50)])
        said.append(i)
    except OSError:
        pass
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
for i in range(30):
    tell(i)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
for i in range(30, 35):
    tell(i)
segment.close()
print(said)
"""
)
KILLED = (
    WRITER
    + """
i = 0
while True:
    segment.append([b'{"v":%d}' % i])
    print(i, flush=True)
    i += 1
"""
)


def values(path: Path) -> list[int]:
    found = [line for line in lines(path, 0, 1_000_000) if isinstance(line, Line)]
    assert [line.number for line in found if line.number] == list(
        range(1, len([1 for line in found if line.number]) + 1)
    )
    return [json.loads(line.text)["v"] for line in found if line.number]


def test_a_full_disk_is_told_leaves_no_half_line_and_mends_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"

    out = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True, check=True)

    told = json.loads(out.stdout)
    assert 0 < len([i for i in told if i < 30]) < 30
    assert told[-5:] == [30, 31, 32, 33, 34]
    assert values(path) == told


SHORT = (
    WRITER
    + """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (30, hard))
try:
    segment.append([b'{"v":%d}' % i for i in range(5)])
except OSError:
    print(Path(sys.argv[1]).read_bytes().decode(), end="")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
segment.append([b'{"v":5}'])
segment.close()
"""
)


def test_of_several_lines_those_that_fit_stay_for_whoever_has_read_them(tmp_path: Path) -> None:
    """An importer may have taken them: what it read must not go away again."""
    path = tmp_path / "a.jsonl"

    out = subprocess.run([sys.executable, "-c", SHORT, path], capture_output=True, text=True, check=True)

    assert out.stdout == '{"n":1,"v":0}\n{"n":2,"v":1}\n'
    assert values(path) == [0, 1, 5]


def test_whatever_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    writer = subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(500):
        writer.stdout.readline()
    alive = is_abandoned(path)

    writer.send_signal(signal.SIGKILL)
    acknowledged = writer.stdout.read().split()
    writer.stdout.close()
    writer.wait()

    assert not alive
    assert is_abandoned(path)
    assert len(values(path)) >= 500 + len(acknowledged)
    assert not any(isinstance(line, Line) and line.number == 0 for line in lines(path, 0, 1_000_000))


def test_threads_share_a_segment_and_no_number_is_missing(tmp_path: Path) -> None:
    segment = Segment(tmp_path / "a.jsonl")

    def write(which: int) -> None:
        for i in range(100):
            segment.append([b'{"v":%d}' % (which * 1000 + i), b'{"v":-1}'])

    threads = [threading.Thread(target=write, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    segment.close()

    found = values(tmp_path / "a.jsonl")
    assert sorted(v for v in found if v >= 0) == sorted(w * 1000 + i for w in range(4) for i in range(100))
    assert all(b == -1 for a, b in pairwise(found) if a >= 0)


def test_a_closed_segment_says_so_and_takes_nothing_more(tmp_path: Path) -> None:
    segment = Segment(tmp_path / "a.jsonl")
    segment.append([b'{"v":1}'])

    segment.close()
    segment.close()

    with pytest.raises(SegmentClosed):
        segment.append([b'{"v":2}'])
    assert [line.number for line in lines(segment.path, 0, 10) if isinstance(line, Line)] == [1, 0]


@pytest.mark.parametrize("take", [Path.unlink, lambda path: path.rename(path.with_suffix(".old"))])
def test_nothing_more_is_written_to_a_segment_that_was_taken_away(tmp_path: Path, take: Any) -> None:
    segment = Segment(tmp_path / "a.jsonl")
    segment.append([b'{"v":1}'])
    segment._sync()

    take(segment.path)

    with pytest.raises(SegmentClosed):
        segment.append([b'{"v":2}'])
    assert not segment.takes_more


NONE = [
    *(b"{}", b"[]", b"7", b'{"n":0}', b'{"n":true}', b'{"n":"1"}', b"\xff", b"{"),
    *(b'{"n":9223372036854775808}', b'{"end":"1"}', b'{"end":-1}', b"[" * 100_000),
]


@pytest.mark.parametrize("text", NONE)
def test_a_line_that_is_none_is_told_with_its_place(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n":1}\n' + text + b'\n{"n":2}\n{"n":3')

    found = list(lines(path, 0, 10))

    assert [line.number if isinstance(line, Line) else str(line) for line in found] == [
        1,
        "the line at byte 8 is no record",
        2,
    ]
    assert isinstance(found[1], Malformed)
