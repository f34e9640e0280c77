"""A process that opens doors and redeems tokens until it is killed.

Usage: python -m tests.stories.grant_worker SETTINGS_JSON COOKIE CLIENT RESOURCE REDIRECT
Begins when its standard input has a line; prints one line for each token it was given, after the commit.
"""

from __future__ import annotations

import contextlib
import json
import sys
from urllib.parse import parse_qs, urlsplit

from app import Outside, build_parts
from domain.errors import DoorwardError
from domain.ports import SystemRandomness, TimeOrderedIds
from flows import access, authorize, end_access, redeem
from flows.service_auth import client_of
from flows.session import current
from models.catalog import service_by_name
from settings import Settings
from tests.world import HOME, TestClock
from tokens.pkce import s256

VERIFIER = "v" * 43


def main(settings: str, cookie: str, client_name: str, resource: str, redirect: str) -> None:
    outside = Outside(TestClock(), TimeOrderedIds(), SystemRandomness())
    parts = build_parts(Settings(**json.loads(settings)), outside)
    viewer = current(parts, cookie, HOME)
    assert viewer is not None
    with parts.db.read() as session:
        row = service_by_name(session, client_name)
        assert row is not None
        client = client_of(row)
    fields = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect,
        "resource": resource,
        "scope": "read",
        "state": "s",
        "code_challenge": s256(VERIFIER),
        "code_challenge_method": "S256",
    }
    sys.stdin.readline()
    while True:
        try:
            opened = access.open_resource(parts, viewer, resource=resource, actions=["read"])
            shown = authorize.look(parts, viewer, authorize.check(parts, fields))
            assert isinstance(shown, authorize.Continue), shown
            code = parse_qs(urlsplit(shown.location).query)["code"][0]
            answer = redeem.exchange(
                parts,
                client,
                {
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": redirect,
                    "code_verifier": VERIFIER,
                },
            )
        except DoorwardError:
            continue
        assert answer.status == 200, answer
        print(opened.grant_id, flush=True)
        assert opened.grant_id is not None
        with contextlib.suppress(DoorwardError):
            end_access.end_grant(parts, viewer, opened.grant_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
