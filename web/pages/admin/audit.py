"""The record: what happened, by whom; and whether the record itself is whole."""

from __future__ import annotations

from flask import request

from flows import chain
from flows.audit_view import code_of, kinds, list_records, record_page
from web.pages.admin.console import Answer, area, number, page
from web.pages.admin.events import ids_in, in_short, kind_of, title
from web.state import admin, parts

pages = area("audit")


@pages.get("/admin/audit")
def records() -> Answer:
    admin("view", "audit")
    kind, who = (request.args.get(name, "").strip()[:128] for name in ("kind", "who"))
    before = number(request.args.get("before", ""))
    found = list_records(parts(), kind=code_of(kind), who=who, before=before)
    return page(
        "audit.html",
        active="audit",
        found=found,
        kind=kind,
        who=who,
        before=before,
        kinds=kinds(),
        title=title,
        kind_of=kind_of,
        in_short=in_short,
    )


@pages.post("/admin/audit/verify")
def verify() -> Answer:
    """Read the whole chain and say whether it is intact."""
    admin("view", "audit")
    return page("audit_verify.html", active="audit", report=chain.verify(parts()))


@pages.get("/admin/audit/<int:sequence>")
def record(sequence: int) -> Answer:
    admin("view", "audit")
    found = record_page(parts(), sequence)
    return page(
        "audit_record.html",
        active="audit",
        found=found,
        title=title(found.record, found.detail),
        kind_of=kind_of,
        ids=ids_in(found.detail.details) if found.detail else (),
    )
