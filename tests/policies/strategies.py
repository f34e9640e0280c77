"""Generated policies: small worlds in which rules, roles and resources often meet."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from domain.access import AccessRequest, Link, Subject, SubjectKind
from policies.bundle import assembled
from policies.conditions import parse
from policies.declared import declared_in
from policies.validate import check

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NAMES = ("ann", "bob")
ROLES = ("role:a", "role:b", "role:c", "group:d")
ACTIONS = ("read", "write")
ACTION_LINKS = (("read", "group:look"), ("group:look", "group:all"), ("write", "group:all"))
RESOURCES = ("data:x", "data:x/1", "data:xy", "svc:t/v1")
# The wide ones stand twice, so that rules often meet on one request.
WIDE = ("*", "data:*", "group:g")
PATTERNS = (*RESOURCES, *WIDE, *WIDE, "data:x/*", "svc:*", "svc:t/*", "group:h")

PATHS = (
    *(("keyMatch", "/x*"), ("keyMatch2", "/x/:id"), ("keyMatch3", "/{id}"), ("keyMatch5", "/x/{id}")),
    *(("globMatch", "/x/*"), ("regexMatch", "^/x(/.*)?$")),
)
PERIODS = ("_/2026-11-25T12:00:00", "2026-11-24T00:00:00/2026-11-26T12:30:00", "2026-11-27T08:00:00/_")
ORDERINGS = ("<", "<=", ">", ">=")
DECLARATIONS = """a, resource.ownerID, word
a, subject.email, word
a, subject.land, word
a, resource.level, whole number
a, subject.level, whole number
a, action.soft, yes or no"""
DECLARED = declared_in(DECLARATIONS)
SAMES = (
    *(("resource.ownerID", "subject.email"), ("country", "subject.land"), ("tier", "resource.level")),
    *(("subject.level", "resource.level"), ("resource.ownerID", "subject.land")),
)
PROPERTY_VALUES = {
    "resource.ownerID": ("ann@x.org", "bob@x.org", "DE"),
    "subject.email": ("ann@x.org", "bob@x.org"),
    "subject.land": ("DE", "FR"),
    "resource.level": (0, 1, 2, 3),
    "subject.level": (1, 2),
    "action.soft": (True, False),
}
properties = st.one_of(
    st.just(("is", "action.soft")),
    st.tuples(st.just("cmp"), st.just("resource.level"), st.sampled_from(["==", ">="]), st.integers(0, 3)),
    st.just(("in", "resource.ownerID", ("ann@x.org", "DE"))),
    st.tuples(st.sampled_from(SAMES), st.sampled_from(["==", "!="])).map(
        lambda same: ("same", same[0][0], same[1], same[0][1])
    ),
)
atoms = st.one_of(
    st.tuples(st.just("is"), st.sampled_from(["remote_control", "disk_encrypted"])),
    st.tuples(st.just("cmp"), st.just("tier"), st.sampled_from(["==", "!=", *ORDERINGS]), st.integers(0, 3)),
    st.tuples(
        st.just("cmp"), st.just("presence_missed"), st.sampled_from(["==", *ORDERINGS]), st.integers(0, 2)
    ),
    st.tuples(st.just("cmp"), st.just("touch_age"), st.sampled_from(ORDERINGS), st.sampled_from([60, 300])),
    st.tuples(st.just("in"), st.just("country"), st.sampled_from([("US",), ("DE",), ("US", "DE")])),
    st.sampled_from(PATHS).map(lambda match: ("match", "path", *match)),
    st.sampled_from(PERIODS).map(lambda period: ("match", "now", "timeMatch", period)),
    st.just(("match", "address", "ipMatch", "10.0.0.0/8")),
    *(properties, properties),
    st.tuples(st.just("in"), st.just("weekday"), st.sampled_from([("mon",), ("tue", "sun")])),
    st.lists(st.integers(0, 23), min_size=2, max_size=2, unique=True).map(
        lambda hours: ("between", "time", hours[0] * 60, hours[1] * 60 + 30)
    ),
)
trees = st.recursive(
    atoms,
    lambda inner: st.one_of(
        inner.map(lambda c: ("not", c)),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    ),
    max_leaves=4,
)
conditions = st.one_of(st.none(), atoms, trees)


def parsed(condition):
    """Return the tree that the product reads from what an author would write."""
    return parse(written(condition), DECLARED)


def written(condition):
    """Return the text of a condition tree, as an author would write it."""
    if condition is None:
        return "-"
    kind, *parts = condition
    if kind == "is":
        return parts[0]
    if kind in ("match", "same"):
        return " ".join(parts)
    if kind == "cmp":
        return f"{parts[0]} {parts[1]} {parts[2]}{'s' if parts[0] == 'touch_age' else ''}"
    if kind == "in":
        return f"{parts[0]} in {{{' '.join(parts[1])}}}"
    if kind == "between":
        start, end = (f"{m // 60:02d}:{m % 60:02d}" for m in parts[1:])
        return f"{parts[0]} in {start}-{end}"
    if kind == "not":
        return f"not ({written(parts[0])})"
    return f" {kind} ".join(f"({written(part)})" for part in parts)


rule_bodies = st.tuples(
    st.sampled_from(["*", "*", "role:a", *ROLES, "person:ann"]),
    st.sampled_from(["*", "*", *ACTIONS, "group:look", "group:all"]),
    st.sampled_from(PATTERNS),
    conditions,
    st.sampled_from(["allow", "allow", "allow", "deny"]),
)
ROLE_LINKS = [(a, b) for i, a in enumerate(ROLES) for b in ROLES[i + 1 :]]
# Every group has a member, or rules on it are refused.
MEMBERS = (("data:x", "group:g"), ("svc:t/v1", "group:h"))
RESOURCE_LINKS = [
    *(("data:xy", "group:g"), ("group:g", "group:h"), ("data:x/1", "group:h")),
    *(("data:x/*", "group:g"), ("svc:*", "group:g"), ("data:*", "group:h")),
]


@dataclass(frozen=True)
class Policy:
    """A generated policy: its rules as (id, subject, action, resource, condition, effect), and links."""

    rules: tuple
    role_links: tuple
    resource_links: tuple

    @property
    def text(self):
        lines = ["# generated", "", *DECLARATIONS.split("\n")]
        lines += [f"p, {i}, {s}, {a}, {r}, {written(c)}, -, {e}" for i, s, a, r, c, e in self.rules]
        lines += [f"g, {member}, {group}" for member, group in self.role_links]
        lines += [f"g2, {member}, {group}" for member, group in self.resource_links]
        lines += [f"g3, {member}, {group}" for member, group in ACTION_LINKS]
        return "\n".join(lines) + "\n"

    @property
    def bundle(self):
        """The bundle; with circles of roles too, which loading refuses and the core still decides."""
        checked = check(self.text)
        assert {problem.code for problem in checked.errors} <= {"cycle"}, checked.errors
        return assembled(self.text, checked)


def policies_of(role_links):
    return st.builds(
        lambda bodies, roles, resources: Policy(
            tuple((f"r{n}", *body) for n, body in enumerate(bodies)),
            tuple(roles),
            (*MEMBERS, *resources),
        ),
        st.lists(rule_bodies, min_size=3, max_size=9),
        st.lists(st.sampled_from(role_links), max_size=4, unique=True),
        st.lists(st.sampled_from(RESOURCE_LINKS), max_size=2, unique=True),
    )


policies = policies_of(ROLE_LINKS)
with_circles = policies_of([*ROLE_LINKS, *((group, member) for member, group in ROLE_LINKS)])
facts = st.fixed_dictionaries(
    {},
    optional={
        "remote_control": st.booleans(),
        "disk_encrypted": st.booleans(),
        "tier": st.integers(0, 3),
        "presence_missed": st.integers(0, 3),
        "touch_age": st.integers(0, 400),
        "country": st.sampled_from(["US", "DE", "FR"]),
        "address": st.sampled_from(["10.0.0.1", "192.0.2.1"]),
        **{name: st.sampled_from(values) for name, values in PROPERTY_VALUES.items()},
    },
)


@dataclass(frozen=True)
class Question:
    """Everything about a decision but the rules."""

    request: AccessRequest
    assignments: tuple
    now: datetime


questions = st.builds(
    lambda name, action, resource, known, roles, minutes: Question(
        AccessRequest(Subject(SubjectKind.PERSON, name), action, resource, known),
        tuple(Link(f"person:{name}", role) for role in roles),
        MONDAY + timedelta(minutes=minutes),
    ),
    st.sampled_from(NAMES),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    facts,
    st.lists(st.sampled_from(ROLES), max_size=3, unique=True),
    st.integers(0, 7 * 1440),
)
