"""Is this admin act theirs? Decided by the built-in bundle that publishing cannot alter.

Who attacks this: somebody with a role for something else (each area and action
is a rule), somebody with an admin's cookie and not their key (changes want a
touch of the last quarter of an hour).
"""

from __future__ import annotations

from audit.events import Event, EventKind
from domain.access import AccessRequest
from domain.decision import Decision
from domain.errors import Forbidden
from domain.reasons import ReasonCode
from flows.parts import Parts
from flows.session import Viewer
from policies.bundle import load_builtin
from policies.decide import decide


class TouchNeeded(Forbidden):
    """The act is theirs, and wants a fresh touch of the key first."""

    code = "touch-needed"
    title = "Touch your key first"


def may(parts: Parts, viewer: Viewer, action: str, area: str) -> bool:
    """Whether the viewer's roles let them do *action* to ``doorward:area``, once they have touched."""
    return _decide(parts, viewer, action, area, touch_age=0).permitted


def require(parts: Parts, viewer: Viewer, action: str, area: str) -> None:
    """Raise Forbidden, after recording it, unless the viewer may do *action* to ``doorward:area`` now."""
    age = int((parts.clock.now() - viewer.touched_at).total_seconds())
    decision = _decide(parts, viewer, action, area, touch_age=age)
    if decision.permitted:
        return
    if decision.reason.code is ReasonCode.TOUCH_STALE:
        raise TouchNeeded("this wants a fresh touch of your key", remedy="Touch your key, then do it again.")
    with parts.db.write() as session:
        details = {"action": action, "area": area}
        refused = Event(EventKind.ADMIN_REFUSED, viewer.person_id, viewer.person_id, details)
        parts.commit(session, refused)
    raise Forbidden(
        f"your roles do not let you {action} {area}", remedy="Ask an admin to do it, or for the role."
    )


def _decide(parts: Parts, viewer: Viewer, action: str, area: str, *, touch_age: int) -> Decision:
    request = AccessRequest(viewer.subject, action, f"doorward:{area}", {"touch_age": touch_age})
    return decide(request, bundle=load_builtin(), assignments=viewer.roles, now=parts.clock.now())
