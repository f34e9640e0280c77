"""The shapes of bodies, as OpenAPI's components (JSON Schema 2020-12).

What is read is described by the models that read it; what is answered, here.
``tests/web/test_reference.py`` holds real answers to it.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from web.api.authzen.evaluation import MAX_QUESTIONS
from web.api.authzen.search import MAX_LIMIT, ActionSearch, ResourceSearch, SubjectSearch
from web.api.authzen.shapes import Evaluation

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
_PATH = "#/components/schemas/"


def ref(name: str) -> Schema:
    return {"$ref": _PATH + name}


def obj(description: str, required: str, **properties: Schema) -> Schema:
    """Return the schema of an object; *required* names members, parted by blanks."""
    made: Schema = {"type": "object", "description": description, "properties": properties}
    return {**made, "required": required.split()} if required else made


def _said(description: str, **more: Any) -> Schema:
    return {**TEXT, "description": description, **more}


def _words(description: str) -> Schema:
    return obj(description, "en", en=TEXT)


def _read(model: type[BaseModel]) -> dict[str, Schema]:
    """Return the schema of *model* and of what it holds, by name."""
    made = model.model_json_schema(ref_template=_PATH + "{model}")
    inner: dict[str, Schema] = made.pop("$defs", {})
    return {model.__name__: made, **inner}


_OBLIGATION = obj(
    "What goes with the answer. max-lifetime: act on it no longer than that many seconds. "
    "step-up: send the person to form_url for a fresh touch.",
    "type",
    type={"enum": ["max-lifetime", "step-up"]},
    seconds={"type": "integer", "minimum": 0},
    amr_values={"type": "array", "items": TEXT},
    form_url=_said("Page for the person.", format="uri"),
)
_CONTEXT = obj(
    "Why, and what to do.",
    "",
    id=_said("The decision's row in the log."),
    reason_user=_words("A sentence for the person."),
    reason_admin=_words("A code for admins: see docs/reasons.md."),
    remedy=_words("What the person can do."),
    obligations={"type": "array", "items": ref("Obligation")},
    access_request=obj(
        "Where the person is told how to cure it.", "form_url", form_url={**TEXT, "format": "uri"}
    ),
    error=obj(
        "Why this question was not answered.",
        "status code message",
        status={"type": "integer"},
        code=TEXT,
        message=TEXT,
    ),
)
_TOKEN = obj(
    "An access token (RFC 9068).",
    "access_token token_type expires_in",
    access_token=TEXT,
    token_type={"const": "Bearer"},
    expires_in=_said("Seconds until it ends.") | {"type": "integer"},
    scope=TEXT,
)

SCHEMAS: dict[str, Schema] = {
    **_read(Evaluation),
    **_read(SubjectSearch),
    **_read(ResourceSearch),
    **_read(ActionSearch),
    "Evaluations": obj(
        "Questions; what one of them does not say, the body says for it.",
        "",
        subject=ref("Subject"),
        action=ref("Action"),
        resource=ref("Resource"),
        context={"type": "object"},
        evaluations={"type": "array", "maxItems": MAX_QUESTIONS, "items": {"type": "object"}},
        options=obj(
            "How they are answered.",
            "",
            evaluations_semantic={"enum": ["execute_all", "deny_on_first_deny", "permit_on_first_permit"]},
        ),
    ),
    "Decision": obj("One answer.", "decision", decision={"type": "boolean"}, context=ref("DecisionContext")),
    "DecisionContext": _CONTEXT,
    "Obligation": _OBLIGATION,
    "Decisions": {
        "description": "The answers in the order of the questions; without questions, the body's own.",
        "anyOf": [
            obj("Answers.", "evaluations", evaluations={"type": "array", "items": ref("Decision")}),
            ref("Decision"),
        ],
    },
    "Found": obj(
        "A page of what is permitted.",
        "results page",
        results={"type": "array", "maxItems": MAX_LIMIT, "items": {"type": "object"}},
        page=obj(
            "Where to go on.",
            "next_token count",
            next_token=_said("Send it as page.token; empty at the end."),
            count={"type": "integer", "minimum": 0},
        ),
    ),
    "DecisionPoint": obj(
        "Metadata (AuthZEN 1.0, section 9).",
        "policy_decision_point access_evaluation_endpoint",
        policy_decision_point={**TEXT, "format": "uri"},
        **{
            name: {**TEXT, "format": "uri"}
            for name in (
                "access_evaluation_endpoint",
                "access_evaluations_endpoint",
                "search_subject_endpoint",
                "search_resource_endpoint",
                "search_action_endpoint",
            )
        },
    ),
    "TokenRequest": obj(
        "A code to exchange, or a service's wish for its own token.",
        "grant_type",
        grant_type={"enum": ["authorization_code", "client_credentials"]},
        code=TEXT,
        redirect_uri=TEXT,
        code_verifier=TEXT,
        client_id=TEXT,
        client_secret=TEXT,
        client_assertion=TEXT,
        client_assertion_type=TEXT,
    ),
    "TokenNamed": obj(
        "One token.",
        "token",
        token=TEXT,
        token_type_hint=TEXT,
        client_id=TEXT,
        client_secret=TEXT,
        client_assertion=TEXT,
        client_assertion_type=TEXT,
    ),
    "Token": _TOKEN,
    "Introspection": obj(
        "What the token means now (RFC 7662).", "active", active={"type": "boolean"}, scope=TEXT
    ),
    "Nothing": obj("Nothing more is said.", ""),
    "Keys": obj("Public keys (RFC 7517).", "keys", keys={"type": "array", "items": {"type": "object"}}),
    "AuthorizationServer": obj(
        "Metadata (RFC 8414).",
        "issuer token_endpoint jwks_uri",
        issuer=TEXT,
        token_endpoint=TEXT,
        jwks_uri=TEXT,
    ),
    "OAuthError": obj("A refusal (RFC 6749, section 5.2).", "error", error=TEXT, error_description=TEXT),
    "Enrolment": obj(
        "A laptop's public key.",
        "code name jwk platform",
        code=TEXT,
        name=TEXT,
        jwk={"type": "object"},
        platform={"type": "object"},
    ),
    "Enrolled": obj(
        "The laptop waits for an admin.", "device_id state issuer", device_id=TEXT, state=TEXT, issuer=TEXT
    ),
    "Sessions": obj(
        "Sessions that want a report.", "sessions", sessions={"type": "array", "items": {"type": "object"}}
    ),
    "Report": _said("One compact JWS: see docs/agent.md."),
    "Accepted": obj(
        "The report counts.", "accepted binding", accepted={"const": True}, binding=TEXT, next_nonce=TEXT
    ),
    "Alive": obj("The process answers.", "status", status={"const": "alive"}),
    "Ready": obj(
        "Each check by name.",
        "status checks",
        status={"enum": ["ready", "not ready"]},
        checks={"type": "object"},
    ),
    "Metrics": _said("Counters in Prometheus' text format."),
    "OpenApi": obj("This document.", "openapi", openapi=TEXT),
    "Problem": obj(
        "What is wrong (RFC 9457).",
        "type title status detail code",
        type={**TEXT, "format": "uri"},
        title=TEXT,
        status={"type": "integer"},
        detail=TEXT,
        code=_said("Stable; programs match on it."),
        instance=TEXT,
        remedy=_said("What a person can do."),
    ),
}
