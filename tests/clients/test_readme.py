"""The examples of the client's README run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from doorward_client import Doorward
from tests.clients.fakes import Fake, reply

README = Path(__file__).parents[2] / "clients" / "python" / "README.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(fake: Fake, number: int) -> None:
    both = b'{"decision":true,"evaluations":[{"decision":true},{"decision":true}]}'
    fake.script = [reply(both)]
    example = EXAMPLES[number].replace("https://doorward.example", fake.url)

    names: dict[str, Any] = {"secret": "dwp_1", "token": "e30.e30.c2ln"}
    exec(compile(example, README, "exec"), names)
    if isinstance(opened := names.get("doorward"), Doorward):
        opened.close()

    if "check" in example:
        assert fake.requests
