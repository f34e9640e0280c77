"""The support portal: one page that shows what both doors of the API say to the same token."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx
from flask import Flask, Response, jsonify, redirect, render_template, request, session
from werkzeug.wrappers import Response as BaseResponse

from examples.webapp.oauth import Config, Declined, Journey, Token, come_back, give_back, set_out

Say = dict[str, Any]


def make_app(
    config: Config, *, http: httpx.Client | None = None, now: Callable[[], float] = time.time
) -> Flask:
    """Return the portal. *http* reaches Doorward and the API; *now* tells the time in seconds."""
    app = Flask("examples.webapp")
    app.secret_key = secrets.token_bytes(32)
    # Cookies do not know ports: a name of our own keeps other local services' cookies apart.
    app.config.update(SESSION_COOKIE_NAME="example-portal", SESSION_COOKIE_SAMESITE="Lax")
    client = http or httpx.Client()
    journeys: dict[str, Journey] = {}
    tokens: dict[str, Token] = {}

    def me() -> str:
        """Return the key of this browser's row in our memory; tokens never reach the browser."""
        if "id" not in session:
            session["id"] = secrets.token_urlsafe(24)
        return str(session["id"])

    def doors() -> dict[str, Any]:
        token = tokens.get(me())
        if token is None:
            return {"held": False}
        return {
            "held": True,
            "left": max(0, int(token.expires_at - now())),
            "live": _ask_api(client, f"{config.api_url}/live", token),
            "offline": _ask_api(client, f"{config.api_url}/offline", token),
        }

    @app.get("/")
    def page() -> str:
        return render_template("page.html", doors=doors(), issuer=config.issuer, told=session.pop("told", ""))

    @app.get("/status")
    def status() -> Response:
        return jsonify(doors())

    @app.get("/start")
    def start() -> BaseResponse:
        journeys[me()], target = set_out(config)
        return redirect(target, 303)

    @app.get("/callback")
    def callback() -> BaseResponse:
        journey = journeys.pop(me(), None)
        try:
            tokens[me()] = come_back(config, journey, request.args.to_dict(), client, now)
        except (Declined, httpx.HTTPError) as declined:
            session["told"] = str(declined)
        return redirect("/", 303)

    @app.post("/forget")
    def forget() -> BaseResponse:
        token = tokens.pop(me(), None)
        if token is not None:
            give_back(config, token, client)
        return redirect("/", 303)

    return app


def _ask_api(http: httpx.Client, url: str, token: Token) -> Say:
    try:
        response = http.get(url, headers={"Authorization": f"Bearer {token.text}"}, timeout=5)
        return dict(response.json())
    except (httpx.HTTPError, ValueError):
        return {"open": False, "why": "the API does not answer"}
