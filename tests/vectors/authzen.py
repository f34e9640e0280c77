"""A world of ``examples/worlds``, loaded into an empty deployment and asked what AuthZEN's suites ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from commands.base import beside
from flows.document import read_document
from flows.load import load_document
from tests.tokens.company import client, said
from tests.world import World

WORLDS = Path(__file__).parents[2] / "examples" / "worlds"


@dataclass(frozen=True)
class Asker:
    """The one service of a world, over HTTP."""

    http: FlaskClient
    secret: str

    def ask(self, case: dict[str, Any], body: Any) -> TestResponse:
        proof = {None: f"Bearer {self.secret}", "invalid": "Bearer wrong"}.get(case.get("auth"), "")
        headers = {"Authorization": proof} if proof else {}
        headers |= {"X-Request-ID": "r-1"} if case.get("x_request_id") else {}
        sent: dict[str, Any] = {"json": body}
        if "raw_body" in case:
            sent = {"data": case["raw_body"], "content_type": "application/json"}
        if "content_type" in case:
            sent["content_type"] = case["content_type"]
        method = case.get("method", "POST")
        return self.http.open(f"/access/v1/{case['endpoint']}", method=method, headers=headers, **sent)

    def problem(self, case: dict[str, Any]) -> str:
        """Return how the answers to *case* differ from what it wants; empty if they do not."""
        for _ in range(case.get("repeat", 1)):
            answer = self.ask(case, case.get("request"))
            if answer.status_code not in case["expect_status"]:
                return f"{answer.status_code} {answer.get_data(as_text=True)[:200]}"
            if case.get("x_request_id") and answer.headers["X-Request-ID"] != "r-1":
                return "the request id is not echoed"
            if answer.status_code != 200:
                continue
            if "expect_search" in case:
                found, wanted = self.all_pages(case, said(answer)), case["expect_search"]["results"]
                if not all(one in found for one in wanted) or (case.get("exact_set") and found != wanted):
                    return f"found {found}, wanted {wanted}"
            wanted = case.get("expect_decision") or case.get("expect_evaluations")
            if wanted is not None and (given := decisions(said(answer))) != decisions(wanted):
                return f"answered {given}, wanted {decisions(wanted)}"
        return ""

    def all_pages(self, case: dict[str, Any], first: Any) -> list[Any]:
        found, page = list(first["results"]), first["page"]
        while case.get("paginate") and page["next_token"]:
            asked = case["request"]
            body = {**asked, "page": {**asked.get("page", {}), "token": page["next_token"]}}
            more = said(self.ask(case, body))
            assert len(more["results"]) <= body["page"]["limit"]
            found, page = found + more["results"], more["page"]
        return found


def decisions(answer: dict[str, Any]) -> list[bool]:
    return [one["decision"] for one in answer.get("evaluations", [answer])]


def load_world(world: World, name: str) -> Asker:
    """Load one of the example worlds, and return its service."""
    file = WORLDS / name / "world.toml"
    loaded = load_document(world.parts, read_document(file.read_bytes(), beside(file)))
    [secret] = loaded.secrets.values()
    return Asker(client(world), secret)
