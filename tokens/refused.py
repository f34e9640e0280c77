"""An OAuth request that is refused: OAuth's own error code, in OAuth's own words.

Source: RFC 6749, sections 4.1.2.1 and 5.2; RFC 8707, section 2 (invalid_target).
"""

from __future__ import annotations

from authlib.oauth2.rfc6749 import OAuth2Error


class OAuthRefused(Exception):
    """The request is refused with an OAuth error *code*; *description* is ASCII and safe to show."""

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status


class Untrusted(OAuthRefused):
    """The client or its redirect address is not known: tell the person on a page, redirect nowhere."""

    def __init__(self, description: str) -> None:
        super().__init__("invalid_request", description)


class InvalidTarget(OAuth2Error):  # type: ignore[misc]
    """The resource is missing, repeated, malformed, or nobody guards it."""

    error = "invalid_target"


def authlib_error(refused: OAuthRefused) -> OAuth2Error:
    """Return *refused* in the form that Authlib's machinery carries."""
    return OAuth2Error(refused.description, error=refused.code, status_code=refused.status)
