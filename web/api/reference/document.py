"""The OpenAPI 3.1 document, made from the routes that are there.

Source: OpenAPI Specification 3.1.1.
"""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any

from flask import Flask

from web.api.reference.operations import OPERATIONS, Operation
from web.api.reference.schemas import SCHEMAS, ref

_STATUS = {
    200: "The answer.", 201: "It was made.", 202: "It was taken.", 400: "Malformed.", 401: "Nobody we know.",
    403: "Not for this caller.", 409: "Another state than expected.", 413: "Too large.",
    429: "Too many attempts: see Retry-After.", 503: "Not now. For a decision this means no.",
}  # fmt: skip
_PROOFS = {
    "serviceBearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A service's secret, or its own token.",
    },
    "serviceBasic": {"type": "http", "scheme": "basic", "description": "A service's name and secret."},
    "deviceBearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A poll signed by the laptop's key: see docs/agent.md.",
    },
}


def document(app: Flask, *, home: str) -> dict[str, Any]:
    """Return the document of *app*'s operations, in the order of ``OPERATIONS``."""
    paths: dict[str, dict[str, Any]] = {}
    rules = {rule.endpoint: rule for rule in app.url_map.iter_rules()}
    for name, operation in OPERATIONS.items():
        rule = rules[name]
        [method] = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        words = inspect.getdoc(app.view_functions[name]) or ""
        paths.setdefault(rule.rule, {})[method.lower()] = _described(name, operation, words)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Doorward",
            "version": version("doorward"),
            "summary": "Services ask before they act.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": home}],
        "paths": paths,
        "components": {"schemas": SCHEMAS, "securitySchemes": _PROOFS},
    }


def _described(name: str, operation: Operation, words: str) -> dict[str, Any]:
    summary, _, more = words.partition("\n\n")
    made: dict[str, Any] = {
        "operationId": name,
        "tags": [operation.group],
        "summary": " ".join(summary.split()),
    }
    if more:
        made["description"] = " ".join(more.split())
    made["security"] = [{proof: []} for proof in operation.callers]
    if operation.reads:
        made["requestBody"] = {"required": True, "content": _content(operation.reads_type, operation.reads)}
    answers = {
        status: _answer(status, operation.answers_type, schema)
        for status, schema in operation.answers.items()
    }
    problem_type = "application/problem+json" if operation.problem == "Problem" else "application/json"
    failures = {status: _answer(status, problem_type, operation.problem) for status in operation.failures}
    made["responses"] = {str(status): answer for status, answer in sorted({**failures, **answers}.items())}
    return made


def _answer(status: int, media: str, schema: str) -> dict[str, Any]:
    return {"description": _STATUS[status], "content": _content(media, schema)}


def _content(media: str, schema: str) -> dict[str, Any]:
    return {media: {"schema": ref(schema)}}
