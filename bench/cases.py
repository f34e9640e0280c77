"""What is measured, and against what.

`webauthn.*` against bare py_webauthn with the same JSON, and against one bare
signature check; `decision.*` and `policy.*`: see ``bench.decisions``; `token.*`
against the bare signature; `audit.*` and `live.*` against one bare durable
commit; `http.*` against a bare WSGI function. Each is a generator of results.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from sqlalchemy import text
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.structs import AttestationFormat
from werkzeug.test import Client

from audit.events import Event, EventKind
from authn.assertion import verify_assertion
from authn.registration import verify_registration
from authn.trust import Trust
from bench.company import Bench, asking_service, bench_world
from bench.decisions import compiling, decisions
from bench.http import http
from bench.measure import Result, compare
from bench.metadata import metadata
from demo.wire import to_base64url
from domain.authenticators import Anchor, StoredCredential, VerifiedAssertion, VerifiedRegistration
from evidence.assess import assess
from flows.evaluate import evaluate
from flows.pep import Question
from models.evidence import observations_for
from tests.world import AAGUID, NOON

Case = Callable[[], Iterator[Result]]
CHALLENGE = b"c" * 32
ORIGIN = "http://localhost:8080"
OPTIONS = {
    "rp": {"id": "localhost", "name": "x"},
    "user": {"id": "dXNlcg", "name": "i", "displayName": "I"},
    "challenge": "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M",
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    "excludeCredentials": [],
}


def ceremonies() -> Iterator[Result]:
    """Both from the same parsed JSON; the library is given the root, so that both check the chain."""
    with _bench() as bench:
        made = bench.key.register(OPTIONS, ORIGIN)
        trust = Trust((Anchor(AAGUID, bench.authority_der, "bench"),))
        root = load_der_x509_certificate(bench.authority_der).public_bytes(Encoding.PEM)

        def register() -> object:
            return verify_registration(
                made, challenge=CHALLENGE, origin=ORIGIN, rp_id="localhost", trust=trust, now=NOON
            )

        def library() -> object:
            return verify_registration_response(
                credential=made,
                expected_challenge=CHALLENGE,
                expected_rp_id="localhost",
                expected_origin=ORIGIN,
                require_user_verification=True,
                pem_root_certs_bytes_by_fmt={AttestationFormat.PACKED: [root]},
            )

        found = register()
        assert isinstance(found, VerifiedRegistration), found
        raw = _raw_verification()
        yield compare(
            "webauthn.registration", register, library, against="py_webauthn with its root", inner=20
        )
        yield compare("webauthn.registration.raw", register, raw, against="bare P-256 verify", inner=20)
        yield from _assertions(bench, found, raw)


def _assertions(bench: Bench, found: VerifiedRegistration, raw: Callable[[], object]) -> Iterator[Result]:
    asked = {
        "rpId": "localhost",
        "challenge": OPTIONS["challenge"],
        "allowCredentials": [{"type": "public-key", "id": to_base64url(found.credential_id)}],
    }
    answer = bench.key.sign(asked, ORIGIN)
    stored = StoredCredential(
        "key_1", found.credential_id, found.public_key, 0, found.backup_eligible, found.algorithm
    )

    def sign_in() -> object:
        return verify_assertion(
            answer,
            challenge=CHALLENGE,
            origin=ORIGIN,
            rp_id="localhost",
            allowed_ids=[found.credential_id],
            credential=stored,
            user_handle=b"user",
            sign_count_at_issue=0,
        )

    def library() -> object:
        return verify_authentication_response(
            credential=answer,
            expected_challenge=CHALLENGE,
            expected_rp_id="localhost",
            expected_origin=ORIGIN,
            credential_public_key=found.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )

    assert isinstance(sign_in(), VerifiedAssertion)
    yield compare("webauthn.assertion", sign_in, library, against="py_webauthn", inner=40)
    yield compare("webauthn.assertion.raw", sign_in, raw, against="bare P-256 verify", inner=40)


def _raw_verification() -> Callable[[], object]:
    key = ec.generate_private_key(ec.SECP256R1())
    message, algorithm = b"m" * 69, ec.ECDSA(SHA256())
    signature, public = key.sign(message, algorithm), key.public_key()
    return lambda: public.verify(signature, message, algorithm)


def evidence() -> Iterator[Result]:
    with _bench() as bench:
        with bench.world.parts.db.read() as session:
            seen = observations_for(session, bench.viewer.person_id, bench.viewer.session_id)
        weights = bench.world.parts.weights
        numbers = [len(seen)] * 1000
        yield compare(
            "evidence.assess",
            lambda: assess(
                seen, session=bench.viewer.session_id, weights=weights, now=NOON, assessment_id="ase_1"
            ),
            lambda: sum(numbers),
            against="sum of 1,000 integers",
            inner=20,
        )


def tokens() -> Iterator[Result]:
    with _bench() as bench:
        signer = bench.world.parts.token_signer
        private = ec.generate_private_key(ec.SECP256R1())
        claims = {"iss": ORIGIN, "sub": "prs_1", "aud": "x", "exp": 1, "iat": 1, "jti": "1"}
        yield compare(
            "token.sign",
            lambda: signer.sign(claims, typ="at+jwt"),
            lambda: private.sign(b"x" * 200, ec.ECDSA(SHA256())),
            against="bare ES256 signature",
            inner=100,
        )


def durable() -> Iterator[Result]:
    with _bench() as bench:
        parts = bench.world.parts

        def bare() -> None:
            with parts.db.write() as session:
                session.execute(text("UPDATE instance SET trust_revision = trust_revision + 1"))
                session.commit()

        def record() -> None:
            with parts.db.write() as session:
                parts.commit(session, Event(EventKind.LOGIN, "prs_1", "prs_1", {"n": 1}))

        service, _ = asking_service(bench.world)
        question = Question("person", bench.viewer.person_id, "read", "data:logs")

        def live() -> None:
            evaluate(parts, service, question)

        yield compare("audit.append", record, bare, against="bare SQLite commit (FULL)", inner=10)
        yield compare("live.check", live, bare, against="bare SQLite commit (FULL)", inner=10)


def pages() -> Iterator[Result]:
    with _bench() as bench:
        client = bench.world.app().test_client()
        bare = _bare_client()
        client.set_cookie("__Host-doorward-session", bench.contractor.cookie)
        yield compare(
            "http.livez", lambda: client.get("/livez"), lambda: bare.get("/"), against="bare WSGI", inner=20
        )
        yield compare(
            "http.my_access",
            lambda: client.get("/access", base_url=ORIGIN, headers={"Accept": "text/html"}),
            lambda: client.get("/livez"),
            against="/livez of the same app",
            inner=5,
            rounds=11,
        )


def _bench() -> _Folder:
    return _Folder()


class _Folder:
    """A bench world in a folder that goes away."""

    def __enter__(self) -> Bench:
        self._folder = tempfile.TemporaryDirectory()
        self._bench = bench_world(Path(self._folder.name), began=NOON - timedelta(days=1))
        return self._bench

    def __exit__(self, *_exception: object) -> None:
        self._bench.world.parts.close()
        self._folder.cleanup()


def _bare_client() -> Client:
    def application(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"status":"alive"}']

    return Client(application)


CASES: tuple[Case, ...] = (ceremonies, metadata, decisions, compiling, evidence, tokens, durable, pages, http)
