"""Whatever the path: nothing reaches the application that was decided as another resource than it serves."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flows.decision_import import import_decisions
from models.access import DecisionRow
from tests.proxies.conftest import Street
from tests.proxies.gate import PROXIES, Header

pytestmark = pytest.mark.slow
PIECES = (
    "/", "//", "docs", "secret", "a", ".", "..", "%2e", "%2E%2e", "%2f", "%5c", "\\", ";", ";x=1", "%00", "%",
    "%25", "%252e", "?", "#", "%73ecret", "payroll", ".doorward", "%2edoorward", "start", "~", "@", "+", ",",
    "&",
)  # fmt: skip


@pytest.mark.parametrize("proxy", PROXIES)
def test_no_spelling_of_a_path_is_decided_as_another_than_the_application_reads(
    street: Street, cookies: dict[str, Header], proxy: str
) -> None:
    through: set[str] = set()

    @settings(
        max_examples=60, deadline=None, database=None, phases=[Phase.generate], derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(st.sampled_from(PIECES), max_size=7), st.sampled_from(["", "docs/"]))
    def ask(pieces: list[str], begin: str) -> None:
        answer = street.send(proxy, "/" + begin + "".join(pieces), "GET", cookies[proxy])
        assert answer.status < 500, pieces
        if answer.seen is not None:
            through.add(answer.seen["path"])
            got = {name.lower(): value for name, value in answer.seen["headers"]}
            import_decisions(street.world.parts)
            with street.world.parts.db.read() as session:
                decided = session.get_one(DecisionRow, got["doorwarddecision"]).resource
            assert decided == "web:wiki" + lax(answer.seen["path"]), pieces

    ask()

    assert through, "or nothing was let through at all"


def lax(target: str) -> str:
    """Read a path as laxly as an application may: decoded for ever, any slash, no dots, no parameters."""
    path = target.partition("?")[0].partition("#")[0]
    while (decoded := unquote(path)) != path:
        path = decoded
    kept: list[str] = []
    for segment in re.split(r"[/\\]+", path.replace("\0", "")):
        name = segment.partition(";")[0]
        if name == "..":
            kept = kept[:-1]
        elif name not in {"", "."}:
            kept.append(name)
    return "".join(f"/{name}" for name in kept)
