"""How operators watch a process: /livez, /readyz, /metrics, and one log line a request.

Nothing here holds personal data: log lines name the route, never the path or
the address; metrics have closed label sets.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from ipaddress import ip_address
from math import nan

from flask import Blueprint, Flask, Response, g, jsonify, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from audit.events import Event, EventKind
from domain.decision import Decision
from domain.errors import Forbidden
from domain.key_refusals import ActivationFault, KeyRefusal
from flows.health import health, metadata_age
from flows.jobs import overdue
from web.edge import Networks
from web.state import parts

log = logging.getLogger("doorward.request")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "doorward_requests", "Requests by route.", ["route", "method", "status"], registry=REGISTRY
)
SECONDS = Histogram("doorward_request_seconds", "Time to answer.", ["route"], registry=REGISTRY)
DECISIONS = Counter(
    "doorward_decisions", "Answered questions.", ["door", "effect", "reason"], registry=REGISTRY
)
REFUSALS = Counter("doorward_key_refusals", "Refused ceremonies.", ["ceremony", "reason"], registry=REGISTRY)
ANOMALIES = Counter(
    "doorward_counter_anomalies", "Answers whose counter was not above the last one.", registry=REGISTRY
)
TOUCHES = Histogram(
    "doorward_touch_seconds",
    "From the challenge to the accepted answer.",
    ["purpose"],
    registry=REGISTRY,
    buckets=(0.5, 1, 2, 3, 5, 8, 13, 21, 34, 60, 120, 180),
)
REFUSED = {
    EventKind.KEY_REFUSED: "register",
    EventKind.ACTIVATION_REFUSED: "activate",
    EventKind.LOGIN_REFUSED: "login",
    EventKind.ACTION_SIGN_REFUSED: "sign",
}
TOUCHED = {
    EventKind.LOGIN: "login",
    EventKind.ACTION_SIGNED: "sign",
    EventKind.PRESENCE_ANSWERED: "presence",
}
REASONS = frozenset(why.value for kind in (KeyRefusal, ActivationFault) for why in kind)
METADATA_AGE = Gauge(
    "doorward_metadata_age_seconds",
    "Time since metadata of key models was imported; NaN: never.",
    registry=REGISTRY,
)
METADATA_DUE = Gauge(
    "doorward_metadata_due_days",
    "Days until metadata of key models should be renewed; negative: since; NaN: never imported.",
    registry=REGISTRY,
)
OVERDUE = Gauge("doorward_jobs_overdue", "Jobs that no worker did in time.", registry=REGISTRY)


def install(app: Flask, *, metrics_from: Networks) -> None:
    """Install the routes and the per-request log line."""
    blueprint = Blueprint("observe", __name__)

    @blueprint.get("/livez")
    def livez() -> Response:
        """Say that the process answers."""
        return jsonify(status="alive")

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """Say whether database, clock and record are in order."""
        found = health(parts())
        body = {"status": "ready" if found.ready else "not ready", "checks": found.checks}
        return jsonify(body), 200 if found.ready else 503

    @blueprint.get("/metrics")
    def metrics() -> Response:
        """Count for Prometheus, for the networks that were named."""
        peer = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 (matches no network below)
        if not any(peer in network for network in metrics_from if network.version == peer.version):
            raise Forbidden("metrics are not served to this address")
        OVERDUE.set(overdue(parts()))
        known = metadata_age(parts())
        METADATA_AGE.set(known.age.total_seconds() if known else nan)
        METADATA_DUE.set(known.due_in / timedelta(days=1) if known else nan)
        return Response(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)

    app.register_blueprint(blueprint)
    app.before_request(_start)
    app.after_request(_finish)


def count_decision(door: str, decision: Decision) -> None:
    """Count one answered question by door, effect and first reason."""
    counter_of(door, decision).inc()


def counter_of(door: str, decision: Decision) -> Counter:
    """Return what counts questions that are answered so."""
    return DECISIONS.labels(door, decision.effect.value, decision.reason.code.value)


def count_event(event: Event) -> None:
    """Count what a committed event says of keys. Labels are closed: an unknown reason is `other`."""
    if event.kind in REFUSED:
        reason = event.details.get("reason")
        known = isinstance(reason, str) and reason in REASONS
        REFUSALS.labels(REFUSED[event.kind], reason if known else "other").inc()
        if reason == KeyRefusal.COUNTER_REGRESSED.value:
            ANOMALIES.inc()
    took = event.details.get("touch_ms")
    if event.kind in TOUCHED and isinstance(took, int):
        # The touch that activates a key logs its owner in.
        first = event.details.get("purpose") == "activate"
        TOUCHES.labels("activate" if first else TOUCHED[event.kind]).observe(took / 1000)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else "unknown"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(route, method, response.status_code).inc()
    SECONDS.labels(route).observe(seconds)
    log.info(
        "request",
        extra={
            "route": route,
            "method": method,
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
            "request_id": g.get("request_id", "-"),
        },
    )
    return response
