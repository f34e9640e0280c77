"""Check what the browser says it asked of the key.

Answers: was this ceremony ours: its type, its challenge, our page at the top?
Unknown members are allowed, since browsers add some on purpose.
Source: Web Authentication Level 3, sections 5.8.1, 7.1 (steps 5 to 10) and 7.2.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from authn.encoding import json_object, to_base64url
from domain.key_refusals import KeyRefusal, Refusal

CREATE = "webauthn.create"
GET = "webauthn.get"


def read_client_data(raw: bytes) -> dict[str, Any]:
    """Return the members of clientDataJSON; raise Refused if it is not strict UTF-8 JSON."""
    return json_object(raw.decode("utf-8"), "clientDataJSON")


def ceremony_findings(
    client_data: Mapping[str, Any], *, kind: str, challenge: bytes, origin: str
) -> Iterator[Refusal]:
    """Yield what differs: type, challenge and origin must be exactly the expected ones.

    The challenge is compared as text: a decoder that skips foreign characters
    would take many texts for one challenge.
    """
    if client_data.get("type") != kind:
        said = f"not {kind}: type is {client_data.get('type')!r}"
        yield Refusal(KeyRefusal.TYPE_MISMATCH, said[:200])
    presented = client_data.get("challenge")
    if not isinstance(presented, str) or not hmac.compare_digest(
        presented.encode("utf-8", "replace"), to_base64url(challenge).encode("ascii")
    ):
        yield Refusal(KeyRefusal.CHALLENGE_MISMATCH, f"challenge is {presented!r}"[:200])
    if client_data.get("origin") != origin:
        said = f"not {origin}: origin is {client_data.get('origin')!r}"
        yield Refusal(KeyRefusal.ORIGIN_MISMATCH, said[:200])


def embedding_findings(client_data: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield why the page was not alone in its tab."""
    if "topOrigin" in client_data:
        yield Refusal(KeyRefusal.TOP_ORIGIN, f"topOrigin is {client_data['topOrigin']!r}"[:200])
    cross_origin = client_data.get("crossOrigin", False)
    if cross_origin is not False:
        yield Refusal(KeyRefusal.CROSS_ORIGIN, f"crossOrigin is {cross_origin!r}"[:200])
