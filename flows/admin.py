"""Is this admin act theirs? Decided by the built-in bundle that publishing cannot alter."""

from __future__ import annotations

from audit.events import Event, EventKind
from domain.access import AccessRequest
from domain.errors import Forbidden
from flows.parts import Parts
from flows.session import Viewer
from policies.bundle import load_builtin
from policies.decide import decide


def may(parts: Parts, viewer: Viewer, action: str, area: str) -> bool:
    """Whether the viewer's roles let them do *action* to ``doorward:area``."""
    request = AccessRequest(viewer.subject, action, f"doorward:{area}")
    decision = decide(request, bundle=load_builtin(), assignments=viewer.roles, now=parts.clock.now())
    return decision.permitted


def require(parts: Parts, viewer: Viewer, action: str, area: str) -> None:
    """Raise Forbidden, after recording it, unless the viewer may do *action* to ``doorward:area``."""
    if may(parts, viewer, action, area):
        return
    with parts.db.write() as session:
        parts.commit(
            session,
            Event(
                EventKind.ADMIN_REFUSED, viewer.person_id, viewer.person_id, {"action": action, "area": area}
            ),
        )
    raise Forbidden(
        f"your roles do not let you {action} {area}", remedy="Ask an admin to do it, or for the role."
    )
