"""Access tokens as they come with requests, unsigned: the fake broker verifies nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

DENY = (
    b'{"decision":false,"context":{"id":"dec_2","reason_user":{"en":"Your access has ended."},'
    b'"reason_admin":{"en":"grant-ended"},"remedy":{"en":"Open it again."},'
    b'"access_request":{"form_url":"https://door.example/access/why"}}}'
)


def token(claims: Any = None) -> str:
    """Return a token of `prs_1`, or with *claims*."""
    payload = json.dumps({"sub": "prs_1"} if claims is None else claims).encode()
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"


def bearer(claims: Any = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(claims)}"}


UNREADABLE = {
    "none": {},
    "another scheme": {"Authorization": f"Basic {token()}"},
    "no token": {"Authorization": "Bearer "},
    "two parts": {"Authorization": "Bearer a.b"},
    "no base64": {"Authorization": "Bearer e30.A.c2ln"},
    "no json": {"Authorization": "Bearer e30.e3s.c2ln"},
    "not utf-8": {"Authorization": "Bearer e30._w.c2ln"},
    "a list": bearer([]),
    "no person": bearer({}),
    "an empty person": bearer({"sub": ""}),
    "a number": bearer({"sub": 7}),
    "two tokens": {"Authorization": f"Bearer {token()}, Bearer {token()}"},
    "a space inside": {"Authorization": f"Bearer {token()} x"},
    "too long": bearer({"sub": "prs_1", "x": "x" * 9000}),
    "too deep": {"Authorization": f"Bearer e30.{base64.urlsafe_b64encode(b'[' * 6000).decode()}.c2ln"},
}
