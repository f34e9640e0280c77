"""An operator's mistakes are all told at once, before anything starts."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from settings import PREFIX, Settings, SettingsInvalid, read_settings

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "settings.md"


def test_all_problems_are_told_at_once_with_a_suggestion() -> None:
    environ = {
        "DOORWARD_TOKEN_LIFETIEM": "PT5M",
        "DOORWARD_TOKEN_LIFETIME": "900",
        "DOORWARD_LISTEN": "8080",
        "DOORWARD_PUBLIC_URL": "http://broker.example",
    }

    with pytest.raises(SettingsInvalid) as refused:
        read_settings(environ)

    told = "\n".join(refused.value.problems)
    assert "did you mean DOORWARD_TOKEN_LIFETIME?" in told
    assert "DOORWARD_LISTEN must be HOST:PORT" in told
    assert "DOORWARD_PUBLIC_URL must be https" in told
    assert "DOORWARD_TOKEN_LIFETIME " in told


def test_variables_that_kubernetes_injects_are_ignored_with_a_warning() -> None:
    environ = {"DOORWARD_PORT": "tcp://10.0.0.1:80", "DOORWARD_SERVICE_HOST": "10.0.0.1"}

    _settings, warnings = read_settings(environ)

    assert len(warnings) == 2


def test_a_duration_needs_its_unit() -> None:
    assert read_settings({"DOORWARD_TOKEN_LIFETIME": "PT15M"})[0].token_lifetime == timedelta(minutes=15)
    with pytest.raises(SettingsInvalid):
        read_settings({"DOORWARD_TOKEN_LIFETIME": "PT0S"})


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "https://", "https://a.example/path", "https://u@a.example", "http://10.0.0.1"],
)
def test_a_public_url_is_scheme_host_and_port_only(url: str) -> None:
    with pytest.raises(SettingsInvalid):
        read_settings({"DOORWARD_PUBLIC_URL": url})


def test_postgresql_needs_its_files_named() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings({"DOORWARD_DATABASE_URL": "postgresql://x@localhost/y"})

    assert "DOORWARD_ROOT_KEY_FILE is required" in refused.value.problems[0]


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid):
        read_settings({"DOORWARD_DATABASE_URL": url})


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    documented = set(re.findall(r"^\| `(DOORWARD_[A-Z_]+)`", DOCUMENT.read_text(), re.MULTILINE))

    assert documented == {PREFIX + name.upper() for name in Settings.model_fields}


def test_image_and_compose_file_give_what_a_start_needs() -> None:
    """A setting that comes to be required is given there too: nothing else here would notice."""
    image = dict(re.findall(r"(DOORWARD_\w+)=(\S+)", (ROOT / "docker" / "Dockerfile").read_text()))
    given = re.findall(
        r"^ +(DOORWARD_\w+): (\S+)", (ROOT / "docker" / "compose.yaml").read_text(), re.MULTILINE
    )
    compose = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in given}

    assert read_settings(image)[0].database_url.startswith("sqlite")
    assert read_settings({**image, **compose})[0].database_url.startswith("postgresql")
