"""Which model does a ``model.conf`` define, and is it one that is decided here?

The covered family: one request, one policy and one matcher section; roles and
groups of any number of kinds, with or without a domain; allow-and-deny, also
without a column for the effect. Everything else is refused by name, with how to
say it in the served model (``docs/policy.md``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from policies.casbin import effects, ini, matcher
from policies.casbin.ini import Entry, Section
from policies.casbin.matcher import Scope
from policies.casbin.tree import (
    BUILTIN,
    Call,
    Column,
    Compare,
    Member,
    Node,
    Operator,
    Param,
    asks_policy,
    leaves,
    operands,
)
from policies.problems import Problem, Refusal, Severity, did_you_mean, shown

MAX_NAMES = 16
EFFECT, ID = effects.COLUMN, "id"
_UNASKED = (ID, EFFECT, "terms")  # terms go with a permit: they do not say whether there is one
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ROLE_KEY = re.compile(r"g([2-9]|1[0-9])?", re.ASCII)
_ONE_OF_SEVERAL = re.compile(r"([rpem])[0-9]+", re.ASCII)
_REQUIRED = {
    "request_definition": ("r", "r = sub, obj, act"),
    "policy_definition": ("p", "p = sub, obj, act"),
    "policy_effect": ("e", "e = some(where (p.eft == allow))"),
    "matchers": ("m", "m = r.sub == p.sub && r.obj == p.obj && r.act == p.act"),
}
_ROLES, _NAMES_MATCH, _DOMAINS_MATCH = "role_definition", "role_matching", "domain_matching"
_MATCHING = ("keyMatch", "keyMatch2", "keyMatch3", "keyMatch4", "globMatch")
_SECTIONS = (*_REQUIRED, _ROLES, _NAMES_MATCH, _DOMAINS_MATCH)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of role. *names* and *domains*: operators by which a link's member and domain are patterns."""

    name: str
    domain: bool
    names: str | None = None
    domains: str | None = None

    @property
    def fields(self) -> int:
        return 3 if self.domain else 2


@dataclass(frozen=True, slots=True)
class Model:
    """Parameters of the request, columns of the policy, kinds of roles, and the matcher."""

    parameters: tuple[str, ...]
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    matcher: Node
    operators: Mapping[str, Operator] = field(compare=False)

    @property
    def scope(self) -> Scope:
        kinds = {kind.name: kind.domain for kind in self.kinds}
        return Scope(self.parameters, self.columns, kinds, self.operators)


def read(
    text: str, *, functions: Mapping[str, Operator] | None = None
) -> tuple[Model | None, tuple[Problem, ...]]:
    """Return the model of *text*, or None, and every problem found. Never raises.

    *functions* are known beside Casbin's own operators.
    """
    sections, found = ini.read(text)
    reader = _Reader(sections, {**BUILTIN, **(functions or {})})
    model = reader.model() if not found else None
    problems = sorted((*found, *reader.problems), key=lambda p: (p.line, p.column))
    refused = any(problem.severity is Severity.ERROR for problem in problems)
    return None if refused else model, tuple(problems)


