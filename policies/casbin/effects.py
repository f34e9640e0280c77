"""Is this policy effect decided here, and if not, how is it said?

A deny trumps every allow, and what no rule permits is denied. Effects that let
the order of lines, or silence, decide are refused.
"""

from __future__ import annotations

from policies.problems import shown

_ALLOW = "some(where(p.eft==allow))"
_ALLOW_AND_DENY = f"{_ALLOW}&&!some(where(p.eft==deny))"
_IN_WORDS = "e = some(where (p.eft == allow)) && !some(where (p.eft == deny))"
_EFFECTS = {
    "!some(where(p.eft==deny))": (
        "deny-override permits whatever no rule is about",
        f"write `{_IN_WORDS}` and an allow for everybody",
    ),
    "priority(p.eft)||deny": (
        "priority lets the order of rules decide",
        f"write `{_IN_WORDS}`: a deny trumps every allow",
    ),
    "subjectPriority(p.eft)||deny": (
        "subjectPriority lets the depth of roles decide",
        f"write `{_IN_WORDS}`, and narrow the deny to whom it is meant for",
    ),
}


def refusal(text: str, *, has_column: bool) -> tuple[str, str] | None:
    """Return why the effect *text* is refused and what to write instead, or None for one that is decided.

    *has_column*: rules have a column for their effect; without one, none can deny.
    """
    form = "".join(text.split()).replace("p_eft", "p.eft")
    if form == _ALLOW_AND_DENY or (form == _ALLOW and not has_column):
        return None
    if form == _ALLOW:
        return "allow-override passes over a deny wherever any allow applies", f"write `{_IN_WORDS}`"
    unknown = (f"{shown(text)} is no effect that is decided here", f"write `{_IN_WORDS}`")
    return _EFFECTS.get(form, unknown)
