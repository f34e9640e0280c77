"""One broker ends access while another has it in its memory: once the end has returned, nobody permits.

`make soak` does this 10,000 times; here a share of them.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import pytest

from app import Outside, build_parts
from domain.ports import SystemRandomness, TimeOrderedIds
from flows.access import open_resource
from flows.end_access import end_grant
from settings import Settings
from tests.tokens.company import RESOURCE, Company, found
from tests.world import World

ROOT = Path(__file__).parents[2]
TOGETHER = {True: 4, False: 25}
"""Threads that end access at once, by whether it is SQLite: its writers stand in line."""


class Other:
    """The other broker, asked through its standard input."""

    def __init__(self, settings: Settings, company: Company) -> None:
        told = settings.model_dump_json(exclude={"trusted_proxies", "metrics_from"})
        command = [sys.executable, "-m", "tests.stories.checking_worker", told]
        command += [company.logs.service_id, company.imani.id, RESOURCE]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lock = Lock()

    def says(self, grant: str) -> str:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(grant + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline().split()[0]

    def close(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


def revoke_and_ask(company: Company, times: int) -> tuple[list[str], list[str]]:
    """Open, ask, end and ask again, many at once; return what was said before and after each end."""
    settings = company.world.settings.model_copy(update={"max_staleness": _BOUND})
    outside = Outside(company.world.clock, TimeOrderedIds(), SystemRandomness())
    parts = build_parts(settings, outside)
    other = Other(settings, company)
    viewer = company.viewer

    def once(_: int) -> tuple[str, str]:
        grant = str(open_resource(parts, viewer, resource=RESOURCE, actions=["read"]).grant_id)
        before = other.says(grant)
        assert end_grant(parts, viewer, grant)
        return before, other.says(grant)

    with ThreadPoolExecutor(TOGETHER[parts.db.is_sqlite]) as pool:
        said = list(pool.map(once, range(times)))
    other.close()
    parts.close()
    return [before for before, _ in said], [after for _, after in said]


_BOUND = Settings().max_staleness


@pytest.mark.slow
def test_nothing_is_permitted_by_another_broker_once_an_end_has_returned(world: World) -> None:
    company = found(world)

    before, after = revoke_and_ask(company, 200)

    assert set(before) == {"permit"}
    assert set(after) == {"grant-ended"}
