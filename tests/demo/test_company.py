"""The demo company: a document that the broker takes, addresses that documentation owns, no imports."""

from __future__ import annotations

import ast
import tomllib
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

import demo
from demo import company, services
from demo.company import CAST, FIRST_ADMIN, SCENES
from demo.softkey import AttestationAuthority
from flows.document import Document, read_document
from policies.validate import validate

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
BROKER = {
    "app", "settings", "cli", "launcher", "worker", "domain", "crypto", "models", "migrations", "authn",
    "evidence", "policies", "tokens", "audit", "flows", "web", "tests",
}  # fmt: skip
MODULES = sorted(Path(demo.__file__).parent.glob("*.py"))


@pytest.fixture(scope="module")
def text() -> str:
    certificate = AttestationAuthority.create(now=NOW).certificate_pem
    return company.document(certificate=certificate, services=services.document(8081, 8082), now=NOW)


@pytest.fixture(scope="module")
def document(text: str) -> Document:
    return read_document(text.encode())


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_demo_imports_nothing_of_the_broker(module):
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert not imported & BROKER


def test_everybody_but_the_first_admin_is_in_the_document(document):
    names = {person.login_name: person.display_name for person in document.people}

    assert names == {m.login: m.name for m in CAST.values() if m.login != FIRST_ADMIN}


def test_every_engagement_runs_now_and_ends_in_the_future(document):
    for person in document.people:
        assert person.engagement is not None
        assert person.engagement.starts < NOW < person.engagement.ends


def test_the_rules_are_published_without_an_error_or_warning(document):
    assert validate(document.policy or "") == ()


def test_one_rule_lasts_ten_seconds(text):
    rules = tomllib.loads(text)["policy"]

    assert "max 10s" in rules


def test_no_rule_speaks_of_payroll(text):
    rules = [line for line in tomllib.loads(text)["policy"].splitlines() if line.startswith("p,")]

    assert not any("payroll" in rule for rule in rules)


@pytest.mark.parametrize("scene", SCENES.values(), ids=lambda scene: scene.name)
def test_each_scene_lies_in_one_named_network(document, scene):
    found = ip_address(company.address(scene, "mei.tanaka"))

    named = [network.kind for network in document.networks if found in ip_network(network.cidr)]

    expected = {"vpn": ["corporate"], "rented": ["hosting"]}
    assert named == expected.get(scene.name, ["residential"])


def test_only_one_scene_has_remote_control_running():
    assert [name for name, scene in SCENES.items() if company.facts(scene)["remote_control"]] == ["remote"]
