"""Small models and policies, loaded."""

from datetime import UTC, datetime

from policies.casbin import compiled, model
from policies.problems import Severity

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACL = "r.sub == p.sub && r.obj == p.obj && r.act == p.act"
BOTH = "some(where (p.eft == allow)) && !some(where (p.eft == deny))"


ALLOW = "some(where (p.eft == allow))"


def conf(matcher=ACL, *, r="sub, obj, act", p="sub, obj, act, eft", g=(), effect=None, more=""):
    """Return the text of a model; the matcher stands on line 8, or 10 with kinds of roles.

    Columns that *matcher* passes over are asked for nothing in particular.
    """
    effect = effect or (BOTH if "eft" in p else ALLOW)
    roles = ["[role_definition]", *g] if g else []
    lines = ["[request_definition]", f"r = {r}", "[policy_definition]", f"p = {p}", *roles]
    said = asking_all(matcher, p.split(", "))
    return "\n".join([*lines, "[policy_effect]", f"e = {effect}", "[matchers]", f"m = {said}", more, ""])


def asking_all(matcher, columns):
    """Return *matcher* with what is true of every rule for each of *columns* that it passes over."""
    silent = [name for name in columns if name not in ("id", "eft") and f"p.{name}" not in matcher]
    if not silent or "p." not in matcher:
        return matcher
    whole = f"({matcher})" if "||" in matcher else matcher
    return " && ".join([whole, *(f"p.{name} != ''" for name in silent)])


def read(text):
    """Return the model of *text*, which must be covered."""
    found, problems = model.read(text)
    assert found is not None, problems
    return found


def errors(problems):
    return [p for p in problems if p.severity is Severity.ERROR]


def load(text, matcher=ACL, **options):
    """Return the policy of *text*, which must be without errors."""
    loaded = compiled.load(text, read(conf(matcher, **options)))
    assert loaded.policy is not None, loaded.problems
    return loaded.policy


def ask(policy, *values, now=NOON, **properties):
    """Return the decision for values in the order of the parameters; None leaves one out."""
    named = zip(policy.model.parameters, values, strict=True)
    return policy.decide({name: value for name, value in named if value is not None}, properties, now)
