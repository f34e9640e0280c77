"""What every request passes: host, proxy, origin, sizes, headers, and errors that never are a 500."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_network

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.limits import Limits
from flows.parts import Deployment
from tests.world import World
from web.application import make
from web.edge import FORWARDING, client_address
from web.paths import next_path

INSIDE = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
JSON = {"Accept": "application/json"}


@pytest.fixture
def http(world: World) -> FlaskClient:
    return world.app().test_client()


def get(http: FlaskClient, path: str, **headers: str):
    return http.get(path, base_url="http://localhost:8080", headers=headers)


def test_only_the_public_hosts_name_is_served(http: FlaskClient) -> None:
    for host in ("evil.example", "localhost", "localhost:8081", "127.0.0.1:8080"):
        response = http.get("/login", headers={"Host": host, **JSON})

        assert response.status_code == 421
        assert response.get_json()["code"] == "misdirected-request"


def test_health_is_told_under_any_name(http: FlaskClient) -> None:
    assert http.get("/livez", headers={"Host": "10.0.0.5"}).status_code == 200
    assert http.get("/readyz", headers={"Host": "10.0.0.5"}).get_json()["checks"]["database"] == "ok"


def test_a_clock_that_differs_from_the_databases_is_not_ready(world: World) -> None:
    """The tests' clock stands still at a noon of its own; SQLite has no clock of its own."""
    parts = dataclasses.replace(world.parts, limits=Limits())
    app = make(parts, trusted_proxies=(), proxy_header="x-real-ip", metrics_from=())

    response = app.test_client().get("/readyz")

    if world.parts.db.is_sqlite:
        assert response.status_code == 200
    else:
        assert response.status_code == 503
        assert "differ" in response.get_json()["checks"]["clock"]


def test_the_peer_is_the_client_unless_it_is_a_trusted_proxy() -> None:
    assert client_address("203.0.113.9", "198.51.100.1", INSIDE) == "203.0.113.9"
    assert client_address("10.0.0.1", "198.51.100.1", INSIDE) == "198.51.100.1"


def test_the_right_most_untrusted_hop_counts() -> None:
    forged = "198.51.100.66, 203.0.113.9, 10.0.0.2"

    assert client_address("10.0.0.1", forged, INSIDE) == "203.0.113.9"


@pytest.mark.parametrize("forwarded", ["", " , ,"])
def test_a_trusted_proxy_that_names_nobody_is_refused(forwarded: str) -> None:
    with pytest.raises(Invalid):
        client_address("10.0.0.1", forwarded, INSIDE)


def test_a_chain_of_trusted_proxies_alone_is_one_of_them() -> None:
    assert client_address("10.0.0.1", "10.0.0.2", INSIDE) == "10.0.0.2"


def test_an_address_with_a_scope_is_refused() -> None:
    with pytest.raises(Invalid):
        client_address("10.0.0.1", "fe80::1%eth0", INSIDE)


@pytest.mark.parametrize(
    ("path", "form"),
    [("/login?next=/%00", None), ("/access/%00", None), ("/sign-out", {"csrf_token": "a\0b"})],
)
def test_nul_is_refused_wherever_it_stands(http: FlaskClient, path: str, form: dict | None) -> None:
    call = http.post if form else http.get

    response = call(path, base_url="http://localhost:8080", data=form, headers=JSON)

    assert response.status_code == 400
    assert response.get_json()["code"] == "nul"


def test_mapped_addresses_are_what_they_map_to() -> None:
    assert client_address("::ffff:10.0.0.1", "::ffff:203.0.113.9", INSIDE) == "203.0.113.9"


def test_a_hop_that_is_no_address_refuses_the_request() -> None:
    with pytest.raises(Invalid):
        client_address("10.0.0.1", "unknown", INSIDE)


@given(st.text(max_size=60))
def test_a_client_cannot_choose_its_address_by_a_header(forwarded: str) -> None:
    assert client_address("203.0.113.9", forwarded, INSIDE) == "203.0.113.9"


@pytest.mark.parametrize("header", [name for name in FORWARDING if name != "x-forwarded-for"])
def test_the_demo_answers_421_to_every_other_forwarding_header(world: World, header: str) -> None:
    demo = Deployment("http://localhost:8080", "localhost", True, "Demo")
    parts = dataclasses.replace(world.parts, deployment=demo)
    app = make(parts, trusted_proxies=(), proxy_header="x-forwarded-for", metrics_from=())

    response = get(app.test_client(), "/login", **{header: "x", **JSON})

    assert response.status_code == 421


