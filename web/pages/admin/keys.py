"""Keys: who holds which, which models are trusted, why others were refused; and stopping one for good."""

from __future__ import annotations

from flask import Response, jsonify, request

from domain.errors import NotFound
from flows import catalog, keys
from flows.console import carry_out, carry_out_tapped
from flows.inventory_view import apart_of, item_of
from flows.metadata_view import ADMITTED, RULE_WORDS, listed_models, metadata_page, model_page
from web.pages.admin.console import Answer, Form, area, begin_tap, page, reason_asked, see
from web.pages.session import finish_tap
from web.state import admin, parts, viewer

pages = area("keys")
STATES = (
    ("", "Any state"),
    ("pending", "Waits to be activated"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("lost", "Lost"),
    ("revoked", "Revoked"),
)
_FIELDS = {"aaguid": "aaguid", "label": "label"}


@pages.get("/admin/keys")
def registered() -> Answer:
    admin("view", "keys")
    state, before = request.args.get("state", ""), request.args.get("before", "")
    found = keys.list_keys(parts(), state=state, before=before)
    return page("keys.html", active="keys", found=found, state=state, states=STATES, before=before)


@pages.get("/admin/keys/models")
def models() -> Answer:
    admin("view", "keys")
    return _models_page(Form({}))


@pages.post("/admin/keys/models")
def trust_model() -> Answer:
    """Trust one more model of key by the certificate of its maker."""
    admin("manage", "keys")
    form = Form.posted(("aaguid", "label", "certificate"))
    form.need(
        aaguid="Write the model's AAGUID.",
        label="Write the model's name.",
        certificate="Paste the maker's certificate.",
    )
    by = viewer().person_id
    done = form.attempt(
        lambda session: catalog.trust_key_model(
            session,
            parts(),
            aaguid=form["aaguid"],
            certificate_pem=form["certificate"],
            label=form["label"],
            by=by,
        ),
        _FIELDS,
        "certificate",
    )
    if done:
        return see("/admin/keys/models")
    return _models_page(form)


def _models_page(form: Form) -> Answer:
    return page(
        "key_models.html",
        active="keys",
        found=metadata_page(parts()),
        models=keys.models(parts()),
        form=form,
    )


@pages.get("/admin/keys/models/of/<aaguid>")
def model_of(aaguid: str) -> Answer:
    """Show what is known of one model, and which rules it breaks."""
    admin("view", "keys")
    return page("key_model_of.html", active="keys", found=model_page(parts(), aaguid))


@pages.get("/admin/keys/models/known")
def known_models() -> Answer:
    """Show the models that metadata know, by outcome or by name."""
    admin("view", "keys")
    outcome, q, after = (request.args.get(name, "") for name in ("outcome", "q", "after"))
    found = listed_models(parts(), outcome=outcome, search=q, after=after)
    words = {ADMITTED: "Admitted by your rules"} | {rule.value: text for rule, text in RULE_WORDS.items()}
    outcomes = [("", "Any"), *((code, words[code]) for code in found.outcomes)]
    return page(
        "key_models_known.html",
        active="keys",
        found=found,
        outcomes=outcomes,
        outcome=outcome,
        q=q,
        after=after,
    )


@pages.get("/admin/keys/metadata")
def metadata() -> Answer:
    """Show how old metadata is, and what each import changed."""
    admin("view", "keys")
    return page("key_metadata.html", active="keys", found=metadata_page(parts()), words=RULE_WORDS)


@pages.get("/admin/keys/models/<anchor_id>")
def model(anchor_id: str) -> Answer:
    admin("view", "keys")
    found = next((row for row in keys.models(parts()) if row.anchor.id == anchor_id), None)
    if found is None:
        raise NotFound("there is no such trusted model")
    return page("key_model.html", active="keys", found=found)


@pages.post("/admin/keys/models/<anchor_id>/remove")
def distrust_model(anchor_id: str) -> Answer:
    admin("manage", "keys")
    by = viewer().person_id
    carry_out(parts(), lambda session: catalog.distrust_key_model(session, anchor_id, by=by))
    return see("/admin/keys/models")


@pages.get("/admin/keys/refusals")
def refusals() -> Answer:
    admin("view", "keys")
    words = {rule.value: text for rule, text in RULE_WORDS.items()}
    return page("key_refusals.html", active="keys", refused=keys.refusals(parts()), words=words)


@pages.get("/admin/keys/<key_id>")
def key(key_id: str) -> Answer:
    admin("view", "keys")
    found, item = keys.key_page(parts(), key_id), item_of(parts(), key_id)
    return page("key.html", active="keys", found=found, item=item, apart=apart_of(parts(), found.key))


@pages.get("/admin/keys/<key_id>/revoke")
def revoke_page(key_id: str) -> Answer:
    """Say what will end, before it ends."""
    admin("manage", "keys")
    return page("key_revoke.html", active="keys", found=keys.key_page(parts(), key_id))


@pages.post("/admin/keys/<key_id>/revoke/options")
def revoke_options(key_id: str) -> Response:
    admin("manage", "keys")
    return begin_tap(keys.revoke_action(key_id, reason_asked()))


@pages.post("/admin/keys/<key_id>/revoke/finish")
def revoke(key_id: str) -> Response:
    admin("manage", "keys")
    by = viewer().person_id
    carry_out_tapped(
        parts(),
        finish_tap(),
        lambda reason: keys.revoke_action(key_id, reason),
        lambda session, reason: keys.revoke(session, parts(), key_id, reason=reason, by=by),
    )
    return jsonify(location=f"/admin/keys/{key_id}")
