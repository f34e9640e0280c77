"""A web site behind a proxy that asks us: which question is a request at it?

Answers: which origin is this, which action is this method, which resource is
this path? Knows nothing of sessions or rules. Two readers of one path (this
one, and the application behind the proxy) must never see two resources: what
has a second spelling is refused, not mended.
Source: RFC 9110, sections 7.1 (target), 9.2.1 (safe methods); RFC 3986,
section 6.2 (normalisation); RFC 6454 (origin).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from domain.access import canonical_resource
from domain.errors import Forbidden, Invalid

DIALECTS = ("nginx", "caddy", "traefik", "apache", "envoy")
OWN = "/.doorward"
"""Path of every site under which the proxy passes requests on to us, unasked."""
CALLBACK = OWN + "/callback"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSED = frozenset({"TRACE", "CONNECT"})
_METHOD = re.compile(r"[A-Z]{1,32}(?:-[A-Z]{1,32})*\Z")
_TARGET = re.compile(r"/[\x21-\x7e]{0,8191}\Z")
_HOST = re.compile(r"(?=.{1,253}(?::|\Z))[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?\Z")
_PORTS = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, slots=True)
class Site:
    """One origin, and the resource that its root is. Paths lie below it, or it is decided as a *whole*."""

    origin: str
    resource: str
    whole: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Site:
        return cls(stored["origin"], stored["resource"], bool(stored["whole"]))

    def stored(self) -> dict[str, Any]:
        return {"origin": self.origin, "resource": self.resource, "whole": self.whole}

    @property
    def callback(self) -> str:
        return self.origin + CALLBACK

    def address_of(self, resource: str) -> str:
        """Return where *resource*, which is this site's or below it, is found."""
        return self.origin + (resource.removeprefix(self.resource) or "/")


def checked_site(site: Site) -> Site:
    """Return *site* in its one spelling, or raise Invalid."""
    try:
        parts = urlsplit(site.origin)
        host, found = parts.hostname or "", origin(parts.scheme, parts.netloc.lower())
    except ValueError:
        host, found = "", None
    local = host == "localhost" or host.endswith(".localhost")
    if found is None or site.origin.lower().rstrip("/") not in {found, found + _PORTS[parts.scheme]}:
        raise Invalid(
            f"`{site.origin[:120]}` is not an origin", code="site", remedy="Write https://wiki.example.org."
        )
    if parts.scheme == "http" and not local:
        raise Invalid(
            "a site is served by https (http on localhost only)", code="site", remedy="Serve it by https."
        )
    if not canonical_resource(site.resource):
        raise Invalid(
            f"`{site.resource[:120]}` is not a resource", code="site", remedy="Write web:wiki, for example."
        )
    return Site(found, site.resource, site.whole)


def origin(scheme: str, host: str) -> str | None:
    """Return the origin of a request, in its one spelling, or None if there is none."""
    if scheme not in _PORTS or not _HOST.match(host):
        return None
    return f"{scheme}://{host.removesuffix(_PORTS[scheme])}"


def action_of(method: str) -> str:
    """Return `read` for a safe method, `write` for any other. Raises Forbidden for what no site serves."""
    if not _METHOD.match(method) or method in _REFUSED:
        raise Forbidden("this method is not served", code="method-refused")
    return "read" if method in _SAFE else "write"


def resource_of(site: Site, target: str) -> str:
    """Return the resource that the request target *target* names at *site*.

    The query is dropped, and one slash at the end. Raises Forbidden for a path
    that is ours, or that has more than one spelling.
    """
    if not _TARGET.match(target) or "#" in target or ",/" in target:
        raise Forbidden("the address of the request is malformed", code="target-malformed")
    path = target.partition("?")[0]
    if path.lower().startswith(OWN):
        raise Forbidden(
            f"`{OWN}` is Doorward's own",
            code="path-reserved",
            remedy=f"An operator must let the proxy pass {OWN}/ on to Doorward without asking first.",
        )
    if site.whole:
        return site.resource
    found = site.resource + path.removesuffix("/")
    if not canonical_resource(found):
        raise Forbidden(
            "the address has more than one spelling, or one that no resource has",
            code="path-ambiguous",
            remedy="Use letters, digits, -, ., _, ~ and @ between single slashes, and nothing encoded.",
        )
    return found


def question_at(sites: Sequence[Site], method: str, address: str) -> tuple[str, str]:
    """Return the action and the resource that a request becomes, as if its proxy had asked.

    Raises Forbidden as the door does; `outside-scope` for an address on none of *sites*.
    """
    scheme, _, rest = address.partition("://")
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    asked = origin(scheme.lower(), rest[:cut].lower())
    site = next((site for site in sites if site.origin == asked), None)
    if site is None:
        raise Forbidden("this is no address of the service's sites", code="outside-scope")
    return action_of(method), resource_of(site, rest[cut:] or "/")


def local_target(presented: str) -> str:
    """Return *presented* if it is a target on the same origin, else `/`. Never another site, never ours."""
    odd = not _TARGET.match(presented) or presented.startswith("//") or "\\" in presented or "#" in presented
    return "/" if odd or presented.lower().startswith(OWN) else presented
