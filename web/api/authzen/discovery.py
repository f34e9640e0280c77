"""Say where the decision point's endpoints are (AuthZEN 1.0, section 9).

The specification asks for an https address. Where Doorward is tried on
`http://localhost`, the document says that address: the one stated deviation.
"""

from __future__ import annotations

from flask import Response, jsonify

from web.api.authzen.caller import blueprint
from web.state import parts

api = blueprint("discovery")
_MAX_AGE = 300
ENDPOINTS = {
    "access_evaluation_endpoint": "/access/v1/evaluation",
    "access_evaluations_endpoint": "/access/v1/evaluations",
    "search_subject_endpoint": "/access/v1/search/subject",
    "search_resource_endpoint": "/access/v1/search/resource",
    "search_action_endpoint": "/access/v1/search/action",
}


@api.get("/.well-known/authzen-configuration")
def configuration() -> Response:
    """Publish the metadata of this decision point."""
    home = parts().deployment.public_url
    response = jsonify(policy_decision_point=home, **{name: home + path for name, path in ENDPOINTS.items()})
    response.headers["Cache-Control"] = f"public, max-age={_MAX_AGE}"
    return response
