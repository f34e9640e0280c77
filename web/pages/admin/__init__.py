"""The console for admins, authors, reviewers and auditors: one module for each area.

Every view asks the built-in policy first, calls one flow, and renders.
"""

from __future__ import annotations

from web.pages.admin import (
    audit,
    decisions,
    devices,
    evidence,
    history,
    home,
    inventory,
    key_life,
    keys,
    networks,
    people,
    person,
    policy,
    presence,
    reach,
    reissue,
    resources,
    services,
)

BLUEPRINTS = tuple(
    module.pages
    for module in (
        home,
        people,
        person,
        keys,
        key_life,
        inventory,
        reissue,
        presence,
        devices,
        resources,
        reach,
        services,
        networks,
        policy,
        history,
        evidence,
        decisions,
        audit,
    )
)
