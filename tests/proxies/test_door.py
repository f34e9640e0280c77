"""The door for proxies: who may ask by it, what is believed, and what is never permitted."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from domain.sites import Site
from flows.services import disable_service
from models.catalog import service_by_name
from models.engine import Database
from tests.proxies.wiki import BROWSER, ORIGIN, ROOT, Wiki, change, code_of, found, token_with
from tests.world import World

ON_SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


ODD_PATHS = (
    "/docs//secret", "//docs/secret", "/docs/./secret", "/docs/../docs/secret", "/docs/a/..", "/docs/.",
    "/docs/%73ecret", "/docs%2Fsecret", "/docs%5Csecret", "/docs\\secret", "/docs/secret%00",
    "/docs/%2e%2e/x",
    "/docs/secret;x=1", "/docs;/secret", "/docs/secret%3Fx", "/docs/s\u00e9cret", "/docs/secret%20",
    "/docs/secret#a", "/docs/a,/docs/secret", "/docs/a?x=1,/docs/secret", "/docs/secret//", "*", "docs/a",
    "http://wiki.example.org/docs/a", "/docs/a b", "/docs/a\tb", "/docs/" + "a" * 600, "/docs/%", "/docs/%zz",
)  # fmt: skip


@pytest.fixture
def wiki(world: World) -> Wiki:
    return found(world)


def test_a_person_who_entered_is_let_through_with_who_they_are(wiki: Wiki) -> None:
    wiki.enter()

    answer = wiki.ask("/docs/a/?page=2")

    assert answer.status_code == 200
    assert answer.headers["DoorwardSubject"] == wiki.imani.id
    assert answer.headers["DoorwardLogin"] == "imani"
    assert answer.headers["Cache-Control"] == "no-store"
    [row] = wiki.log()
    assert (row.id, row.action, row.resource) == (
        answer.headers["DoorwardDecision"],
        "read",
        "web:wiki/docs/a",
    )
    assert {"site.entered", "code.issued"} <= set(wiki.kinds())


def test_whoever_cannot_prove_to_be_the_proxy_gets_401_and_nothing_else(wiki: Wiki) -> None:
    cookie = wiki.enter()
    tried = [None, "Bearer wrong", f"Bearer {cookie}", f"Basic {wiki.secrets['wiki']}", "Bearer a.b.c"]

    answers = [wiki.ask(DoorwardCredential=credential, **BROWSER) for credential in tried]
    # The client's own Authorization is not the proxy's.
    answers.append(wiki.ask(DoorwardCredential=None, Authorization=f"Bearer {wiki.secrets['wiki']}"))

    for answer in answers:
        assert code_of(answer) == (401, "not-authenticated")
        assert answer.content_type == "application/problem+json"
        assert "DoorwardLocation" not in answer.headers
    assert wiki.log() == []


@ON_SQLITE
def test_no_method_and_no_address_is_answered_by_the_framework_with_a_permit(wiki: Wiki) -> None:
    wiki.enter()
    passed = wiki.passed()

    for method in ("OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "HEAD"):
        for path in ("/authz/nginx", "/authz/envoy/docs/a", "/authz/envoy", "/authz/nothing", "/authz/site"):
            bare = wiki.http.open(path, method=method)
            proven = wiki.http.open(path, method=method, headers=passed)
            assert bare.status_code >= 400, (method, path)
            assert proven.status_code >= 400 or (method, path) == ("HEAD", "/authz/nginx"), (method, path)


@ON_SQLITE
def test_only_the_headers_of_the_proxys_own_kind_count(wiki: Wiki) -> None:
    wiki.enter()
    forged = {
        "X-Forwarded-Uri": "/docs/a", "X-Original-URI": "/docs/a", "X-Original-URL": "/docs/a",
        "X-Forwarded-Method": "GET", "X-Original-Method": "GET", "X-Forwarded-Host": "wiki.example.org",
        "X-Forwarded-Proto": "https", "X-Original-Host": "wiki.example.org", "X-Rewrite-Url": "/docs/a",
        "Forwarded": "host=wiki.example.org", "X-Original-Proto": "https",
    }  # fmt: skip

    closed = wiki.ask("/docs/secret", **forged)
    written = wiki.ask("/docs/a", "DELETE", **forged)
    lacking = [
        wiki.ask("/docs/a", "GET", **{**forged, f"Doorward{name}": None})
        for name in ("Method", "Uri", "Host", "Proto")
    ]

    assert code_of(closed) == (403, "policy-forbids")
    assert code_of(written) == (403, "policy-no-rule")
    assert {code_of(answer) for answer in lacking} == {(403, "proxy-headers")}


def test_a_proxy_asks_as_its_own_kind_and_for_its_own_sites_and_the_attempt_is_recorded(wiki: Wiki) -> None:
    wiki.enter()
    foreign = [
        "forge.example.org", "evil.example", "wiki.example.org:8443", "wiki.example.org.evil.example",
        "wiki.example.org, forge.example.org", "wiki.example.org@evil.example", "", "[::1]",
    ]  # fmt: skip
    names = ("Method", "Uri", "Host", "Proto")
    forwarded = {f"X_Forwarded_{name}": wiki.passed()[f"Doorward{name}"] for name in names}

    other_kind = wiki.http.get("/authz/traefik", headers=wiki.passed(**forwarded))
    other_site = [wiki.ask(DoorwardHost=host) for host in foreign]
    http = wiki.ask(DoorwardProto="http")
    other_service = wiki.ask(DoorwardCredential=f"Bearer {wiki.secrets['forge']}")

    assert code_of(other_kind) == code_of(http) == code_of(other_service) == (403, "outside-scope")
    assert {answer.status_code for answer in other_site} == {403}
    assert wiki.kinds().count("service.refused") == 3, (
        "two parts of the wiki, one of the forge, each once a minute"
    )
    assert wiki.log() == []


@ON_SQLITE
def test_a_path_with_a_second_spelling_is_refused(wiki: Wiki) -> None:
    wiki.enter()

    for path in ODD_PATHS:
        answer = wiki.ask(path.encode().decode("latin-1"))
        assert code_of(answer) in {(403, "path-ambiguous"), (403, "target-malformed")}, path
    assert wiki.log() == []


@ON_SQLITE
def test_whatever_is_sent_gets_a_clear_answer_and_no_permit_without_a_session(wiki: Wiki) -> None:
    names = [
        prefix + name for prefix in ("Doorward", "X-Forwarded-", "X-Original-")
        for name in ("Method", "Uri", "Host", "Proto", "Credential")
    ]  # fmt: skip
    known = [*wiki.passed().values(), "http", "traefik", "/", "POST", "Bearer a.b.c", "Bearer ", "Basic Og=="]
    values = st.sampled_from(known) | st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"))
    headers = st.dictionaries(st.sampled_from([*names, "Cookie", "Authorization", "Accept", "Host"]), values)
    paths = ("nginx", "apache", "caddy", "traefik", "envoy/", "envoy/docs/a", "site/nginx/start",
             "site/nginx/callback?code=x", "site/nginx/check", "site/envoy/check")  # fmt: skip
    seen = set()

    @settings(max_examples=200, deadline=None, database=None, phases=[Phase.generate], derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.sampled_from(paths), st.booleans(), headers)
    def ask(path: str, right: bool, sent: dict[str, str]) -> None:
        answer = wiki.http.get(f"/authz/{path}", headers={**sent, **(wiki.passed() if right else {})})
        seen.add(answer.status_code)
        assert answer.status_code in {303, 400, 401, 403, 421, 429}, answer.text
        assert answer.status_code != 303 or path.startswith("site/"), answer.location

    ask()

    assert {303, 401, 403} <= seen


@ON_SQLITE
def test_what_is_never_asked_is_refused_by_name(wiki: Wiki) -> None:
    cookie = wiki.enter()
    bound = f"Bearer {token_with(wiki, {'cnf': {'jkt': 'x' * 43}})}"
    refused: list[tuple[tuple[int, str], dict[str, str]]] = [
        ((403, "method-refused"), {"DoorwardMethod": "TRACE"}),
        ((403, "method-refused"), {"DoorwardMethod": "CONNECT"}),
        ((403, "method-refused"), {"DoorwardMethod": "get"}),
        ((403, "method-refused"), {"DoorwardMethod": "GET,POST"}),
        ((403, "method-override"), {"X-HTTP-Method-Override": "DELETE"}),
        ((403, "path-reserved"), {"DoorwardUri": "/.doorward/start"}),
        ((403, "path-reserved"), {"DoorwardUri": "/.Doorward/start?to=/"}),
        ((403, "two-sessions"), {"Authorization": bound}),
        ((401, "token-bound"), {"Authorization": bound, "Cookie": ""}),
        ((401, "token-bound"), {"Authorization": "DPoP a.b.c", "Cookie": ""}),
        ((401, "token-invalid"), {"Authorization": "Bearer a.b.c", "Cookie": ""}),
        ((401, "token-invalid"), {"Authorization": f"Bearer {cookie}", "Cookie": ""}),
        *[
            ((403, "identity-header"), {name: "prs_somebody"})
            for name in ("DoorwardSubject", "DoorwardLogin", "DoorwardDecision", "doorwardsubject",
                         "DoorwardReason", "DoorwardLocation")
        ],
    ]  # fmt: skip

    for expected, headers in refused:
        answer = wiki.http.get("/authz/nginx", headers={**wiki.passed(), **headers, **BROWSER})
        assert code_of(answer) == expected, headers
    assert wiki.log() == []


@ON_SQLITE
def test_a_service_that_was_disabled_or_cannot_be_logged_lets_nobody_through(wiki: Wiki) -> None:
    wiki.enter()

    with patch.object(Database, "write", side_effect=OperationalError("", {}, Exception())):
        unlogged = wiki.ask()
    with wiki.world.parts.db.write() as session:
        row = service_by_name(session, "wiki")
        assert row is not None
        wiki.world.parts.commit(session, *disable_service(session, row.id, by="host"))
    disabled = wiki.ask()

    assert unlogged.status_code >= 500
    assert code_of(disabled) == (401, "not-authenticated")


@ON_SQLITE
def test_an_action_outside_the_services_scope_is_refused_and_recorded(wiki: Wiki) -> None:
    wiki.enter()
    change(wiki, actions=("read",), sites=(Site(ORIGIN, ROOT),))

    answer = wiki.ask("/docs/a", "POST")

    assert code_of(answer) == (403, "outside-scope")
    assert wiki.kinds()[-1] == "service.refused"