def test_an_unsafe_request_from_another_site_is_refused(http: FlaskClient) -> None:
    for origin in ("https://evil.example", "null", "http://localhost:8081"):
        response = http.post(
            "/login/options",
            base_url="http://localhost:8080",
            json={"login_name": "imani"},
            headers={"Origin": origin},
        )

        assert response.status_code == 403
        assert response.get_json()["code"] == "cross-site"


def test_an_unsafe_request_without_any_sign_of_its_origin_is_refused(http: FlaskClient) -> None:
    response = http.post("/login/options", base_url="http://localhost:8080", json={"login_name": "i"})

    assert response.get_json()["code"] == "cross-site"


def test_an_unsafe_request_without_the_pages_token_is_refused(http: FlaskClient) -> None:
    response = http.post(
        "/login/options",
        base_url="http://localhost:8080",
        json={"login_name": "imani"},
        headers={"Origin": "http://localhost:8080", "X-CSRF-Token": "0" * 64},
    )

    assert response.get_json()["code"] == "csrf-token"


def test_pages_carry_the_headers_that_keep_them_whole(http: FlaskClient) -> None:
    response = get(http, "/login", Accept="text/html")

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-doorward-browser=")
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={30 * 24 * 3600}"):
        assert attribute in cookie


def test_no_page_holds_inline_code(http: FlaskClient) -> None:
    body = get(http, "/login", Accept="text/html").get_data(as_text=True)

    assert "<script>" not in body
    assert " style=" not in body
    assert " onclick=" not in body


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/a\r\nb",
        "//[",
    ],
)
def test_next_never_leads_to_another_site(path: str) -> None:
    assert next_path(path) == "/access"


def test_next_leads_on_within_our_pages() -> None:
    assert next_path("/access/why?resource=a") == "/access/why?resource=a"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'{"a":1,"a":2}', "application/json"),
        (b'{"login_name":"\\ud800"}', "application/json"),
        (b'{"login_name":NaN}', "application/json"),
        (b"\xff", "application/json"),
        (b"{}", "text/plain"),
        (b"[" * 100_000, "application/json"),
        (b'{"code":"a\\u0000b","name":"x","jwk":{},"platform":{}}', "application/json"),
        (b'{"login_name":1}', "application/json"),
        (b'{"code":[],"name":{}}', "application/json"),
    ],
)
def test_bad_bodies_get_a_clear_error_and_never_a_500(
    http: FlaskClient, body: bytes, content_type: str
) -> None:
    response = http.post(
        "/agent/v1/enrolments", base_url="http://localhost:8080", data=body, content_type=content_type
    )

    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert response.get_json()["code"]


def test_a_huge_body_is_refused_unread(http: FlaskClient) -> None:
    response = http.post(
        "/agent/v1/enrolments",
        base_url="http://localhost:8080",
        data=b"x" * 300_000,
        content_type="application/json",
    )

    assert response.status_code == 413


def test_an_unknown_page_is_a_page_for_people_and_a_problem_for_programs(http: FlaskClient) -> None:
    page, problem = get(http, "/nowhere", Accept="text/html"), get(http, "/nowhere", **JSON)

    assert (page.status_code, problem.status_code) == (404, 404)
    assert "Nothing is here" in page.get_data(as_text=True)
    assert problem.content_type == "application/problem+json"


def test_metrics_are_for_the_named_networks_only(world: World) -> None:
    app = make(
        world.parts, trusted_proxies=(), proxy_header="x-real-ip", metrics_from=(ip_network("10.0.0.0/8"),)
    )
    http = app.test_client()

    assert http.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403
    answered = http.get("/metrics", environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert b"doorward_requests_total" in answered.data


def test_a_stranger_is_asked_to_log_in(http: FlaskClient) -> None:
    response = get(http, "/access", Accept="text/html")

    assert response.status_code == 401
    assert "/login" in response.get_data(as_text=True)


def test_a_refusal_before_anybody_is_known_is_a_page_too(world: World) -> None:
    """The page of an error asked who looks at it before the address was known, and broke."""
    client = world.app().test_client()

    odd = client.get("/login?next=%00", headers={"Accept": "text/html"}, base_url=world.origin)
    elsewhere = client.get("/login", headers={"Accept": "text/html", "Host": "elsewhere.example"})

    assert (odd.status_code, elsewhere.status_code) == (400, 421)
