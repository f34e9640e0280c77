"""Which properties may rules ask for, and which values can they have?

A property belongs to the subject, the action, the resource or the context of a
question: ``resource.ownerID``. Its name has one spelling, letters of either
case. Its type is yes or no, whole number or word; a value of any other type is
no value. Does not know where a value comes from: see ``flows.properties``.
Source: OpenID AuthZEN Authorization API 1.0, section 5 (properties, context).
"""

from __future__ import annotations

import re
from typing import Any

from domain.attributes import Attribute, Type

SCOPES = ("subject", "action", "resource", "context")
TYPES = (Type.BOOL, Type.INT, Type.TEXT)
CRITERION = "property"
MAX_WORD = 256
"""Most characters of a word."""
MAX_NUMBER = 2**53 - 1
"""Greatest whole number: JSON is exact so far (RFC 8259, section 6)."""
_KEY = r"[A-Za-z][A-Za-z0-9_-]{0,63}"
is_key = re.compile(rf"{_KEY}\Z", re.ASCII).match
is_name = re.compile(rf"({'|'.join(SCOPES)})\.({_KEY})\Z", re.ASCII).match
"""Match the name of a property: its scope and its key are the groups. None for anything else."""
_WRITTEN = "[A-Za-z0-9_.:@-]+"


def scoped(text: str) -> bool:
    """Whether *text* begins as the name of a property does, well-formed or not."""
    return text.partition(".")[0] in SCOPES and "." in text


def property_attribute(name: str, type_: Type) -> Attribute:
    """Return the attribute that a declared property is. *name* is well-formed, *type_* one of TYPES."""
    scope, _, key = name.partition(".")
    meaning = f"{key} is true of the {scope}" if type_ is Type.BOOL else f"{key} of the {scope}"
    return Attribute(name, type_, CRITERION, meaning, form=_WRITTEN if type_ is Type.TEXT else "")


def type_of(value: object) -> Type | None:
    """Return the type of a property with this value; None for what no property can be.

    A word has 1 to 256 printable characters; a whole number is not negative.
    """
    if type(value) is bool:
        return Type.BOOL
    if type(value) is int:
        return Type.INT if 0 <= value <= MAX_NUMBER else None
    if type(value) is str:
        return Type.TEXT if 0 < len(value) <= MAX_WORD and value.isprintable() else None
    return None


def fitting(attribute: Attribute, value: Any) -> bool:
    """Whether *value* is one that *attribute*, a property, can have."""
    return type_of(value) is attribute.type
