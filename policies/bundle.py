"""Which rules are in force together? A frozen bundle, named by its content.

Loading validates or refuses; a bundle that exists can be served. The digest
covers the served model and the text as it was written: whoever signs it signs
what they read, comments included. Knows no table: who published it and when is
kept elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files

from crypto.digests import json_digest
from domain.access import Link
from domain.errors import BundleInvalid, EmptyBundle
from policies.columns import Rules
from policies.conditions import Declared
from policies.index import Index
from policies.problems import Problem
from policies.trials import Trial
from policies.validate import Checked, check

SCHEMA = 2
"""Number of the rule format. A bundle of another number has another digest."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Rules and links as loaded. *links* are g rows, *resource_links* g2 rows, *action_links* g3 rows.

    *tests* are t rows, which ``policies.proof`` runs; *declared* are the properties of a rows, by name.
    *text* is what the author wrote. *builtin*: these rules speak of Doorward's
    own resources, and only they may. *index* is compiled from them.
    """

    text: str
    rules: Rules
    links: tuple[Link, ...]
    resource_links: tuple[Link, ...]
    action_links: tuple[Link, ...]
    index: Index
    tests: tuple[Trial, ...] = ()
    declared: Declared = field(default_factory=dict, hash=False)
    builtin: bool = False
    schema: int = SCHEMA

    @property
    def digest(self) -> str:
        """The name of the bundle: ``sha256:`` and 64 hexadecimal digits."""
        return _digest(self.text)


@cache
def model_text() -> str:
    """Return the served Casbin model, ``policies/bundle/model.conf``."""
    return (files("policies") / "bundle" / "model.conf").read_text(encoding="utf-8")


def load(text: str) -> Bundle:
    """Return the bundle of a policy text to be published.

    Raises EmptyBundle for one without rules and BundleInvalid for any other
    error, with all of them in ``details["problems"]``. Warnings are for
    authors: ``policies.validate`` finds them.
    """
    return compiled(text, check(text))


@cache
def load_builtin() -> Bundle:
    """Return the bundle that gives power over Doorward itself. Publishing cannot alter it."""
    text = (files("policies") / "builtin" / "policy.csv").read_text(encoding="utf-8")
    return compiled(text, check(text, builtin=True), builtin=True)


def compiled(text: str, checked: Checked, *, builtin: bool = False) -> Bundle:
    """Return the bundle of a text that was checked. Raises as ``load``."""
    refuse(checked.problems)
    return assembled(text, checked, builtin=builtin)


def assembled(text: str, checked: Checked, *, builtin: bool = False) -> Bundle:
    """Return the bundle of what was read, sound or not: an empty one denies everything."""
    index = Index(
        checked.rules,
        checked.buckets,
        roles=checked.links,
        groups=checked.resource_links,
        uses=checked.action_links,
        builtin=builtin,
    )
    return Bundle(
        text=text,
        rules=checked.rules,
        links=checked.links,
        resource_links=checked.resource_links,
        action_links=checked.action_links,
        index=index,
        tests=checked.tests,
        declared=checked.declared,
        builtin=builtin,
    )


def refuse(problems: tuple[Problem, ...]) -> None:
    """Raise EmptyBundle or BundleInvalid if one of *problems* is an error."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if not errors:
        return
    kind = EmptyBundle if errors[0].code == EmptyBundle.code else BundleInvalid
    first = errors[0]
    count = "one error" if len(errors) == 1 else f"{len(errors)} errors, the first"
    raise kind(
        f"the bundle has {count}: line {first.line}: {first.message}",
        remedy=first.suggestion or "Mend the lines named, then try again.",
        problems=[problem.as_dict() for problem in problems],
    )


@lru_cache(maxsize=16)
def _digest(text: str) -> str:
    """Digest what is stored and signed: the served model and the text as it stands, comments too."""
    return "sha256:" + json_digest({"model": model_text(), "schema": SCHEMA, "text": text})
