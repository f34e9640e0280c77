"""The load document: what it may hold, and reading it strictly. Documented in ``docs/load.md``."""

from __future__ import annotations

import tomllib
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from domain.errors import Invalid
from evidence.networks import NetworkKind

Text = Annotated[str, Field(min_length=1, max_length=500)]


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
    searches: tuple[Literal["subject", "resource", "action"], ...] = ()
    redirect_uris: tuple[Text, ...] = ()
    home_url: str | None = None
    auth_method: Literal["client_secret", "private_key_jwt", "none"] = "client_secret"
    dialect: Literal["nginx", "caddy", "traefik", "apache", "envoy"] | None = None
    sites: tuple[SiteEntry, ...] = ()
    jwk: dict[str, Any] | None = None


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
    policy: str | None = None


def read_document(data: bytes) -> Document:
    """Return the document in *data* (TOML, UTF-8), or raise Invalid naming every problem."""
    try:
        return Document.model_validate(tomllib.loads(data.decode("utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(f"the document is not TOML: {error}", code="document-invalid") from error
    except ValidationError as error:
        places = [
            f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}"
            for found in error.errors(include_url=False, include_input=False)
        ]
        raise Invalid("the document has problems: " + "; ".join(places), code="document-invalid") from error
