"""Proof key for code exchange: S256, for every client, at both endpoints.

Source: RFC 7636; RFC 9700, section 2.1.1.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge

from crypto.secrets import base64url

METHOD = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")


def s256(verifier: str) -> str:
    """Return the challenge that belongs to *verifier*."""
    return base64url(hashlib.sha256(verifier.encode("ascii")).digest())


class StrictPkce(CodeChallenge):  # type: ignore[misc]
    """Authlib's extension without `plain`, and required of confidential clients too."""

    DEFAULT_CODE_CHALLENGE_METHOD = METHOD
    SUPPORTED_CODE_CHALLENGE_METHOD = (METHOD,)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ARG002
        """Require a well-formed S256 challenge before a code exists."""
        sent = grant.request.payload.data
        if sent.get("code_challenge_method") != METHOD:
            raise InvalidRequestError("code_challenge_method must be S256")
        if not _CHALLENGE.match(sent.get("code_challenge", "")):
            raise InvalidRequestError("code_challenge must be 43 base64url characters")

    def validate_code_verifier(self, grant: Any, result: None) -> None:  # noqa: ARG002
        """Require the verifier that the challenge was made of."""
        verifier = grant.request.form.get("code_verifier", "")
        if not _VERIFIER.match(verifier):
            raise InvalidRequestError("code_verifier must be 43 to 128 unreserved characters")
        challenge = grant.request.authorization_code.code_challenge
        if not hmac.compare_digest(s256(verifier), challenge):
            raise InvalidGrantError("code_verifier does not match")