class _Reader:
    """Reads the sections of one model and gathers what is wrong."""

    def __init__(self, sections: tuple[Section, ...], operators: Mapping[str, Operator]) -> None:
        self.sections = {section.name: section for section in sections}
        self.operators = operators
        self.problems: list[Problem] = []

    def model(self) -> Model | None:
        self.check_sections()
        entries = {name: self.entry(name, *wanted) for name, wanted in _REQUIRED.items()}
        kinds = self.kinds()
        request, policy, effect, rule = entries.values()
        parameters = self.names(request) if request is not None else ()
        columns = self.names(policy) if policy is not None else ()
        if policy is not None and effect is not None:
            self.check_effect(effect, columns)
        if policy is None or rule is None or self.problems:
            return None
        scope = Scope(parameters, columns, {kind.name: kind.domain for kind in kinds}, self.operators)
        try:
            tree = matcher.parse(rule.text, scope)
        except Refusal as refusal:
            self.problem(rule, refusal.offset, refusal.code, refusal.message, refusal.suggestion)
            return None
        self.check_matcher(rule, tree, kinds)
        self.check_columns(policy, tree)
        return Model(parameters, columns, kinds, tree, self.operators)

    def problem(self, entry: Entry, offset: int, code: str, message: str, hint: str = "") -> None:
        line, column = entry.place(offset)
        self.problems.append(Problem(line, column, code, message, hint))

    def check_sections(self) -> None:
        for section in self.sections.values():
            if section.name == "constraint_definition":
                message = (
                    "constraints on roles are checked by Casbin when a role is given, not when it decides"
                )
                hint = "give roles as assignments, or write a deny for whoever holds both"
                self.problems.append(Problem(section.line, 1, "constraints", message, hint))
            elif section.name not in _SECTIONS:
                hint = did_you_mean(section.name, _SECTIONS) or f"known are {', '.join(_SECTIONS)}"
                message = f"there is no section {shown(section.name)}; Casbin would pass over it"
                self.problems.append(Problem(section.line, 1, "section", message, hint))

    def entry(self, name: str, key: str, example: str) -> Entry | None:
        """Return the one entry of a section that every model has."""
        section = self.sections.get(name)
        if section is None:
            self.problems.append(
                Problem(
                    1, 1, "section-missing", f"there is no section [{name}]", f"write for example `{example}`"
                )
            )
            return None
        for entry in (e for e in section.entries if e.key != key):
            several = _ONE_OF_SEVERAL.fullmatch(entry.key)
            if several:
                message = (
                    f"{shown(entry.key)} is a second `{several[1]}`, which an EnforceContext would choose"
                )
                hint = "make one bundle of each, or one matcher that says both"
                self.problems.append(Problem(entry.line, 1, "several-definitions", message, hint))
            else:
                message = f"[{name}] holds {shown(entry.key)}; Casbin would pass over it"
                self.problems.append(Problem(entry.line, 1, "entry", message, f"write `{key} = …`"))
        found = next((e for e in section.entries if e.key == key and e.text), None)
        if found is None:
            hint = f"write for example `{example}`"
            self.problems.append(
                Problem(section.line, 1, "entry-missing", f"[{name}] holds no `{key}`", hint)
            )
        return found

    def names(self, entry: Entry) -> tuple[str, ...]:
        found: list[str] = []
        for at, name in _listed(entry.text):
            if not _NAME.fullmatch(name):
                hint = "names have letters, digits and `_`, and are parted by commas"
                self.problem(entry, at, "name", f"{shown(name)} is no name", hint)
            elif name in found:
                self.problem(entry, at, "name", f"{shown(name)} stands twice", "give each a name of its own")
            found.append(name)
        if len(found) > MAX_NAMES:
            self.problem(entry, 0, "too-long", f"there are at most {MAX_NAMES} names")
        return tuple(found)

    def kinds(self) -> tuple[Kind, ...]:
        section = self.sections.get(_ROLES)
        matching = {name: self.operators_of(name) for name in (_NAMES_MATCH, _DOMAINS_MATCH)}
        found: dict[str, Kind] = {}
        for number, entry in enumerate(section.entries if section is not None else (), start=1):
            expected = "g" if number == 1 else f"g{number}"
            if not _ROLE_KEY.fullmatch(entry.key) or entry.key != expected:
                message = f"{shown(entry.key)} is not the next kind of role; Casbin would pass over it"
                self.problems.append(
                    Problem(entry.line, 1, "role-kind", message, f"write `{expected} = _, _`")
                )
            kind = self.kind(entry)
            names, domains = (matching[name].get(entry.key) for name in (_NAMES_MATCH, _DOMAINS_MATCH))
            if kind is not None:
                found[kind.name] = Kind(
                    kind.name, kind.domain, *(m[1] if m else None for m in (names, domains))
                )
            if domains is not None and kind is not None and not kind.domain:
                message = f"{shown(entry.key)} has no domain"
                self.problem(domains[0], 0, "role-matching", message, f"write it in [{_NAMES_MATCH}]")
        for entries in matching.values():
            for key, (entry, _) in entries.items():
                if key not in found:
                    message = f"there is no kind of role {shown(key)}"
                    self.problems.append(
                        Problem(entry.line, 1, "role-matching", message, did_you_mean(key, found))
                    )
        return tuple(found.values())

    def kind(self, entry: Entry) -> Kind | None:
        form = "".join(entry.text.split())
        if form in ("_,_", "_,_,_"):
            return Kind(entry.key, form == "_,_,_")
        if "(" in form:
            message = f"{shown(entry.text)} is a role with conditions, which Casbin asks of Go functions"
            hint = "give roles as assignments, which end, or write the times as a condition of the rules"
            self.problem(entry, entry.text.index("("), "conditional-role", message, hint)
        else:
            hint = "write `_, _`, or `_, _, _` for roles in a domain"
            self.problem(entry, 0, "role-kind", f"{shown(entry.text)} is no kind of role", hint)
        return None

    def operators_of(self, name: str) -> dict[str, tuple[Entry, str]]:
        section = self.sections.get(name)
        found: dict[str, tuple[Entry, str]] = {}
        for entry in section.entries if section is not None else ():
            if entry.text not in _MATCHING:
                hint = did_you_mean(entry.text, _MATCHING) or f"write one of {', '.join(_MATCHING)}"
                self.problem(entry, 0, "function", f"{shown(entry.text)} does not match names", hint)
            found[entry.key] = (entry, entry.text)
        return found

    def check_effect(self, entry: Entry, columns: tuple[str, ...]) -> None:
        refused = effects.refusal(entry.text, columns)
        if refused is not None:
            self.problem(entry, 0, "effect", *refused)

    def check_columns(self, entry: Entry, tree: Node) -> None:
        """Refuse each column that has no say: a rule for one tenant would be a rule for all."""
        asked = {o.name for leaf in leaves(tree) for o in operands(leaf) if isinstance(o, Column)}
        for at, name in _listed(entry.text) if asked else ():
            if name not in asked and name not in _UNASKED:
                message = f"the matcher never asks `p.{name}`, so what rules say there would change nothing"
                hint = f"ask it, as in `r.{name} == p.{name}`, or remove it; notes have lines of their own"
                self.problem(entry, at, "column-unasked", message, hint)

    def check_matcher(self, entry: Entry, tree: Node, kinds: tuple[Kind, ...]) -> None:
        if not asks_policy(tree):
            hint = "compare with a column, as in `r.sub == p.sub`; levels are conditions: `tier >= 2`"
            message = "the matcher asks no column of the policy, so no rule could permit or forbid anything"
            self.problem(entry, 0, "policy-not-asked", message, hint)
        if _in_go_a_pattern_of_domains(tree) and any(kind.domain and kind.domains is None for kind in kinds):
            message = "with `keyMatch(r.dom, p.dom)`, Casbin in Go takes the domains of `g` for patterns too"
            self.problem(
                entry, 0, "domain-matching", message, f"say so: `g = keyMatch` in [{_DOMAINS_MATCH}]"
            )
        if any(isinstance(leaf, Compare) and _orders_text(leaf) for leaf in leaves(tree)):
            message = "columns are text, and text is ordered letter by letter: `10` stands before `9`"
            hint = "write the bound in an `eval` column, as a number"
            self.problems.append(Problem(entry.line, 1, "text-order", message, hint, Severity.WARNING))
        asked = {leaf.kind for leaf in leaves(tree) if isinstance(leaf, Member)}
        section = self.sections.get(_ROLES)
        for role in section.entries if section is not None else ():
            if role.key not in asked and any(role.key == kind.name for kind in kinds):
                message = f"the matcher never asks `{role.key}`"
                self.problems.append(
                    Problem(role.line, 1, "role-unasked", message, "remove it, or ask it", Severity.WARNING)
                )


def _listed(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the text of each name of a list that commas part."""
    offset = 0
    for part in text.split(","):
        yield offset + len(part) - len(part.lstrip()), part.strip()
        offset += len(part) + 1


def _orders_text(leaf: Compare) -> bool:
    return leaf.sign not in ("==", "!=") and any(isinstance(o, Column) for o in (leaf.left, leaf.right))


def _in_go_a_pattern_of_domains(tree: Node) -> bool:
    """Return whether *tree* holds the one call that changes what links mean, in one of the loaders only."""
    return any(
        leaf.name == "keyMatch"
        and leaf.value == Param("dom")
        and isinstance(leaf.pattern, Column)
        and leaf.pattern.name == "dom"
        for leaf in leaves(tree)
        if isinstance(leaf, Call)
    )
