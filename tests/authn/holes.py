"""Registrations with one defect each, and the reason by which Doorward names it.

HOLES are let through by the bare library, DEFECTS are not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from demo.wire import AT, BE, BS, ED, UP, UV, client_data_json, cose_key, to_base64url
from domain.authenticators import Anchor
from domain.key_refusals import KeyRefusal
from tests.authn.forgery import (
    ANCHORS,
    AUTHORITY,
    CHALLENGE,
    CREDENTIAL_KEY,
    FOREIGN_AUTHORITY,
    MADE,
    ORIGIN,
    OTHER_AAGUID,
    Certificate,
    Registration,
    anchor,
)

K = KeyRefusal
HONEST = to_base64url(CHALLENGE)
P384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
RSA = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
# Printed in FIDO U2F Raw Message Formats 1.2 (registration example); Chromium's virtual
# authenticator attests with it.
CHROMIUM = ec.derive_private_key(
    0xF3FCCC0D00D8031954F90864D43C247F4BF5F0665C6B50CC17749A27D1CF7664, ec.SECP256R1()
)
ONE = Certificate()
# A second model whose keys come from the same maker.
SHARED = (*ANCHORS, anchor(AUTHORITY.certificate, OTHER_AAGUID))
# The other maker is trusted, but only for the other model.
APART = (*ANCHORS, anchor(FOREIGN_AUTHORITY.certificate, OTHER_AAGUID))


def ec2(**changes: Any) -> bytes:
    """Return the honest COSE key with some parameters changed (kty, alg, crv, x, y)."""
    labels = {"kty": 1, "alg": 3, "crv": -1, "x": -2, "y": -3}
    key = cbor2.loads(cose_key(CREDENTIAL_KEY))
    return cbor2.dumps(key | {labels[name]: value for name, value in changes.items()})


@dataclass(frozen=True)
class Hole:
    """Something that the bare library lets through, and the reason to refuse it."""

    name: str
    code: KeyRefusal
    forgery: Registration
    roots: bool = False
    anchors: tuple[Anchor, ...] = field(default=ANCHORS)
    rules: dict[str, Any] = field(default_factory=dict)


HOLES = [
    Hole("no attestation, roots configured", K.ATTESTATION_MISSING, Registration(format="none"), roots=True),
    Hole(
        "self attestation, roots configured",
        K.ATTESTATION_SELF,
        Registration(statement={"x5c": None}, signer=CREDENTIAL_KEY),
        roots=True,
    ),
    Hole(
        "an empty list of certificates",
        K.ATTESTATION_SELF,
        Registration(statement={"x5c": []}, signer=CREDENTIAL_KEY),
        roots=True,
    ),
    Hole("a maker nobody trusts, no roots", K.ATTESTATION_CHAIN, Registration(authority=FOREIGN_AUTHORITY)),
    Hole(
        "a maker trusted for another model",
        K.ATTESTATION_CHAIN,
        Registration(authority=FOREIGN_AUTHORITY),
        roots=True,
        anchors=APART,
    ),
    Hole(
        "a model nobody trusts",
        K.NOT_CERTIFIED,
        Registration(aaguid=OTHER_AAGUID, certificate=Certificate(aaguid=OTHER_AAGUID)),
        roots=True,
    ),
    Hole("nothing is trusted at all", K.METADATA_STALE, Registration(), anchors=()),
    Hole(
        "an expired certificate, no roots",
        K.ATTESTATION_CHAIN,
        Registration(certificate=Certificate(ends=MADE + timedelta(days=1))),
    ),
    Hole(
        "a certificate of another unit",
        K.ATTESTATION_CERTIFICATE,
        Registration(certificate=Certificate(unit="Sales")),
        roots=True,
    ),
    Hole(
        "a certificate without country",
        K.ATTESTATION_CERTIFICATE,
        Registration(certificate=Certificate(country=None)),
        roots=True,
    ),
    Hole(
        "a certificate that is a CA",
        K.ATTESTATION_CERTIFICATE,
        Registration(certificate=Certificate(ca=True)),
        roots=True,
    ),
    Hole(
        "a certificate that does not say whether it is a CA",
        K.ATTESTATION_CERTIFICATE,
        Registration(certificate=Certificate(ca=None)),
        roots=True,
    ),
    Hole(
        "the maker itself as the key's certificate",
        K.ATTESTATION_CERTIFICATE,
        Registration(chain=[AUTHORITY.certificate.public_bytes(Encoding.DER)], signer=AUTHORITY.key),
        roots=True,
    ),
    Hole(
        "a critical AAGUID extension, no roots",
        K.ATTESTATION_CERTIFICATE,
        Registration(certificate=Certificate(aaguid_critical=True)),
    ),
    Hole(
        "an AAGUID extension of 15 bytes",
        K.ATTESTATION_CERTIFICATE,
        Registration(certificate=Certificate(aaguid_content=bytes(15))),
        roots=True,
    ),
    Hole(
        "a certificate of another model",
        K.AAGUID_MISMATCH,
        Registration(certificate=Certificate(aaguid=OTHER_AAGUID)),
        roots=True,
    ),
    Hole(
        "no model in the certificate, one maker of two models",
        K.AAGUID_EXTENSION_MISSING,
        Registration(certificate=Certificate(aaguid=None)),
        roots=True,
        anchors=SHARED,
    ),
    Hole(
        "an AAGUID of zeros",
        K.AAGUID_ZERO,
        Registration(aaguid="00000000-0000-0000-0000-000000000000", certificate=Certificate(aaguid=None)),
        roots=True,
        anchors=(anchor(AUTHORITY.certificate, "00000000-0000-0000-0000-000000000000"),),
    ),
    Hole(
        "Chromium's virtual authenticator",
        K.VIRTUAL_AUTHENTICATOR,
        Registration(certificate=Certificate(key=CHROMIUM)),
        roots=True,
    ),
    Hole(
        "a statement algorithm that is not the certificate's",
        K.ATTESTATION_SIGNATURE,
        Registration(signed_with=-36),
        roots=True,
    ),
    Hole("a synced passkey", K.SYNCED, Registration(flags=UP | UV | AT | BE), roots=True),
    Hole("a synced passkey with its copy", K.SYNCED, Registration(flags=UP | UV | AT | BE | BS), roots=True),
    Hole("no PIN", K.NO_PIN, Registration(flags=UP | AT), roots=True),
    Hole("a page in somebody's frame", K.CROSS_ORIGIN, Registration(client={"crossOrigin": True})),
    Hole("crossOrigin as a word", K.CROSS_ORIGIN, Registration(client={"crossOrigin": "no"})),
    Hole("a site around the page", K.TOP_ORIGIN, Registration(client={"topOrigin": ORIGIN})),
    Hole("another id than the signed one", K.CREDENTIAL_MISMATCH, Registration(response_id=b"other")),
    Hole("an id of 1024 bytes", K.CREDENTIAL_ID_SIZE, Registration(credential_id=bytes(1024))),
    Hole(
        "a signed id of 1024 bytes",
        K.CREDENTIAL_ID_SIZE,
        Registration(credential_id=bytes(1024), response_id=b"short"),
    ),
    Hole(
        "an RSA key",
        K.ALGORITHM_REFUSED,
        Registration(public_key=cbor2.dumps({1: 3, 3: -257, -1: RSA.n.to_bytes(256, "big"), -2: b"\1\0\1"})),
    ),
    Hole(
        "ES256 on P-384",
        K.ALGORITHM_CURVE_MISMATCH,
        Registration(public_key=ec2(crv=2, x=P384.x.to_bytes(48, "big"), y=P384.y.to_bytes(48, "big"))),
    ),
    Hole("EdDSA with a P-256 key", K.ALGORITHM_CURVE_MISMATCH, Registration(public_key=ec2(alg=-8))),
    Hole("a point that is not on the curve", K.MALFORMED, Registration(public_key=ec2(y=bytes(31) + b"\1"))),
    Hole("a short coordinate", K.MALFORMED, Registration(public_key=ec2(x=b"\1"))),
    Hole("bytes after the attestation object", K.MALFORMED, Registration(after_object=b"\0")),
    Hole("another member in the statement", K.MALFORMED, Registration(statement={"ver": "2.0"}), roots=True),
    Hole(
        "six certificates",
        K.TOO_LARGE,
        Registration(
            certificate=ONE, chain=[Registration(certificate=ONE).leaf().public_bytes(Encoding.DER)] * 6
        ),
    ),
    Hole(
        "an attestation object of 33 kB",
        K.TOO_LARGE,
        Registration(after_object=bytes(33 * 1024)),
    ),
    Hole(
        "a key twice in the client data",
        K.MALFORMED,
        Registration(
            client_data=b'{"type":"webauthn.get",' + client_data_json("webauthn.create", HONEST, ORIGIN)[1:]
        ),
    ),
    Hole(
        "client data in UTF-16",
        K.MALFORMED,
        Registration(
            client_data=client_data_json("webauthn.create", HONEST, ORIGIN).decode().encode("utf-16-le")
        ),
    ),
    Hole("a phone's passkey", K.REMOTE_KEY, Registration(transports=["hybrid", "internal"]), roots=True),
    Hole(
        "the computer's own passkey",
        K.REMOTE_KEY,
        Registration(hints={"authenticatorAttachment": "platform"}),
        roots=True,
    ),
    Hole(
        "a PIN of four digits where six are asked for",
        K.PIN_TOO_SHORT,
        Registration(flags=UP | UV | AT | ED, after_key=cbor2.dumps({"minPinLength": 4})),
        roots=True,
        rules={"min_pin_length": 6},
    ),
    Hole(
        "no word about the PIN where one is asked for",
        K.PIN_TOO_SHORT,
        Registration(hints={"clientExtensionResults": {"minPinLength": 8}}),
        roots=True,
        rules={"min_pin_length": 6},
    ),
    Hole(
        "a PIN length that is a word",
        K.PIN_TOO_SHORT,
        Registration(flags=UP | UV | AT | ED, after_key=cbor2.dumps({"minPinLength": "8"})),
        roots=True,
        rules={"min_pin_length": 6},
    ),
    Hole(
        "a PIN that is asked for only at times",
        K.PIN_NOT_ENFORCED,
        Registration(flags=UP | UV | AT | ED, after_key=cbor2.dumps({"credProtect": 2})),
        roots=True,
        rules={"cred_protect": 3},
    ),
    Hole("foreign characters in the challenge", K.CHALLENGE_MISMATCH, Registration(challenge=f"!{HONEST}~")),
]

DEFECTS = [
    (K.TYPE_MISMATCH, Registration(kind="webauthn.get")),
    (K.CHALLENGE_MISMATCH, Registration(challenge=to_base64url(bytes(32)))),
    (K.ORIGIN_MISMATCH, Registration(origin="https://door.example:8443")),
    (K.ORIGIN_MISMATCH, Registration(origin="https://door.example.evil.test")),
    (K.RP_MISMATCH, Registration(rp_id="evil.test")),
    (K.NO_TOUCH, Registration(flags=UV | AT)),
    (K.BACKUP_STATE, Registration(flags=UP | UV | AT | BS)),
    (K.ALGORITHM_REFUSED, Registration(public_key=ec2(alg=-35))),
    (K.ALGORITHM_REFUSED, Registration(public_key=ec2(alg=-9))),
    (K.MALFORMED, Registration(flags=UP | UV, attested=False)),
    (K.MALFORMED, Registration(flags=UP | UV | AT | ED)),
    (K.MALFORMED, Registration(flags=UP | UV | AT | ED, after_key=cbor2.dumps([1]) + b"\0")),
    (K.MALFORMED, Registration(after_key=b"\0")),
    (K.MALFORMED, Registration(client_data=b"\xff")),
    (K.MALFORMED, Registration(client_data=b"[]")),
    (K.MALFORMED, Registration(client_data=b'{"a":' * 1300)),
    (K.MALFORMED, Registration(chain=["text"])),
    (K.ATTESTATION_CERTIFICATE, Registration(chain=[b"no certificate"])),
    (K.ATTESTATION_U2F, Registration(format="fido-u2f")),
    (K.ATTESTATION_TPM, Registration(format="tpm")),
    (K.ATTESTATION_ANDROID, Registration(format="android-key")),
    (K.ATTESTATION_APPLE, Registration(format="apple")),
    (K.ATTESTATION_FORMAT, Registration(format="android-safetynet")),
    (K.ATTESTATION_FORMAT, Registration(format="compound")),
    (K.ATTESTATION_SIGNATURE, Registration(signer=ec.generate_private_key(ec.SECP256R1()))),
    (K.ATTESTATION_SIGNATURE, Registration(statement={"sig": b"no signature"})),
    (K.ATTESTATION_SIGNATURE, Registration(signed_with=-8)),
]
