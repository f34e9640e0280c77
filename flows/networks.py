"""An operator names networks: what an address means here, before any public table is asked."""

from __future__ import annotations

from ipaddress import ip_network
from typing import cast

from sqlalchemy.orm import Session

from evidence.networks import NamedNetwork, NetworkKind
from models.evidence import networks


def named_networks(session: Session) -> tuple[NamedNetwork, ...]:
    """Return the operator's overlay of named networks."""
    return tuple(
        NamedNetwork(ip_network(row.cidr), row.label, cast("NetworkKind", row.kind), row.country, row.asn)
        for row in networks(session)
    )
