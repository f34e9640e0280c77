"""What every request passes before a view runs: host, proxy, origin, size, identity of the request.

Who attacks this: a forged Host (poisoned links), forged forwarding headers (a
hosting address that claims to be at home), another site in the same browser
(cross-site request forgery), huge bodies. Everything here refuses before
anything is read.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from werkzeug.wrappers import Response as BaseResponse

from crypto.digests import equal, secret_digest, sha256_hex
from crypto.secrets import new_secret
from domain.errors import Forbidden, Invalid, Misdirected
from evidence.company import WINDOW
from web.state import browser_cookie, parts, session_cookie

Networks = Sequence[IPv4Network | IPv6Network]

MAX_BODY = 256 * 1024
LARGER = {"/admin/policy": 4 * MAX_BODY}
"""Where a form holds a whole set of rules: each comma is three characters there."""
FORWARDING = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-forwarded-uri",
    "x-forwarded-method",
    "x-original-url",
    "x-original-uri",
    "x-original-method",
    "x-original-host",
    "x-rewrite-url",
    "x-real-ip",
    "x-client-ip",
    "doorwardclient",
    "true-client-ip",
    "cf-connecting-ip",
    "via",
)
OTHER_HOSTS = ("/authz/envoy/", "/authz/site/envoy/")
"""Envoy passes a request on under the host that it was sent to: only a site of the service that the proxy
proves to be is answered for. No cookie of ours is read there, and no page is made."""
HEALTH = frozenset({"/livez", "/readyz", "/metrics"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self), "
    "camera=(), microphone=(), geolocation=()",
}


def install(app: Flask, *, trusted: Networks, proxy_header: str) -> None:
    """Install the checks and the answer headers on *app*."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY
    app.extensions["doorward_proxies"] = (tuple(trusted), proxy_header)
    app.before_request(_before)
    app.after_request(_after)


def _before() -> None:
    g.request_id = request_id_of(request.headers.get("X-Request-ID", ""))
    g.new_browser = None
    g.client_address = None  # not known yet: a refusal before it is shown as to a stranger
    if request.path in LARGER:
        request.max_content_length = request.max_form_memory_size = LARGER[request.path]
    trusted, proxy_header = current_app.extensions["doorward_proxies"]
    check_host()
    if parts().deployment.demo:
        refuse_foreign_forwarding(proxy_header)
    refuse_nul()
    if request.path not in HEALTH:
        g.client_address = client_address(
            request.remote_addr or "", request.headers.get(proxy_header, ""), trusted
        )


def request_id_of(presented: str) -> str:
    """Return the name of a request: what the caller gave it, if that is one, else a new one."""
    return presented if _REQUEST_ID.match(presented) else secrets.token_hex(12)


def check_host() -> None:
    """Refuse a request for another host than the public URL's, health checks excepted."""
    if request.path in HEALTH or request.path.startswith(OTHER_HOSTS):
        return
    expected = urlsplit(parts().deployment.public_url).netloc
    if request.host != expected:
        raise Misdirected("this host is not served here", remedy=f"Go to {parts().deployment.public_url}")


def refuse_nul() -> None:
    """Refuse NUL in path, query and form: no name holds it, and PostgreSQL cannot store it.

    The OAuth endpoints refuse it themselves, in OAuth's own format.
    """
    if request.path.startswith("/oauth/"):
        return
    texts = [request.path, *request.args.keys(), *request.args.values()]
    if request.mimetype in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        texts += [*request.form.keys(), *(v for values in request.form.listvalues() for v in values)]
    if any("\0" in text for text in texts):
        raise Invalid("the request holds the character NUL", code="nul")


def refuse_foreign_forwarding(proxy_header: str) -> None:
    """In the demo, answer 421 to every forwarding header but the one its own proxy declares."""
    for header in FORWARDING:
        if header != proxy_header and header in request.headers:
            raise Misdirected(f"the demo is served on localhost only, without `{header}`")


def client_address(peer: str, forwarded: str, trusted: Networks) -> str:
    """Return the client's address: the peer, or the right-most hop that no trusted proxy is.

    *forwarded* is the value of the one declared header. It is read only when
    the peer itself is a trusted proxy. A hop that is not an address refuses
    the request: a proxy that sends one cannot be believed about the others.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    address = _plain(peer)
    if not hops and _is_trusted(address, trusted):
        raise Invalid("the proxy did not say who the client is", code="client-address")
    while hops and _is_trusted(address, trusted):
        address = _plain(hops.pop())
    return address


def _plain(text: str) -> str:
    try:
        if "%" in text:
            raise ValueError("a scope is no part of an address")
        address = ip_address(text.strip("[]"))
    except ValueError as error:
        raise Invalid(f"`{text[:64]}` is not an address", code="client-address") from error
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _is_trusted(address: str, trusted: Networks) -> bool:
    parsed = ip_address(address)
    return any(parsed in network for network in trusted if network.version == parsed.version)


def browser() -> str:
    """Return the digest of this browser's own random cookie, making one for the answer if needed."""
    cookie = request.cookies.get(browser_cookie())
    if not cookie:
        if g.new_browser is None:
            g.new_browser = new_secret("dwo", parts().randomness)
        cookie = g.new_browser
    return secret_digest(cookie)


def csrf_token() -> str:
    """Return the token that forms of this browser and session must carry."""
    key = parts().ring.derive("csrf").hex()
    session = request.cookies.get(session_cookie(), "")
    return sha256_hex(f"{key}|{browser()}|{secret_digest(session)}".encode())


def require_same_origin() -> None:
    """Refuse an unsafe request that another site may have caused.

    Needs a same-origin `Origin` (or, where the browser sends none,
    `Sec-Fetch-Site: same-origin`) and the session-bound token.
    """
    require_from(parts().deployment.public_url)
    presented = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if not equal(presented, csrf_token()):
        raise Forbidden(
            "the page is too old", code="csrf-token", remedy="Load the page again, then try again."
        )


def headers_for(public_url: str) -> list[tuple[str, str]]:
    """Return the headers of every answer of the deployment at *public_url*."""
    strict = [("Strict-Transport-Security", "max-age=31536000")] if public_url.startswith("https://") else []
    return [*HEADERS.items(), *strict]


def require_from(page_origin: str) -> None:
    """Refuse an unsafe request that no page of *page_origin* made. Raises Forbidden."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    same = origin == page_origin if origin else site == "same-origin"
    if not same or site not in {None, "same-origin"}:
        raise Forbidden("the request came from another site", code="cross-site")


def _after(response: Response) -> Response:
    for name, value in headers_for(parts().deployment.public_url):
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html" or request.path.startswith(("/oauth", "/access", "/agent")):
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Request-ID"] = g.get("request_id", "-")
    if g.get("new_browser"):
        # As long as company is looked for; it is no authority, and links are bound to it.
        set_cookie(response, browser_cookie(), g.new_browser, keep=WINDOW)
    return response


def set_cookie(response: BaseResponse, name: str, value: str, *, keep: timedelta | None = None) -> None:
    """Set one of our cookies: host-only, Secure, HttpOnly, SameSite=Lax; for this session or *keep*."""
    response.set_cookie(name, value, max_age=keep, secure=True, httponly=True, samesite="Lax", path="/")
