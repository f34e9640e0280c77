"""Which rules are in force together? A frozen bundle, named by its content.

Loading validates or refuses; a bundle that exists can be served. The digest
covers the served model and the text as it was written: whoever signs it signs
what they read, comments included. Knows no table: who published it and when is
kept elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from crypto.digests import json_digest
from domain.access import Link
from domain.errors import BundleInvalid, EmptyBundle
from policies.advice import Known
from policies.index import Index
from policies.problems import Problem
from policies.rules import Rule
from policies.validate import Checked, check

SCHEMA = 1
"""Number of the rule format. A bundle of another number has another digest."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Rules and links as loaded. *links* are g rows, *resource_links* g2 rows.

    *text* is what the author wrote. *builtin*: these rules speak of Doorward's
    own resources, and only they may. *index* is compiled from them.
    """

    text: str
    digest: str
    rules: tuple[Rule, ...]
    links: tuple[Link, ...]
    resource_links: tuple[Link, ...]
    warnings: tuple[Problem, ...] = ()
    builtin: bool = False
    schema: int = SCHEMA
    index: Index = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = Index(self.rules, self.links, self.resource_links, builtin=self.builtin)
        object.__setattr__(self, "index", index)


@cache
def model_text() -> str:
    """Return the served Casbin model, ``policies/bundle/model.conf``."""
    return (files("policies") / "bundle" / "model.conf").read_text(encoding="utf-8")


def load(text: str, *, known: Known | None = None) -> Bundle:
    """Return the bundle of a policy text to be published.

    Raises EmptyBundle for one without rules and BundleInvalid for any other
    error, with all of them in ``details["problems"]``. Warnings refuse
    nothing; they are kept in the bundle.
    """
    return _bundle(text, check(text, known=known), builtin=False)


@cache
def load_builtin() -> Bundle:
    """Return the bundle that gives power over Doorward itself. Publishing cannot alter it."""
    text = (files("policies") / "builtin" / "policy.csv").read_text(encoding="utf-8")
    return _bundle(text, check(text, builtin=True), builtin=True)


def _bundle(text: str, checked: Checked, *, builtin: bool) -> Bundle:
    errors = checked.errors
    if errors:
        kind = EmptyBundle if errors[0].code == EmptyBundle.code else BundleInvalid
        first = errors[0]
        count = "one error" if len(errors) == 1 else f"{len(errors)} errors, the first"
        raise kind(
            f"the bundle has {count}: line {first.line}: {first.message}",
            remedy=first.suggestion or "Mend the lines named, then try again.",
            problems=[problem.as_dict() for problem in checked.problems],
        )
    return Bundle(
        text=text,
        digest=_digest(text),
        rules=checked.rules,
        links=checked.links,
        resource_links=checked.resource_links,
        warnings=checked.problems,
        builtin=builtin,
    )


def _digest(text: str) -> str:
    """Digest what is stored and signed: the served model and the text as it stands, comments too."""
    return "sha256:" + json_digest({"model": model_text(), "schema": SCHEMA, "text": text})
