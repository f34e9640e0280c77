"""The reference of the doors for programs is what is there: routes, shapes, statuses."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.tokens.company import Company, basic, found, said
from tests.world import World
from web.api.reference.operations import OPERATIONS

PAGES = {"session", "access", "keys", "own_keys", "presence", "authorize", "reference.reference", "static"}
"""Blueprints and views for people: their forms are no interface for programs."""
PROXIES = {"forward", "forward_site", "sites"}
"""What proxies speak is their own contract, in docs/forward-auth.md."""


@pytest.fixture
def company(world: World) -> Company:
    return found(world)


@pytest.fixture
def served(company: Company) -> Flask:
    return company.http.application


def document(company: Company) -> dict[str, Any]:
    response = company.http.get("/openapi.json")
    assert response.status_code == 200
    return said(response)


def test_every_door_for_programs_is_in_it_and_nothing_else(company: Company, served: Flask) -> None:
    routes = {
        (rule.rule, method.lower())
        for rule in served.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not {rule.endpoint, rule.endpoint.partition(".")[0]} & (PAGES | PROXIES)
        and not rule.rule.startswith("/admin")
    }

    told = document(company)["paths"]

    assert {(path, method) for path, methods in told.items() for method in methods} == routes
    assert len(OPERATIONS) == len(routes)


def test_it_is_a_valid_document_whose_operations_all_have_words(company: Company) -> None:
    told = document(company)

    OpenAPIV31SpecValidator(told).validate()
    for methods in told["paths"].values():
        for operation in methods.values():
            assert operation["summary"].endswith(".")
            assert operation["responses"]


def test_only_proven_callers_are_asked_for_where_it_says_so(company: Company) -> None:
    for path, methods in document(company)["paths"].items():
        for method, operation in methods.items():
            answer = company.http.open(path, method=method.upper(), **_empty(operation))
            signed = "application/jwt" in operation.get("requestBody", {}).get("content", {})
            if operation["security"] or signed:  # what is signed proves itself
                assert answer.status_code == 401, path
            else:
                assert answer.status_code != 401, path


def test_what_is_answered_is_as_it_says(company: Company) -> None:
    told = document(company)
    with company.world.parts.db.write() as session:
        session.merge(company.service("logs")).searches = ["subject", "resource", "action"]
        session.commit()
    company.open()
    token = company.token()
    asked = {
        "subject": {"type": "person", "id": company.imani.id},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "customer-logs"},
        "context": {"token": token},
    }
    bearer = {"Authorization": f"Bearer {company.logs_secret}"}
    proven = {"Authorization": basic("logs", company.logs_secret)}
    export = {"action": {"name": "export"}}
    calls: list[tuple[str, int, dict[str, Any]]] = [
        ("/access/v1/evaluation", 200, {"json": asked, "headers": bearer}),
        ("/access/v1/evaluation", 200, {"json": {**asked, **export}, "headers": proven}),
        ("/access/v1/evaluation", 400, {"json": {}, "headers": bearer}),
        ("/access/v1/evaluation", 401, {"json": asked}),
        ("/access/v1/evaluation", 403, {"json": {**asked, "action": {"name": "delete"}}, "headers": bearer}),
        (
            "/access/v1/evaluations",
            200,
            {"json": {**asked, "evaluations": [{}, export, 7]}, "headers": bearer},
        ),
        ("/access/v1/evaluations", 200, {"json": asked, "headers": bearer}),
        ("/access/v1/search/subject", 200, {"json": asked, "headers": bearer}),
        ("/access/v1/search/resource", 200, {"json": asked, "headers": bearer}),
        ("/access/v1/search/action", 200, {"json": asked, "headers": bearer}),
        ("/access/v1/search/action", 400, {"json": {**asked, "page": {"token": "x"}}, "headers": bearer}),
        ("/.well-known/authzen-configuration", 200, {}),
        ("/.well-known/oauth-authorization-server", 200, {}),
        ("/oauth/jwks.json", 200, {}),
        ("/oauth/introspect", 200, {"data": {"token": token}, "headers": proven}),
        ("/oauth/introspect", 200, {"data": {"token": "a.b.c"}, "headers": proven}),
        ("/oauth/introspect", 401, {"data": {"token": token}}),
        ("/oauth/token", 400, {"data": {"grant_type": "password"}, "headers": proven}),
        ("/oauth/revoke", 200, {"data": {"token": token}, "headers": proven}),
        ("/agent/v1/enrolments", 400, {"json": {}}),
        ("/agent/v1/sessions", 401, {}),
        ("/livez", 200, {}),
        ("/readyz", 200, {}),
        ("/openapi.json", 200, {}),
    ]

    for path, status, call in calls:
        [(method, operation)] = told["paths"][path].items()
        response = company.http.open(path, method=method.upper(), **call)
        assert response.status_code == status, (path, response.get_data(as_text=True))
        content = operation["responses"][str(status)]["content"]
        assert response.mimetype in content, path
        schema = {**content[response.mimetype]["schema"], "components": told["components"]}
        OAS31Validator(schema).validate(said(response))


def test_a_shape_refuses_what_is_not_of_it(company: Company) -> None:
    """Or the test above would show nothing."""
    told = document(company)
    decision = {"$ref": "#/components/schemas/Decision", "components": told["components"]}

    assert not OAS31Validator(decision).is_valid({"decision": "yes"})
    assert not OAS31Validator(decision).is_valid({"decision": True, "context": {"obligations": [{}]}})


def test_the_page_shows_every_operation_and_every_link_leads_somewhere(company: Company) -> None:
    page = company.http.get("/reference").get_data(as_text=True)

    for path, methods in document(company)["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    for name in document(company)["components"]["schemas"]:
        assert f'id="shape-{name}"' in page
    assert 'href="#shape-"' not in page


def _empty(operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    if "application/json" in body:
        return {"json": {}}
    return {"data": b"", "content_type": next(iter(body))} if body else {}
