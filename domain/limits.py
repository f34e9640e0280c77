"""How long things may last. One frozen value, filled from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from domain.evidence import Tier


@dataclass(frozen=True, slots=True)
class Limits:
    """Longest lives and lifetimes of codes; tier caps bound every token."""

    token: timedelta = timedelta(minutes=5)
    grant: timedelta = timedelta(hours=1)
    session_idle: timedelta = timedelta(minutes=15)
    session: timedelta = timedelta(hours=12)
    bootstrap: timedelta = timedelta(minutes=30)
    invite: timedelta = timedelta(hours=24)
    activation_code: timedelta = timedelta(days=14)
    device_code: timedelta = timedelta(minutes=15)
    authorization_code: timedelta = timedelta(seconds=60)
    login_challenge: timedelta = timedelta(minutes=3)
    register_challenge: timedelta = timedelta(minutes=5)
    tap_challenge: timedelta = timedelta(seconds=60)
    presence_window: timedelta = timedelta(seconds=90)
    reissue_cool_down: timedelta = timedelta(hours=24)
    clock_difference: timedelta = timedelta(seconds=2)
    tier_token: Mapping[Tier, timedelta] = field(
        default_factory=lambda: {
            Tier.T0: timedelta(0),
            Tier.T1: timedelta(minutes=2),
            Tier.T2: timedelta(minutes=5),
            Tier.T3: timedelta(minutes=10),
        }
    )
