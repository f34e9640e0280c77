"""What a decision costs over HTTP, beside a bare echo of the same body by the same server on the same core.

Server and client have a core each where the system lets us say so.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bench import load
from bench.company import Bench, asking_service, bench_world
from bench.measure import Result
from launcher import BLOCKING_THREADS
from tests.world import NOON

ROUNDS = 11
COUNT = 3_000
CONNECTIONS = 8
BATCH = 100
PERCENTILES = {"p50": 0.5, "p99": 0.99}


def http() -> Iterator[Result]:
    """Single questions and batches against the echo, turn by turn."""
    with tempfile.TemporaryDirectory() as name:
        bench = bench_world(Path(name), began=NOON - timedelta(days=1))
        single, batch = _requests(bench)
        bench.world.parts.close()
        with _own_core(1), _served("broker", bench) as ours, _served("echo", bench) as bare:
            yield from _compared("http.evaluation", ours, bare, single, per=1, count=COUNT)
            yield from _compared("http.evaluations", ours, bare, batch, per=BATCH, count=COUNT // 30)


def _compared(name: str, ours: int, bare: int, request: bytes, *, per: int, count: int) -> Iterator[Result]:
    """Time is of one decision. *per*: how many one request asks for."""
    for port in (ours, bare):
        load.run(port, request, count=count, connections=CONNECTIONS)
    times: list[float] = []
    ratios: list[float] = []
    noises: list[float] = []
    waits: dict[str, list[tuple[float, float]]] = {name: [] for name in PERCENTILES}
    for _ in range(ROUNDS):
        one, two, three = (
            load.run(port, request, count=count, connections=CONNECTIONS) for port in (ours, bare, bare)
        )
        times.append(one.seconds / count / per)
        ratios.append(2 * one.seconds / (two.seconds + three.seconds))
        noises.append(abs(two.seconds / three.seconds - 1))
        for percentile, found in waits.items():
            waited, bare_waited = (each.percentile(PERCENTILES[percentile]) for each in (one, two))
            found.append((waited, waited / bare_waited))
    noise = round(statistics.median(noises), 3)
    told = f"bare echo by the same server, {CONNECTIONS} at once"
    yield Result(name, round(statistics.median(times) * 1e6, 2), "us", told, _short(ratios), noise)
    for percentile, found in waits.items():
        wait = round(statistics.median(waited for waited, _ in found) * 1e6, 2)
        against = f"the echo's {percentile}; of a whole request"
        yield Result(f"{name}.{percentile}", wait, "us", against, _short([r for _, r in found]), noise)


def _short(values: list[float]) -> float:
    return float(f"{statistics.median(values):.4g}")


def _requests(bench: Bench) -> tuple[bytes, bytes]:
    """Return a question that is permitted by a live grant, and a hundred of them at once."""
    world = bench.world
    _, secret = asking_service(world)
    grant = world.open(bench.viewer, "data:logs").grant_id
    question = {
        "subject": {"type": "person", "id": bench.viewer.person_id},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "logs"},
        "context": {"grant_id": grant},
    }
    many = {**question, "evaluations": [{"resource": {"type": "data", "id": "logs"}}] * BATCH}
    host = world.origin.partition("://")[2]
    return _post("evaluation", question, host, secret), _post("evaluations", many, host, secret)


def _post(path: str, body: object, host: str, secret: str) -> bytes:
    data = json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"POST /access/v1/{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


@contextmanager
def _served(what: str, bench: Bench) -> Iterator[int]:
    """Serve one of ``bench.served`` as `doorward serve` would; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = int(found.getsockname()[1])
    settings = bench.world.settings.model_dump_json(exclude={"trusted_proxies", "metrics_from"})
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", f"bench.served:{what}",
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--blocking-threads", str(BLOCKING_THREADS), "--no-ws", "--log-level", "error",
    ]  # fmt: skip
    with _own_core(0):
        server = subprocess.Popen(command, env={**os.environ, "DOORWARD_BENCH": settings})
    try:
        _await(port)
        yield port
    finally:
        server.terminate()
        server.wait()


def _await(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not begin")


@contextmanager
def _own_core(number: int) -> Iterator[None]:
    """Run on one core, as what is started meanwhile does; on all again afterwards."""
    cores: set[int] | None = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    if cores is None or len(cores) < 2:
        yield
        return
    os.sched_setaffinity(0, {sorted(cores)[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
