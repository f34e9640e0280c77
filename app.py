"""Wiring: the one module that knows every part and puts the application together."""

from __future__ import annotations

import atexit
import logging
import sys
from dataclasses import dataclass

from flask import Flask
from pythonjsonlogger.json import JsonFormatter
from sqlalchemy.engine import make_url

from crypto.jws import Signer
from crypto.keyring import RootKeyUnusable, create_root_key, read_root_key
from domain.key_rules import KeyRules
from domain.limits import Limits
from domain.ports import Clock, Ids, Randomness, SystemClock, SystemRandomness, TimeOrderedIds
from evidence.tables import Tables
from evidence.weights import DEFAULT_WEIGHTS
from flows.decision_log import DecisionLog
from flows.instance import load_signer, open_instance
from flows.memory import Memory
from flows.parts import Parts
from migrations.run import require_current
from models.engine import Database
from models.instance import signing_keys
from settings import COSE, Settings, read_settings
from web.application import make
from web.observe import count_event

log = logging.getLogger("doorward")


@dataclass(frozen=True, slots=True)
class Outside:
    """Time, ids and randomness; a test gives its own."""

    clock: Clock
    ids: Ids
    randomness: Randomness


REAL = Outside(SystemClock(), TimeOrderedIds(), SystemRandomness())


def create_app() -> Flask:
    """Return the application of this process's environment (the WSGI factory)."""
    settings, warnings = read_settings()
    configure_logging(settings.log_level)
    for warning in warnings:
        log.warning(warning)
    parts = build_parts(settings)
    atexit.register(parts.close)
    return compose(settings, parts)


def compose(settings: Settings, parts: Parts) -> Flask:
    """Return the application around *parts*."""
    return make(
        parts,
        trusted_proxies=settings.trusted_proxies,
        proxy_header=settings.proxy_header,
        metrics_from=settings.metrics_from,
    )


def build_parts(settings: Settings, outside: Outside = REAL) -> Parts:
    """Open the database of *settings* and everything a flow needs. Refuses another schema or name."""
    db = Database(settings.database_url, max_staleness=settings.max_staleness)
    try:
        return _open(settings, outside, db)
    except BaseException:
        db.dispose()
        raise


def _open(settings: Settings, outside: Outside, db: Database) -> Parts:
    deployment = open_instance(db, public_url=settings.public_url, rp_id=settings.relying_party_id)
    require_current(db)
    ring = read_root_key(settings.root_key)
    with db.read() as session:
        signer: Signer = load_signer(session, "token", ring)
        keys = tuple(row.public_jwk for row in signing_keys(session, "token"))
    return Parts(
        db=db,
        clock=outside.clock,
        ids=outside.ids,
        randomness=outside.randomness,
        ring=ring,
        deployment=deployment,
        limits=Limits(
            token=settings.token_lifetime,
            grant=settings.grant_lifetime,
            session_idle=settings.session_idle,
            session=settings.session_lifetime,
            presence_window=settings.presence_window,
            reissue_cool_down=settings.reissue_cool_down,
            clock_difference=settings.max_clock_difference,
        ),
        key_rules=key_rules(settings),
        tables=Tables.packaged(),
        weights=DEFAULT_WEIGHTS,
        token_signer=signer,
        token_keys=keys,
        memory=Memory(db),
        log=DecisionLog(db, settings.decisions, clock=outside.clock, ids=outside.ids),
        watch=count_event,
    )


def key_rules(settings: Settings) -> KeyRules:
    """Return what a key must be by *settings*."""
    return KeyRules(
        formats=frozenset(settings.key_formats),
        algorithms=tuple(COSE[name] for name in settings.key_algorithms),
        level=settings.key_level,
        protection=settings.key_protection,
        min_pin_length=settings.key_pin_length,
        cred_protect=settings.key_cred_protect,
        metadata_grace=settings.metadata_grace,
        enterprise=settings.enterprise_attestation,
        inventory=settings.key_inventory,
    )


def ensure_root_key(settings: Settings, outside: Outside = REAL) -> None:
    """On embedded SQLite make the root key at first start; elsewhere it must be there."""
    embedded = make_url(settings.database_url).get_backend_name() == "sqlite"
    if embedded and settings.root_key_file is None and not settings.root_key.exists():
        try:
            settings.root_key.parent.mkdir(parents=True, exist_ok=True)
            create_root_key(settings.root_key, outside.randomness)
        except OSError as error:
            raise RootKeyUnusable(
                f"the root key file `{settings.root_key}` cannot be made: {error.strerror}",
                remedy="Let DOORWARD_DATABASE_URL name a file in a folder that can be written to.",
            ) from error


def configure_logging(level: str) -> None:
    """Log JSON lines to standard error. The engine's own access lines are off: ours name routes only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
