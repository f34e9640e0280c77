"""nginx, Caddy and Apache, real ones, as the documents configure them: what reaches the application."""

from __future__ import annotations

import pytest

from flows.end_access import end_grant
from tests.proxies.conftest import Street
from tests.proxies.gate import PROXIES, Header, send

BROWSER: tuple[Header, ...] = (("Accept", "text/html,*/*;q=0.8"), ("Sec-Fetch-Mode", "navigate"))
pytestmark = pytest.mark.slow
each = pytest.mark.parametrize("proxy", PROXIES)


@each
def test_who_entered_reaches_the_application_which_learns_who_it_is(
    street: Street, cookies: dict[str, Header], proxy: str
) -> None:
    assert street.world.open(street.viewer, "web:wiki/docs/a", "write").grant_id

    page = street.send(proxy, "/docs/a?x=1&y=%20", "GET", cookies[proxy])
    head = street.send(proxy, "/docs/a", "HEAD", cookies[proxy])
    saved = street.send(proxy, "/docs/a", "POST", cookies[proxy], body="text=hello")

    assert page.status == head.status == saved.status == 200
    assert page.seen is not None
    assert (page.seen["method"], page.seen["path"]) == ("GET", "/docs/a?x=1&y=%20")
    assert page.identity == [street.imani.id]
    got = {name.lower(): value for name, value in page.seen["headers"]}
    assert got["doorwardlogin"] == "imani"
    assert got["doorwarddecision"].startswith("dec_")
    assert "dwp_" not in page.text, "the application does not learn the proxy's secret"
    assert saved.seen is not None
    assert (saved.seen["method"], saved.seen["body"]) == ("POST", "text=hello")


@each
def test_who_may_not_is_sent_to_where_it_is_explained_and_a_program_is_told(
    street: Street, cookies: dict[str, Header], proxy: str
) -> None:
    broker, site = f"http://localhost:{street.gate.broker_port}", street.gate.origin(proxy)
    expected: list[tuple[str, tuple[Header, ...], int, str]] = [
        ("/docs/a", (), 401, f"{site}/.doorward/start?to=%2Fdocs%2Fa"),
        ("/docs/secret", (cookies[proxy],), 403, f"{broker}/access/why?resource=web%3Awiki%2Fdocs%2Fsecret"),
        ("/payroll", (cookies[proxy],), 403, f"{broker}/touch?next=%2Faccess%2Fwhy%3F"),
    ]  # fmt: skip

    for path, headers, status, location in expected:
        person = street.send(proxy, path, "GET", *headers, *BROWSER)
        program = street.send(proxy, path, "GET", *headers)
        script = street.send(
            proxy, path, "GET", *headers, ("Accept", "text/html"), ("Sec-Fetch-Mode", "cors")
        )
        assert person.status == 303, path
        assert person.headers["location"].startswith(location)
        for answer in (program, script):
            assert (answer.status, answer.headers.get("location")) == (status, None), path
            assert answer.headers["doorwardreason"] in {"no-session", "policy-forbids", "touch-stale"}
            assert answer.headers.get("www-authenticate", "") == (
                'Bearer realm="doorward"' if status == 401 else ""
            )
        assert person.seen is program.seen is script.seen is None


@each
def test_nobody_forges_who_they_are(street: Street, cookies: dict[str, Header], proxy: str) -> None:
    for name in (
        "DoorwardSubject",
        "doorwardsubject",
        "DOORWARDSUBJECT",
        "DoorwardLogin",
        "DoorwardDecision",
    ):
        for headers in (((name, "prs_admin"), cookies[proxy]), (cookies[proxy], (name, "prs_admin"))):
            answer = street.send(proxy, "/docs/a", "GET", *headers)
            assert (answer.status, answer.seen) == (403, None), name
        assert street.send(proxy, "/docs/a", "GET", (name, street.imani.id)).seen is None, name


@each
def test_nobody_has_the_proxy_drop_who_they_are(
    street: Street, cookies: dict[str, Header], proxy: str
) -> None:
    """What `Connection` names is dropped by some proxies before they pass a request on (RFC 9110, 7.6.1)."""
    for listed in ("close, DoorwardSubject", "doorwardsubject,DoorwardLogin", "keep-alive, DOORWARDSUBJECT"):
        answer = street.send(proxy, "/docs/a", "GET", cookies[proxy], ("Connection", listed))
        assert answer.seen is None or answer.identity == [street.imani.id], listed
    answer = street.send(
        proxy, "/docs/a", "GET", cookies[proxy], ("Connection", "close"), ("Connection", "DoorwardSubject")
    )
    assert answer.seen is None or answer.identity == [street.imani.id]


@each
def test_nobody_forges_path_method_host_or_proxy(
    street: Street, cookies: dict[str, Header], proxy: str
) -> None:
    forged = {"Method": "GET", "Uri": "/docs/a", "Url": "/docs/a", "Host": street.gate.origin(proxy)[7:],
              "Proto": "http", "Credential": f"Bearer {street.gate.secrets['nginx']}"}  # fmt: skip
    families = ("Doorward", "X-Original-", "X-Forwarded-", "X_Forwarded_", "X_Original_", "doorward")
    sent = [[(family + name, value) for name, value in forged.items()] for family in families]
    sent += [[("X-Rewrite-Url", "/docs/a")], [("X-HTTP-Method-Override", "GET")]]
    sent += [[header for headers in sent for header in headers]]

    for path, method in (("/docs/secret", "GET"), ("/docs/b", "DELETE"), ("/payroll", "GET")):
        for headers in sent:
            for order in ((cookies[proxy], *headers), (*headers, cookies[proxy])):
                answer = street.send(proxy, path, method, *order)
                assert answer.seen is None, (path, headers)
                assert answer.status in {401, 403}, (path, headers)


@each
def test_no_second_method_reaches_the_application_however_it_is_spelt(
    street: Street, cookies: dict[str, Header], proxy: str
) -> None:
    """A WSGI application reads `X_HTTP_Method_Override` as the name with `-`."""
    names = ("X-HTTP-Method-Override", "X_HTTP_Method_Override", "x_http-method_override", "X_HTTP_Method",
             "X-Method_Override")  # fmt: skip
    for name in names:
        answer = street.send(proxy, "/docs/a", "GET", cookies[proxy], (name, "DELETE"))
        passed = {name.lower() for name, _ in answer.seen["headers"]} if answer.seen else set()
        assert name.lower() not in passed


@each
def test_a_broker_that_is_down_lets_nobody_through(
    street: Street, cookies: dict[str, Header], proxy: str
) -> None:
    port = street.gate.shut[proxy]

    for headers in ((), (cookies[proxy],), (cookies[proxy], *BROWSER)):
        answer = send(port, f"{proxy}.localhost:{port}", "/docs/a", "GET", *headers)
        assert answer.status >= 500
        assert answer.seen is None


@each
def test_what_ended_closes_every_site_at_once(street: Street, proxy: str) -> None:
    grant = street.world.open(street.viewer, "web:wiki/docs/mine", "write").grant_id
    cookie = street.enter(proxy)
    before = street.send(proxy, "/docs/mine", "PUT", cookie)

    end_grant(street.world.parts, street.viewer, str(grant))
    after = street.send(proxy, "/docs/mine", "PUT", cookie)

    assert (before.status, after.status) == (200, 403)
