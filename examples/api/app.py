"""The customer logs, behind two doors: one checks the token by itself, one asks the broker each time."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from flask import Flask, Response, jsonify, request

from examples.api.tokens import Keys, Refused, check

ACTION = "read"
LOGS = ("09:12 gripper 4 homed", "09:13 torque limit raised by service", "09:20 gripper 4 idle")


@dataclass(frozen=True, slots=True)
class Config:
    """Where the broker is, who we are to it, and what we guard."""

    issuer: str
    audience: str
    secret: str
    resource: str = "data:customer-logs"


def make_app(
    config: Config, *, http: httpx.Client | None = None, now: Callable[[], float] = time.time
) -> Flask:
    """Return the API. *http* reaches the broker; *now* tells the time in seconds."""
    app = Flask("examples.api")
    client = http or httpx.Client()
    keys = Keys(config.issuer, client)

    @app.get("/offline")
    def offline() -> tuple[Response, int]:
        """Trust the token until it runs out."""
        try:
            claims = check(
                bearer(), keys, issuer=config.issuer, audience=config.audience,
                resource=config.resource, action=ACTION, now=now,
            )  # fmt: skip
        except (Refused, httpx.HTTPError) as refused:
            return jsonify(open=False, why=str(refused)), 401
        return jsonify(open=True, logs=LOGS, seconds_left=int(claims["exp"] - now())), 200

    @app.get("/live")
    def live() -> tuple[Response, int]:
        """Ask the broker before every answer. No decision means no."""
        try:
            answer = ask(config, client, bearer())
        except (Refused, httpx.HTTPError) as refused:
            return jsonify(open=False, why=f"no decision: {refused}"), 503
        context = answer.get("context", {})
        if answer.get("decision") is not True:
            why = context.get("reason_user", {}).get("en", "denied")
            remedy = context.get("remedy", {}).get("en", "")
            return jsonify(open=False, why=why, remedy=remedy, reference=context.get("id")), 403
        return jsonify(open=True, logs=LOGS, reference=context.get("id")), 200

    return app


def bearer() -> str:
    """Return the token that the caller sent."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("no token was sent")
    return token


def ask(config: Config, http: httpx.Client, token: str) -> dict[str, Any]:
    """Ask the decision point whether the token's person may act now (AuthZEN)."""
    kind, _, path = config.resource.partition(":")
    response = http.post(
        f"{config.issuer}/access/v1/evaluation",
        json={
            "subject": {"type": "person", "id": claimed_subject(token)},
            "action": {"name": ACTION},
            "resource": {"type": kind, "id": path},
            "context": {"token": token},
        },
        headers={"Authorization": f"Bearer {config.secret}"},
        timeout=5,
    )
    response.raise_for_status()
    return dict(response.json())


def claimed_subject(token: str) -> str:
    """Return whom the token speaks of, unverified: the broker verifies it, and denies if it differs."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["sub"])
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise Refused("the token cannot be read") from error
