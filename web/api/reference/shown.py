"""The OpenAPI document as the reference page shows it: groups, operations, shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
REFUSALS = frozenset({"Problem", "OAuthError"})


@dataclass(frozen=True, slots=True)
class Shown:
    """One operation. *reads* is the shape of its body, or empty; *answers* (status, meaning, shape)."""

    group: str
    method: str
    path: str
    summary: str
    more: str
    callers: tuple[str, ...]
    reads: str
    reads_type: str
    answers: tuple[tuple[str, str, str], ...]

    @property
    def served(self) -> tuple[tuple[str, str, str], ...]:
        """What is answered when nothing is wrong."""
        return tuple(answer for answer in self.answers if answer[2] not in REFUSALS)

    @property
    def refused(self) -> tuple[tuple[str, str, str], ...]:
        return tuple(answer for answer in self.answers if answer[2] in REFUSALS)

    @property
    def id(self) -> str:
        return f"{self.method}-{self.path.strip('/').replace('/', '-').replace('.', '')}".lower()


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a shape: its type in words, the shape it is (or empty), and whether it must be there."""

    name: str
    type: str
    shape: str
    needed: bool
    meaning: str


def operations(document: Document) -> tuple[Shown, ...]:
    """Return the operations in the order of the document."""
    proofs = document["components"]["securitySchemes"]
    return tuple(
        _shown(method, path, said, proofs)
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    )


def _shown(method: str, path: str, said: dict[str, Any], proofs: dict[str, Any]) -> Shown:
    body = said.get("requestBody", {}).get("content", {})
    return Shown(
        group=said["tags"][0],
        method=method.upper(),
        path=path,
        summary=said["summary"],
        more=said.get("description", ""),
        callers=tuple(proofs[proof]["description"] for need in said["security"] for proof in need),
        reads=next((_shape(media["schema"]) for media in body.values()), ""),
        reads_type=next(iter(body), ""),
        answers=tuple(
            (status, answer["description"], _shape(next(iter(answer["content"].values()))["schema"]))
            for status, answer in said["responses"].items()
        ),
    )


def statuses(shown: tuple[Shown, ...]) -> list[tuple[str, str]]:
    """Return each status of a refusal with its meaning, ascending."""
    return sorted({(status, meaning) for one in shown for status, meaning, _shape in one.refused})


def shapes(document: Document) -> dict[str, tuple[str, tuple[Member, ...]]]:
    """Return each shape's meaning and members by its name."""
    schemas = document["components"]["schemas"]
    return {
        name: (schema.get("description", ""), tuple(_members(schema))) for name, schema in schemas.items()
    }


def _members(schema: dict[str, Any]) -> Iterator[Member]:
    needed = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        meaning = member.get("description", "")
        yield Member(name, _type(member), _shape(member), name in needed, meaning)


def _shape(schema: dict[str, Any]) -> str:
    """Return the name of the shape that *schema*, or what it lists, is; empty if it is none with a name."""
    found = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
    return str(found).rpartition("/")[2]


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return f"always {schema['const']}".replace("True", "true")
    if "anyOf" in schema:
        return ", or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"] if one.get("type") != "null"))
    if schema.get("type") == "array":
        return "list of" if _shape(schema) else "list"
    if "$ref" in schema:
        return ""
    if schema.get("properties"):
        return "object with " + ", ".join(schema["properties"])
    return {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(
        schema.get("type", "object"), "object"
    )
