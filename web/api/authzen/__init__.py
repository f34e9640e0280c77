"""The decision point for services: OpenID AuthZEN Authorization API 1.0.

A decision, permit or denial, is answered with 200. Other statuses mean that
there is none, and no decision means no: 400 (malformed), 401 (not a known
service), 403 (outside the service's scope), 413, 429, 503 (`log-unavailable`).
Source: OpenID AuthZEN Authorization API 1.0, sections 6 to 10 and 12.
"""

from __future__ import annotations

from web.api.authzen import discovery, evaluation, search

BLUEPRINTS = (evaluation.api, search.api, discovery.api)
