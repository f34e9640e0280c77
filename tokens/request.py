"""The parameters of an OAuth request, read strictly, in the form Authlib reads.

Answers: which parameters were sent? A parameter without a value counts as not
sent, one that is sent twice refuses the request (two readers would see two
requests), and so does anything but printable ASCII: Authlib puts presented
text into error descriptions and raises where the text is not allowed there.
Source: RFC 6749, sections 3.1, 3.2 and appendix A.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, OAuth2Request

from tokens.refused import OAuthRefused

MAX_VALUE = 16 * 1024
_VSCHAR = re.compile(r"[\x20-\x7e]*\Z")


def read_fields(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the parameters. Raises OAuthRefused: `invalid_request`, for two resources `invalid_target`."""
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            code = "invalid_target" if name == "resource" else "invalid_request"
            raise OAuthRefused(code, "a parameter appears twice")
        if len(value) > MAX_VALUE or not _VSCHAR.match(name) or not _VSCHAR.match(value):
            raise OAuthRefused("invalid_request", "a parameter is too long or not printable ASCII")
        fields[name] = value
    return {name: value for name, value in fields.items() if value}


def certain_fields(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the parameters of a refused request that are beyond doubt: sent once, and well-formed."""
    names = [name for name, _ in pairs]
    return {
        name: value
        for name, value in pairs
        if names.count(name) == 1 and 0 < len(value) <= MAX_VALUE and _VSCHAR.match(value)
    }


class Request(OAuth2Request):  # type: ignore[misc]
    """An OAuth request made of strictly read parameters."""

    def __init__(self, method: str, uri: str, fields: Mapping[str, str]) -> None:
        super().__init__(method, uri)
        self.fields = dict(fields)
        self.payload = BasicOAuth2Payload(self.fields)

    @property
    def args(self) -> dict[str, str]:
        return self.fields

    @property
    def form(self) -> dict[str, str]:
        return self.fields
