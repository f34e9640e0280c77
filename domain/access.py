"""Who wants to do what to which resource: the request of a decision.

Source: OpenID AuthZEN Authorization API 1.0, section 5 (subject, action,
resource, context).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.errors import Invalid

_ACTION = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")
_SEGMENT = r"(?!\.\.?(?:/|\Z))[A-Za-z0-9_~@.-]+"
canonical_resource = re.compile(
    rf"(?=.{{1,512}}\Z)(?!group:)([a-z][a-z0-9-]{{0,31}}):{_SEGMENT}(?:/{_SEGMENT})*\Z"
).match
"""Match a resource id, with its type as the only group; None for anything else. See :func:`resource_id`."""
RESERVED_TYPE = "doorward"
"""Type of Doorward's own resources: only the built-in bundle speaks of them."""
GROUP_TYPE = "group"
is_type = re.compile(r"[a-z][a-z0-9-]{0,31}\Z").match
"""Match the type of a resource or of an entity."""


class SubjectKind(StrEnum):
    """What kind of principal asks. Other types are those of stored entities."""

    PERSON = "person"
    SERVICE = "service"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Subject:
    """One principal: its kind (a SubjectKind, or the type of an entity) and its opaque id."""

    kind: str
    id: str

    @classmethod
    def of_key(cls, key: str) -> Subject:
        """Return the subject that *key* names: the key of an entity, ``type:id``, or the id of a person."""
        kind, colon, id_ = key.partition(":")
        return cls(kind, id_) if colon else cls(SubjectKind.PERSON, key)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


RESERVED_TYPES = frozenset({RESERVED_TYPE, GROUP_TYPE, "role", *SubjectKind})
"""What no entity can be: people, services and laptops are kept by themselves."""


def action_name(presented: str) -> str:
    """Return *presented* if it is the name of an action, else raise Invalid."""
    if not _ACTION.match(presented):
        raise Invalid(
            f"`{presented[:80]}` is not an action name",
            code="action-name",
            remedy="Use lower-case letters, digits, - and _, starting with a letter.",
        )
    return presented


def resource_id(presented: str) -> str:
    """Return *presented* if it is a canonical resource id, else raise Invalid.

    A resource id is ``type:path``: a lower-case type, then segments of
    unreserved characters parted by single slashes. There is no percent
    encoding, no empty segment, no ``.`` or ``..``, at most 512 characters: two
    spellings of one resource cannot exist, so a pattern cannot be walked
    around. The type ``group`` is kept for groups of resources.
    """
    if not canonical_resource(presented):
        raise Invalid(
            f"`{presented[:80]}` is not a resource id",
            code="resource-id",
            remedy="Write type:path, for example data:customer-logs or svc:telemetry/v1.",
        )
    return presented


def entity_id(type_: str, id_: str) -> str:
    """Return ``type:id`` of an entity: a resource id, of a type that is not reserved. Raises Invalid."""
    if type_ in RESERVED_TYPES or not is_type(type_):
        raise Invalid(
            f"`{type_[:80]}` is not a type of entities",
            code="entity-type",
            remedy=f"Use lower-case letters, digits and -, and none of {', '.join(sorted(RESERVED_TYPES))}.",
        )
    return resource_id(f"{type_}:{id_}")


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A question to the policy: may *subject* do *action* to *resource*?

    *attributes* are typed facts (see ``domain.attributes``) about this session
    and this moment; an absent one is unknown, and unknown never helps.
    """

    subject: Subject
    action: str
    resource: str
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Link:
    """A membership: *member* belongs to *group* (a role, project or resource group)."""

    member: str
    group: str
