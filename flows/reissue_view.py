"""An admin or a sponsor looks at a request for a new key: what is asked, who touched, what is lacking."""

from __future__ import annotations

from domain.errors import NotFound
from flows.names import names_of
from flows.parts import Parts
from flows.reissue import open_request
from models.custody import Reissue


def request_page(parts: Parts, person_id: str) -> tuple[Reissue | None, dict[str, str]]:
    """Return the open request for a person, if there is one, and the names of who took part."""
    with parts.db.read() as session:
        row = open_request(session, person_id)
        ids = {id_ for id_ in (row.requested_by, row.admin_id, row.sponsor_id) if id_} if row else set()
        return row, names_of(session, ids)


def request_of(parts: Parts, person_id: str) -> Reissue:
    """Return the open request for a person. Raises NotFound."""
    row, _ = request_page(parts, person_id)
    if row is None:
        raise NotFound("no new key is asked for this person")
    return row
