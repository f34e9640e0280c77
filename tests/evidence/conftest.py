"""Nouns for the tests of evidence."""

from ipaddress import ip_address

import pytest

from tests.evidence.scenes import Scene


@pytest.fixture
def scene():
    """A person whose session came from a known network; no laptop has reported yet."""
    scene = Scene()
    scene.arrives_from(ip_address("81.2.69.142"))
    return scene
