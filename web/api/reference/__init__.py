"""The reference of the doors for programs: `/openapi.json`, and the same as a page."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, render_template

from web.api.reference.document import document
from web.api.reference.shown import operations, shapes, statuses
from web.state import parts

api = Blueprint("reference", __name__)
_MAX_AGE = 300


@api.get("/openapi.json")
def openapi() -> Response:
    """Describe every door for programs (OpenAPI 3.1)."""
    response = jsonify(document(current_app, home=parts().deployment.public_url))
    response.headers["Cache-Control"] = f"public, max-age={_MAX_AGE}"
    return response


@api.get("/reference")
def reference() -> str:
    """Show the same to a person, without anything from elsewhere."""
    made = document(current_app, home=parts().deployment.public_url)
    shown = operations(made)
    return render_template(
        "reference.html",
        operations=shown,
        statuses=statuses(shown),
        shapes=shapes(made),
        home=made["servers"][0]["url"],
    )
