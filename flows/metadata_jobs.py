"""The worker keeps what is known of key models up to date, each day.

Who attacks this: whoever serves the file (see ``flows.metadata_fetch``), and
time: a status that begins today was imported weeks ago.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from cryptography import x509
from sqlalchemy.orm import Session

from authn.metadata.blob import pinned_roots
from authn.metadata.entries import Payload
from authn.metadata.refused import MetadataRefused
from flows.jobs import Task, Work
from flows.key_standing import settle
from flows.metadata import imported, read_signed, refused_event
from flows.metadata_fetch import WHOLE_SECONDS, fetch
from flows.parts import Event, Parts

EVERY = timedelta(days=1)
BY = "-"
_LEASE = timedelta(seconds=2 * WHOLE_SECONDS)

REASSESS = Work(lambda session, parts, task: settle(session, parts, by=BY, now=task.now)[1], every=EVERY)
"""Judge every working key anew."""

NOT_FETCHING = Work(lambda _session, _parts, _task: ())
"""What is left of fetching where nobody says from where: a job of earlier days ends, and none follows."""


def fetching(url: str, *, roots: Sequence[x509.Certificate] | None = None) -> Work:
    """Return the job that fetches and imports what *url* serves. *roots* are the pinned ones but in tests."""
    trusted = pinned_roots() if roots is None else roots

    def prepare(parts: Parts, _payload: Mapping[str, Any]) -> Payload | MetadataRefused:
        raw = fetch(url)
        try:
            return read_signed(raw, roots=trusted, now=parts.clock.now())
        except MetadataRefused as refused:
            return refused

    def run(session: Session, parts: Parts, task: Task) -> Sequence[Event]:
        try:
            if isinstance(task.prepared, MetadataRefused):
                raise task.prepared
            return imported(session, parts, task.prepared, source=url, by=BY, now=task.now)[1]
        except MetadataRefused as refused:
            # Recorded, and done for today: what is served will not be better in a minute.
            return [refused_event(refused, source=url, by=BY)]

    return Work(run, prepare, every=EVERY, lease=_LEASE)
