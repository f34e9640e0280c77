"""Which observations still speak, at one moment, for one session.

Answers: is this adverse fact still in force, and may this other one be used in
favour? Two rules carry the law that withholding never pays:

- *Adverse*: what was seen on a laptop stays in force, past its expiry and into
  the person's later sessions, until a later observation of the same kind and
  device, bound at least as strongly, shows its end. What was seen on a network
  belongs to the session that came from it, and follows nobody elsewhere.
- *In favour*: only what is unexpired, of this very session, and received by now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.evidence import Binding, Family, Kind, Observation
from evidence.weights import family_of


@dataclass(frozen=True, slots=True)
class Standing:
    """The observations of one kind that speak: *adverse* in force, *usable* not adverse.

    *usable* holds every binding; who asks decides which binding is enough.
    """

    adverse: tuple[Observation, ...]
    usable: tuple[Observation, ...]

    def best_binding(self) -> Binding | None:
        """Return the strongest binding among the usable; None if there is none."""
        return max((o.binding for o in self.usable), default=None)

    def meets(self, binding: Binding) -> bool:
        """Return whether a usable fact is bound by *binding*, and no adverse one is in force."""
        best = self.best_binding()
        return not self.adverse and best is not None and best >= binding


def standing(
    observations: Iterable[Observation], kind: Kind, *, session: str | None, now: datetime
) -> Standing:
    """Return what speaks of *kind*. *observations* are those of one person."""
    of_kind = [o for o in observations if o.kind is kind and _concerns(o, session)]
    clean = [o for o in of_kind if not o.adverse and o.received_at <= now]
    adverse = [o for o in of_kind if o.adverse and not any(_ends(later, o) for later in clean)]
    usable = [o for o in clean if session is not None and o.session == session and now < o.expires_at]
    return Standing(tuple(adverse), tuple(usable))


def _concerns(observation: Observation, session: str | None) -> bool:
    """Return whether *observation* can matter to *session* at all."""
    if family_of(observation.kind) is Family.NETWORK:
        return session is not None and observation.session == session
    return True


def _ends(clean: Observation, adverse: Observation) -> bool:
    """Return whether *clean* shows the end of *adverse*.

    Both clocks must agree on "later": ours, which a laptop cannot set, and the
    laptop's, so that an old look that arrives late ends nothing.
    """
    return (
        clean.device == adverse.device
        and clean.binding >= adverse.binding
        and clean.received_at > adverse.received_at
        and clean.observed_at >= adverse.observed_at
    )
