"""SQLAlchemy tables, each with its query functions taking `session`.

Answers: what is stored? Knows no rule of any room. Lock order, for every
transaction that takes more than one lock: person → credential → service →
session → grant → code or token → audit head.
"""

from models import (
    access,
    audit,
    catalog,
    changes,
    custody,
    devices,
    entities,
    evidence,
    instance,
    jobs,
    keys,
    metadata,
    people,
    policy,
    presence,
    sessions,
    sites,
    touches,
    uses,
)
from models.base import Base

__all__ = [
    "Base",
    "access",
    "audit",
    "catalog",
    "changes",
    "custody",
    "devices",
    "entities",
    "evidence",
    "instance",
    "jobs",
    "keys",
    "metadata",
    "people",
    "policy",
    "presence",
    "sessions",
    "sites",
    "touches",
    "uses",
]
