"""Take a browser's answer apart, sizes first.

Answers: which bytes did the browser present? Nothing here is checked against
anything: see ``authn.registration`` and ``authn.assertion``.
Source: Web Authentication Level 3, section 5.1 (RegistrationResponseJSON,
AuthenticationResponseJSON). Members that are not listed are ignored: they are
the client's unsigned word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authn.encoding import from_base64url, json_object
from authn.refused import Refused
from domain.key_refusals import KeyRefusal

MAX_TEXT = 96 * 1024
MAX_CREDENTIAL_ID = 1023
MAX_CLIENT_DATA = 8 * 1024
MAX_ATTESTATION_OBJECT = 32 * 1024
MAX_AUTHENTICATOR_DATA = 4 * 1024
MAX_SIGNATURE = 1024
MAX_USER_HANDLE = 64

_TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})
_TRANSPORTS_LIMIT = 8
_ATTACHMENTS = frozenset({"platform", "cross-platform"})
_REMOTE = "remote"
_REMOTE_LIMIT = 4
_NAME_LIMIT = 64

Presented = Mapping[str, object] | str | bytes


@dataclass(frozen=True, slots=True)
class Hints:
    """What the client says unsigned: it may count against a key, never for one.

    *attachment* is platform, cross-platform or unknown (None). *remote* names
    members that speak of a remote desktop (``remoteDesktopClientOrigin``,
    ``remoteClientDataJSON`` and their kin).
    """

    attachment: str | None
    remote: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PresentedRegistration:
    """What ``navigator.credentials.create()`` gave, decoded, not checked."""

    credential_id: bytes
    client_data: bytes
    attestation_object: bytes
    transports: tuple[str, ...]
    hints: Hints


@dataclass(frozen=True, slots=True)
class PresentedAssertion:
    """What ``navigator.credentials.get()`` gave, decoded, not checked."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None
    hints: Hints


def read_registration(presented: Presented) -> PresentedRegistration:
    """Return the parts of a registration response; raise Refused if it has another shape."""
    credential_id, response, hints = _credential(presented)
    return PresentedRegistration(
        credential_id=credential_id,
        client_data=_part(response, "clientDataJSON", MAX_CLIENT_DATA),
        attestation_object=_part(response, "attestationObject", MAX_ATTESTATION_OBJECT),
        transports=_transports(response.get("transports")),
        hints=hints,
    )


def read_assertion(presented: Presented) -> PresentedAssertion:
    """Return the parts of an authentication response; raise Refused if it has another shape."""
    credential_id, response, hints = _credential(presented)
    handle = response.get("userHandle")
    return PresentedAssertion(
        credential_id=credential_id,
        client_data=_part(response, "clientDataJSON", MAX_CLIENT_DATA),
        authenticator_data=_part(response, "authenticatorData", MAX_AUTHENTICATOR_DATA),
        signature=_part(response, "signature", MAX_SIGNATURE),
        user_handle=None if handle is None else from_base64url(handle, "userHandle", MAX_USER_HANDLE),
        hints=hints,
    )


def read_credential_id(presented: Presented) -> bytes:
    """Return the credential id of a response of either kind."""
    return _credential(presented)[0]


def _credential(presented: Presented) -> tuple[bytes, Mapping[str, Any], Hints]:
    members = _members(presented)
    if members.get("type") != "public-key":
        raise Refused(KeyRefusal.MALFORMED, "type is not public-key")
    credential_id = from_base64url(
        members.get("id"), "id", MAX_CREDENTIAL_ID, over=KeyRefusal.CREDENTIAL_ID_SIZE
    )
    if not credential_id:
        raise Refused(KeyRefusal.MALFORMED, "id is empty")
    if members.get("rawId") != members["id"]:
        raise Refused(KeyRefusal.MALFORMED, "rawId is not id")
    response = members.get("response")
    if not isinstance(response, Mapping):
        raise Refused(KeyRefusal.MALFORMED, "response is not an object")
    return credential_id, response, _hints(members, response)


def _hints(members: Mapping[str, object], response: Mapping[str, Any]) -> Hints:
    attachment = members.get("authenticatorAttachment")
    results = members.get("clientExtensionResults")
    return Hints(
        attachment if isinstance(attachment, str) and attachment in _ATTACHMENTS else None,
        remote_members(members, response, results),
    )


def remote_members(*objects: object) -> tuple[str, ...]:
    """Return the names of members that speak of a remote client, a few of them."""
    remote = [
        name[:_NAME_LIMIT]
        for one in objects
        if isinstance(one, dict)
        for name in one
        if isinstance(name, str) and name[: len(_REMOTE)].lower() == _REMOTE
    ]
    return tuple(dict.fromkeys(remote))[:_REMOTE_LIMIT] if remote else ()


def _members(presented: Presented) -> Mapping[str, object]:
    if isinstance(presented, str | bytes):
        if len(presented) > MAX_TEXT:
            raise Refused(KeyRefusal.TOO_LARGE, f"the response is longer than {MAX_TEXT}")
        text = presented if isinstance(presented, str) else presented.decode("utf-8")
        return json_object(text, "the response")
    if not isinstance(presented, Mapping):
        raise Refused(KeyRefusal.MALFORMED, "the response is not an object")
    return presented


def _part(response: Mapping[str, Any], name: str, limit: int) -> bytes:
    return from_base64url(response.get(name), name, limit)


def _transports(value: object) -> tuple[str, ...]:
    """Return the known transports; anything else is dropped, as it decides nothing."""
    if not isinstance(value, list | tuple):
        return ()
    known = [item for item in value[:_TRANSPORTS_LIMIT] if isinstance(item, str) and item in _TRANSPORTS]
    return tuple(dict.fromkeys(known))
