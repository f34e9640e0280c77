"""Verify a signed BLOB of the FIDO Metadata Service.

Answers: did FIDO sign this, by a certificate that is valid now and that leads
to one of the two roots pinned here? What it says is ``authn.metadata.entries``;
whether it is newer than the last one is the flow's.
Revocation of the signer is not asked for: no network is used. A stolen signing
key is bounded by its certificate's end and by ``no`` and ``nextUpdate``.
Source: FIDO Metadata Service 3.0, section 3.2; RFC 5280, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from authn.metadata.refused import MetadataRefused
from crypto.certified_jws import CertifiedJws, read, verified_payload
from crypto.jws import SignatureInvalid

SIGNER = "mds.fidoalliance.org"
MAX_BLOB_BYTES = 64 * 1024 * 1024
_ROOTS = ("globalsign-r3.pem", "globalsign-r46.pem")


@cache
def pinned_roots() -> tuple[x509.Certificate, ...]:
    """Return the roots that come with this release: the only ones that production uses."""
    folder = files("authn.metadata") / "roots"
    return tuple(x509.load_pem_x509_certificate((folder / name).read_bytes()) for name in _ROOTS)


def verify_blob(raw: bytes, *, roots: Sequence[x509.Certificate], now: datetime) -> bytes:
    """Return the payload of *raw* if FIDO signed it. Raises MetadataRefused.

    *roots* are ``pinned_roots()`` everywhere but in tests. *now* is aware and
    the time at which the certificates must be valid. The order is: size, shape,
    path, signature; the payload is decoded last.
    """
    if len(raw) > MAX_BLOB_BYTES:
        raise MetadataRefused(f"the file is larger than {MAX_BLOB_BYTES >> 20} MB", code="metadata-size")
    try:
        jws = read(raw.strip())
        _check_path(jws, roots, now)
        return verified_payload(jws)
    except SignatureInvalid as error:
        raise MetadataRefused(
            f"the metadata is not signed as FIDO signs it: {error}",
            code="metadata-signature",
            remedy="Fetch the file anew, unchanged, from FIDO.",
        ) from error


def _check_path(jws: CertifiedJws, roots: Sequence[x509.Certificate], now: datetime) -> None:
    """Raise MetadataRefused unless some path leads from the signer to a root.

    Any path counts: where a root was signed by an older one, the chain may
    name either, and the authority of the signer may come in any order.
    """
    signer, *above = jws.certificates
    try:
        policy = PolicyBuilder().store(Store(list(roots))).time(now.astimezone(UTC).replace(tzinfo=None))
        policy.build_server_verifier(x509.DNSName(SIGNER)).verify(signer, above)
        # The path may leave a signer without any usage; FIDO's has this one.
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.SERVER_AUTH not in usage:
            raise ValueError("the signer is not a server")
    except (VerificationError, ValueError, x509.ExtensionNotFound) as error:
        raise MetadataRefused(
            f"no valid path leads from the signer of the metadata to FIDO's authorities: {error}",
            code="metadata-path",
            remedy="If FIDO has changed its authority, update Doorward.",
        ) from error
