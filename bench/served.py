"""What the server of `http.*` serves: a broker on a bench's database, at the bench's noon; and a bare echo.

Usage: granian --interface wsgi --factory bench.served:broker, with the settings in DOORWARD_BENCH.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from app import Outside, build_parts, compose
from domain.ports import SystemRandomness, TimeOrderedIds
from settings import Settings
from tests.world import TestClock


def broker() -> Any:
    settings = Settings(**json.loads(os.environ["DOORWARD_BENCH"]))
    return compose(
        settings, build_parts(settings, Outside(TestClock(), TimeOrderedIds(), SystemRandomness()))
    )


def echo() -> Any:
    return _echo


def _echo(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Give the body back: the least that any answer of this server costs."""
    length = environ["CONTENT_LENGTH"]
    body: bytes = environ["wsgi.input"].read(int(length))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", length)])
    return [body]
