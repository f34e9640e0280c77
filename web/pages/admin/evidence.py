"""Evidence: what is collected, what it weighs, what each tier asks for. Read only."""

from __future__ import annotations

from flows.weights_view import weights_page
from web.pages.admin.console import Answer, area, page
from web.state import admin, parts

pages = area("evidence")


@pages.get("/admin/evidence")
def evidence() -> Answer:
    admin("view", "settings")
    return page("evidence.html", active="evidence", found=weights_page(parts()))
