"""The load document: what it may hold, and reading it strictly. Documented in ``docs/load.md``."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from domain.errors import Invalid
from domain.plain_json import read_object
from evidence.networks import NetworkKind
from flows.entities import EntityForm

Text = Annotated[str, Field(min_length=1, max_length=500)]
_TOLD = 20


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeyModel(_Strict):
    """A trusted key model."""

    aaguid: Text
    label: Text
    certificate: Annotated[str, Field(min_length=1, max_length=20_000)]


class NetworkEntry(_Strict):
    """A named network."""

    cidr: Text
    label: Text
    kind: NetworkKind
    country: str | None = None
    asn: int | None = None


class SiteEntry(_Strict):
    """A site behind a proxy: its origin, and the resource that its root is."""

    origin: Text
    resource: Text
    whole: bool = False


class ServiceEntry(_Strict):
    """A service: policy enforcement point, OAuth client, or both."""

    name: Text
    title: Text
    audience: Text
    prefixes: tuple[Text, ...] = ()
    actions: tuple[Text, ...] = ()
    subject_types: tuple[Text, ...] = ("person",)
    context_keys: tuple[Text, ...] = ()
    properties: tuple[Text, ...] = ()
    searches: tuple[Literal["subject", "resource", "action"], ...] = ()
    redirect_uris: tuple[Text, ...] = ()
    home_url: str | None = None
    auth_method: Literal["client_secret", "private_key_jwt", "none"] = "client_secret"
    dialect: Literal["nginx", "caddy", "traefik", "apache", "envoy"] | None = None
    sites: tuple[SiteEntry, ...] = ()
    jwk: dict[str, Any] | None = None


class EntityEntry(_Strict):
    """A subject or a resource of a type of your own; with the id `*`, every resource of the type."""

    type: Text
    id: Text
    groups: tuple[Text, ...] = ()
    properties: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _possible(self) -> EntityEntry:
        try:
            self.form.checked()
        except Invalid as error:
            raise ValueError(error.message) from error
        return self

    @property
    def form(self) -> EntityForm:
        return EntityForm(self.type, self.id, self.properties, self.groups)


class ResourceEntry(_Strict):
    """A resource that can be opened."""

    id: Text
    title: Text
    description: str = ""
    actions: tuple[Text, ...]
    service: str | None = None


class EngagementEntry(_Strict):
    """A contract: vendor, sponsor, project, and its window."""

    vendor: Text
    sponsor: Text
    project: Text
    starts: AwareDatetime
    ends: AwareDatetime


class HoursEntry(_Strict):
    """When a person works; *mean_gap* minutes of work between two unannounced touches, 0 for none."""

    zone: Text
    days: tuple[Annotated[int, Field(ge=0, le=6)], ...]
    starts: Text
    ends: Text
    mean_gap: int = 0


class PersonEntry(_Strict):
    """A person with roles and, for contractors, an engagement."""

    login_name: Text
    display_name: Text
    roles: tuple[Text, ...] = ()
    engagement: EngagementEntry | None = None
    hours: HoursEntry | None = None


class Document(_Strict):
    """The whole file."""

    key_models: tuple[KeyModel, ...] = ()
    networks: tuple[NetworkEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    resources: tuple[ResourceEntry, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    entities: tuple[EntityEntry, ...] = ()
    policy: str | None = None
    policy_file: Text | None = None
    entities_file: Text | None = None


Beside = Callable[[str], bytes]
"""Returns what is in a file beside the document. Raises Invalid for one that is not there."""


def read_document(data: bytes, beside: Beside | None = None) -> Document:
    """Return the document in *data* (TOML, UTF-8) with what is in the files that it names.

    Raises Invalid naming every problem.
    """
    try:
        document = Document.model_validate(tomllib.loads(data.decode("utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid(f"the document is not TOML: {error}") from error
    except ValidationError as error:
        raise _invalid("the document has problems: " + _told(error)) from error
    return _whole(document, beside)


def _whole(document: Document, beside: Beside | None) -> Document:
    """Return *document* with the files that it names read into it."""
    if document.policy_file is None and document.entities_file is None:
        return document
    if beside is None:
        raise _invalid("this document names files, and is none itself")
    found: dict[str, Any] = {"policy_file": None, "entities_file": None}
    if document.policy_file is not None:
        if document.policy is not None:
            raise _invalid("write `policy` or `policy_file`, not both")
        try:
            found["policy"] = beside(document.policy_file).decode("utf-8")
        except UnicodeDecodeError as error:
            raise _invalid(f"`{document.policy_file}` is not UTF-8 at byte {error.start}") from error
    if document.entities_file is not None:
        read = _entities(document.entities_file, beside(document.entities_file))
        found["entities"] = (*document.entities, *read)
    return document.model_copy(update=found)


def _entities(name: str, data: bytes) -> tuple[EntityEntry, ...]:
    """Return the entities of a file: one JSON object a line. Raises Invalid naming every line at fault."""
    entries: list[EntityEntry] = []
    problems: list[str] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            entries.append(EntityEntry.model_validate(read_object(line)))
        except ValidationError as error:
            problems.append(f"line {number}: {_told(error)}")
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    if problems:
        more = f"; and {len(problems) - _TOLD} lines more" if len(problems) > _TOLD else ""
        raise _invalid(f"`{name}` has problems: {'; '.join(problems[:_TOLD])}{more}")
    return tuple(entries)


def _told(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'entry'}: {each['msg']}" for each in found)


def _invalid(message: str) -> Invalid:
    return Invalid(message, code="document-invalid")
