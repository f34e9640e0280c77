"""The console's first page: what needs somebody, and how the place stands."""

from __future__ import annotations

from flows.admin import require
from flows.agenda import agenda
from web.pages.admin.console import Answer, area, can, page
from web.state import parts, viewer
from web.templating import is_staff

pages = area("home")


@pages.get("/admin")
def home() -> Answer:
    """Show what needs somebody, of the areas that the viewer may see."""
    me = viewer()
    if not is_staff(me):
        require(parts(), me, "view", "console")
    return page("home.html", active="home", agenda=agenda(parts(), me, sees=lambda name: can("view", name)))
