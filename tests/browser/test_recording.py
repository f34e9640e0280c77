"""What docs/keys.md has an operator type into the browser's console records what `keys explain` reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.authn.recording import explained
from tests.browser.furnish import plug_in_virtual_key

pytestmark = pytest.mark.browser
PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
TYPED = re.findall(r"```js\n(.*?)```", PAGE.read_text(), re.DOTALL)


def typed(page: Page, *snippets: str) -> str:
    """Return what *snippets* copy to the clipboard, typed one after the other."""
    body = "\n".join(snippets)
    copied: str = page.evaluate(
        f"async () => {{ let copied; const copy = (text) => copied = text; {body}; return copied; }}"
    )
    return copied


def test_a_registration_and_a_login_are_recorded(visit, tmp_path: Path):
    page = visit(soft_key=False).go("/login")
    plug_in_virtual_key(page)
    create, get = TYPED

    made, signed = typed(page, create), typed(page, create, get)
    registration = explained(tmp_path, made.encode(), at=None)
    login = explained(tmp_path, signed.encode(), at=None)

    assert list(json.loads(made)) == ["rp_id", "origin", "challenge", "response"]
    assert registration.reasons == ["virtual-authenticator", "metadata-stale"], registration.error
    assert (login.exit_code, login.verdict) == (0, "accepted"), login.error
    assert login.error == ""
