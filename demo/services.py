"""The example portal and its API in the demo: what the broker knows of them, how they run.

Answers no question of access; see ``demo.asking`` for programs that ask.
"""

from __future__ import annotations

from collections.abc import Mapping

PORTAL, API = "support-portal", "customer-logs"
RESOURCE = "data:customer-logs"
_DOCUMENT = """
[[services]]
name = "{api_name}"
title = "Customer logs"
audience = "{api}"
home_url = "{portal}"
prefixes = ["{resource}"]
actions = ["read"]

[[services]]
name = "{portal_name}"
title = "Support portal"
audience = "{portal}"
home_url = "{portal}"
redirect_uris = ["{portal}/callback"]

[[resources]]
id = "{resource}"
title = "Customer logs"
description = "What the grippers of customers wrote in the last 30 days. Shown by the support portal."
actions = ["read"]
service = "{api_name}"
"""


def address(port: int) -> str:
    return f"http://localhost:{port}"


def links(portal: int) -> dict[str, str]:
    """Return what the band links to, by its label."""
    return {"Support portal": address(portal)}


def document(portal: int, api: int) -> str:
    """Return the part of the company's document that enters both services and what they guard."""
    return _DOCUMENT.format(
        portal=address(portal), api=address(api), portal_name=PORTAL, api_name=API, resource=RESOURCE
    )


def programs(origin: str, portal: int, api: int, secrets: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the module and arguments of each program, by its name."""
    return {
        "the example API": [
            "examples.api", "--issuer", origin, "--audience", address(api), "--secret", secrets[API],
            "--resource", RESOURCE, "--port", str(api),
        ],
        "the example portal": [
            "examples.webapp", "--issuer", origin, "--client-id", PORTAL, "--client-secret", secrets[PORTAL],
            "--api", address(api), "--resource", RESOURCE, "--port", str(portal),
        ],
    }  # fmt: skip
