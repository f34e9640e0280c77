"""What a stranger at the login page can do to others, and learn."""

from __future__ import annotations

import pytest

from domain.errors import TooMany
from tests.flows.test_login import begin
from tests.world import Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani", "role:support")


def test_a_stranger_can_lock_nobody_out_and_learns_no_name(world: World, imani: Contractor) -> None:
    """Openings were counted against the person: five anonymous ones locked them out, and told they exist."""
    told: dict[str, list[str]] = {"imani": [], "nobody": []}
    for name, outcomes in told.items():
        for _ in range(12):
            try:
                begin(world, name, address="203.0.113.66")
                outcomes.append("ok")
            except TooMany:
                outcomes.append("too many")

    assert told["imani"] == told["nobody"]
    assert "too many" in told["imani"]
    assert world.login(imani).person_id == imani.id


def test_one_household_of_ipv6_addresses_is_one_asker(world: World, imani: Contractor) -> None:
    for number in range(30):
        begin(world, f"name{number}", address=f"2001:db8:1:2::{number:x}")

    with pytest.raises(TooMany):
        begin(world, "one-more", address="2001:db8:1:2:ffff::1")


@pytest.mark.parametrize(
    ("street", "elsewhere"),
    [("203.0.113.{}", "203.0.114.1"), ("2001:db8:1:{:x}::1", "2001:db8:1:100::1")],
    ids=["ipv4-24", "ipv6-56"],
)
def test_a_street_of_addresses_begins_at_most_120_logins_a_minute(
    world: World, street: str, elsewhere: str
) -> None:
    """Thirty from each address: with a /24 or a /56 somebody has hundreds of them."""
    for number in range(120):
        begin(world, f"name{number}", address=street.format(number))

    with pytest.raises(TooMany):
        begin(world, "one-more", address=street.format(200))
    begin(world, "one-more", address=elsewhere)
    world.clock.advance(minutes=1)
    begin(world, "one-more", address=street.format(200))


def test_decoys_are_as_long_as_the_real_ids_here(world: World, imani: Contractor) -> None:
    lengths = {
        len(item["id"])
        for name in ("imani", *(f"nobody{n}" for n in range(8)))
        for item in begin(world, name, browser=name)["publicKey"]["allowCredentials"]
    }

    assert len(lengths) == 1


def test_roles_of_a_contractor_count_no_more_once_the_contract_is_over(world: World) -> None:
    """Power over the console outlived the contract."""
    jon = world.person("jon", "role:auditor")
    assert world.login(jon).roles
    world.clock.advance(days=61)

    assert world.login(jon).roles == ()
