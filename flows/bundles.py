"""The bundles that this process has compiled: made once, and from the one before where few lines changed.

Who asks for a bundle that is here waits for nobody. Who asks for a new one
waits until it is compiled, once for all threads: by an older one nothing may
be permitted any more. One that this version would refuse (an older one let more
pass) opens nothing, and keeps nobody from publishing what mends it.
"""

from __future__ import annotations

import logging
from threading import Lock

from sqlalchemy.orm import Session

from domain.errors import BundleInvalid
from models.policy import bundle_text
from policies.bundle import Bundle, load
from policies.succession import succeed

log = logging.getLogger("doorward.policy")
_KEPT = 8


class Compiled:
    """Bundles by the digest under which they were published, the newest last."""

    def __init__(self) -> None:
        self._bundles: dict[str, Bundle] = {}
        self._refused: set[str] = set()
        self._lock = Lock()

    def of(self, session: Session, digest: str) -> Bundle | None:
        """Return a published bundle; None if there is none of that digest, or it would be refused today.

        Its text is read only once.
        """
        if digest in self._refused:
            return None
        return self._bundles.get(digest) or self._made(session, digest)

    def keep(self, digest: str, bundle: Bundle) -> None:
        """Keep a bundle that is about to be published under *digest*, so that nobody waits for it."""
        with self._lock:
            self._put(digest, bundle)

    def _made(self, session: Session, digest: str) -> Bundle | None:
        with self._lock:
            bundle = self._bundles.get(digest)
            if bundle is None and (text := bundle_text(session, digest)) is not None:
                try:
                    bundle = self._put(digest, self._next(text))
                except BundleInvalid as refused:
                    log.error("the rules in force deny everything: %s", refused.message)
                    self._refused.add(digest)
            return bundle

    def _next(self, text: str) -> Bundle:
        newest = next(reversed(self._bundles.values()), None)
        return succeed(newest, text) if newest is not None else load(text)

    def _put(self, digest: str, bundle: Bundle) -> Bundle:
        self._bundles.pop(digest, None)  # what is published again is the newest again
        self._bundles[digest] = bundle
        while len(self._bundles) > _KEPT:
            del self._bundles[next(iter(self._bundles))]
        return bundle


COMPILED = Compiled()
"""Of this process. A bundle is immutable and named by its content: nothing in here can be out of date."""
