"""What is known of the properties that a bundle declares? What is stored, and what a believed service says.

Who attacks this: a service that says what it is not believed about, or says
otherwise what is stored (what is stored always wins, also where it has another
type than the rules ask for), or says a word of a megabyte, a list, or true for a
number: what does not fit is not known, and not known never helps. No property
can stand for evidence: their names begin with a scope, and those of facts do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from domain.properties import fitting
from models.entities import properties_of
from policies.bundle import Bundle
from policies.conditions import Declared

Properties = Mapping[str, Any]
"""By their keys."""


def known_properties(
    declared: Declared,
    *,
    subject: Properties | None = None,
    resource: Properties | None = None,
    said: Properties | None = None,
) -> dict[str, Any]:
    """Return the value of each declared property that is known.

    *subject* and *resource* are what is stored of them; *said*, by whole names, what
    a service says that is believed about them.
    """
    known: dict[str, Any] = {}
    for name, attribute in declared.items():
        scope, _, key = name.partition(".")
        stored = subject if scope == "subject" else resource if scope == "resource" else None
        value = stored[key] if stored is not None and key in stored else (said or {}).get(name)
        if fitting(attribute, value):
            known[name] = value
    return known


def asks_of(bundle: Bundle | None, scope: str) -> bool:
    """Whether the rules may ask for a property of the subject, or of the resource."""
    return bundle is not None and any(name.startswith(f"{scope}.") for name in bundle.declared)


def of_resources(session: Session, bundle: Bundle | None, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return for each stored resource of *keys* the facts that rules may ask for."""
    if bundle is None or not asks_of(bundle, "resource"):
        return {}
    stored = properties_of(session, keys)
    return {key: known_properties(bundle.declared, resource=found) for key, found in stored.items()}
