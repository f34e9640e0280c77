"""What operators can count of keys: refusals by reason, counters that fell back, times of touches."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.events import Event, EventKind
from demo.softkey import AttestationAuthority, SoftKey
from domain.key_refusals import KeyRefusal
from flows import login, register, tap
from flows.login import LoginRefused
from flows.register import KeyNotAccepted
from tests.flows.test_register import invited
from tests.world import AAGUID, HOME, World
from web.observe import REGISTRY, count_event


class Counted:
    """How far a metric rose since this was made: the registry belongs to the process."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self._before = self._now()

    def _now(self) -> float:
        return REGISTRY.get_sample_value(self._name, self._labels) or 0

    @property
    def more(self) -> float:
        return self._now() - self._before


def test_an_accepted_touch_is_timed_by_its_purpose(world: World) -> None:
    at_login = Counted("doorward_touch_seconds_sum", purpose="login")
    at_taps = Counted("doorward_touch_seconds_count", purpose="sign")
    imani = world.person("imani")
    begun = login.begin(world.parts, login_name="imani", browser="b", address=HOME)
    world.clock.advance(seconds=7)

    login.finish(
        world.parts,
        ceremony=begun["ceremony"],
        credential=imani.key.sign(begun["publicKey"], world.origin),
        browser="b",
        address=HOME,
    )
    world.tap(world.login(imani), imani, tap.TOUCH)

    assert at_login.more == 7
    assert at_taps.more == 1


def test_the_touch_that_activates_a_key_is_timed_as_such(world: World) -> None:
    activations = Counted("doorward_touch_seconds_count", purpose="activate")
    logins = Counted("doorward_touch_seconds_count", purpose="login")

    world.person("imani")

    assert (activations.more, logins.more) == (1, 0)


def test_a_refused_registration_is_counted_by_its_reason(world: World) -> None:
    refused = Counted("doorward_key_refusals_total", ceremony="register", reason="attestation-chain")
    stranger = AttestationAuthority.create(now=world.clock.now() - timedelta(days=1), name="Somebody")
    begun = register.begin(world.parts, secret=invited(world), browser="b", address=HOME)
    key = SoftKey.create(stranger, AAGUID, now=world.clock.now())

    with pytest.raises(KeyNotAccepted) as raised:
        register.finish(
            world.parts,
            ceremony=begun["ceremony"],
            credential=key.register(begun["publicKey"], world.origin),
            browser="b",
            address=HOME,
        )

    assert raised.value.code == "attestation-chain"
    assert refused.more == 1


def test_a_counter_that_fell_back_is_an_anomaly(world: World) -> None:
    anomalies = Counted("doorward_counter_anomalies_total")
    imani = world.person("imani")
    world.login(imani)
    imani.key.counter = 0

    with pytest.raises(LoginRefused):
        world.login(imani)

    assert anomalies.more == 1


@pytest.mark.parametrize("reason", [None, "made-up", 7, ["list"]])
def test_a_reason_that_is_not_on_the_list_makes_no_label_of_its_own(reason: object) -> None:
    other = Counted("doorward_key_refusals_total", ceremony="login", reason="other")

    count_event(Event(EventKind.LOGIN_REFUSED, "-", "-", {"reason": reason}))

    assert other.more == 1


def test_every_reason_of_a_refused_key_can_be_counted() -> None:
    for refusal in KeyRefusal:
        counted = Counted("doorward_key_refusals_total", ceremony="sign", reason=refusal.value)

        count_event(Event(EventKind.ACTION_SIGN_REFUSED, "-", "-", {"reason": refusal.value}))

        assert counted.more == 1
