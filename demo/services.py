"""The example application and its API in the demo: what the broker knows of them, how they run.

Answers no question of access; see ``demo.asking`` for a program that asks.
"""

from __future__ import annotations

APP, API = "telemetry-app", "telemetry-api"
RESOURCE = "svc:telemetry"
_DOCUMENT = """
[[services]]
name = "{api_name}"
title = "Telemetry API"
audience = "{api}"
home_url = "{app}"
prefixes = ["svc:telemetry", "svc:telemetry/"]
actions = ["read", "write"]

[[services]]
name = "{app_name}"
title = "Telemetry"
audience = "{app}"
home_url = "{app}"
redirect_uris = ["{app}/callback"]

[[resources]]
id = "{resource}"
title = "Telemetry"
description = "What the robots in the hall measure. Guarded by the example API."
actions = ["read", "write"]
service = "{api_name}"
"""


def address(port: int) -> str:
    return f"http://localhost:{port}"


def ports(app: int, api: int) -> list[tuple[int, str]]:
    """Return the ports that must be free, and for what."""
    return [(app, "the example application"), (api, "the example API")]


def links(app: int) -> dict[str, str]:
    """Return what the band links to, by its label."""
    return {"Telemetry": address(app)}


def document(app: int, api: int) -> str:
    """Return the part of the company's document that enters both services."""
    return _DOCUMENT.format(app=address(app), api=address(api), app_name=APP, api_name=API, resource=RESOURCE)
