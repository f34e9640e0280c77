"""The closed list of what is recorded. ``docs/audit.md`` lists every kind; a test holds them equal."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class EventKind(Enum):
    """What happened. The value is stable; the text says it to an auditor."""

    INSTANCE_CREATED = ("instance.created", "The database was created.")
    BOOTSTRAP_LINK_MADE = ("bootstrap.link-made", "A bootstrap link was made by the launcher.")
    ADMIN_BOOTSTRAPPED = (
        "admin.bootstrapped",
        "The first admin registered a key; bootstrap closed for good.",
    )
    ADMIN_RECOVERY = ("admin.recovery", "An admin recovery link was made on the host.")
    TRUST_ANCHOR_ADDED = ("trust.anchor-added", "A trust anchor for a key model was added.")
    TRUST_ANCHOR_REMOVED = ("trust.anchor-removed", "A trust anchor for a key model was removed.")
    PERSON_CREATED = ("person.created", "A person was entered.")
    PERSON_SUSPENDED = ("person.suspended", "A person was suspended; all their access ended.")
    PERSON_RESUMED = ("person.resumed", "A suspended person was reinstated.")
    ENGAGEMENT_CREATED = ("engagement.created", "An engagement was entered.")
    ENGAGEMENT_ENDED = ("engagement.ended", "An engagement was ended; the person's access ended.")
    INVITE_MADE = ("invite.made", "An invite to register a key was made.")
    ASSIGNMENT_MADE = ("assignment.made", "A membership was given.")
    ASSIGNMENT_ENDED = ("assignment.ended", "A membership was ended.")
    KEY_REGISTERED = ("key.registered", "A hardware key was registered.")
    KEY_REFUSED = ("key.refused", "A registration was refused.")
    KEY_SUSPENDED = ("key.suspended", "A key was suspended; its sessions ended.")
    KEY_REVOKED = ("key.revoked", "A key was revoked; its sessions ended.")
    ACTIVATION_CODE_MADE = ("key.code-made", "A code to activate a key was made.")
    ACTIVATION_REFUSED = ("key.activation-refused", "The activation of a key was refused.")
    KEY_ACTIVATED = (
        "key.activated",
        "A key was activated: by its owner with the code, or by a second person.",
    )
    KEY_REINSTATED = ("key.reinstated", "A suspended key was reinstated.")
    KEY_LOST = ("key.lost", "A key was reported lost and stopped.")
    KEY_NAMED = ("key.named", "A person named one of their keys.")
    KEY_MODEL_BLOCKED = ("key.model-blocked", "A key was suspended because its model is no longer accepted.")
    KEY_ALARM = ("key.alarm", "Registrations are refused unusually often.")
    KEY_SHARED = ("key.shared", "Somebody came to register a key that belongs to another person.")
    STOP_CODE_REFUSED = ("key.stop-refused", "A code to stop a key was refused.")
    METADATA_IMPORTED = ("metadata.imported", "Authenticator metadata was imported.")
    METADATA_REFUSED = ("metadata.refused", "An import of authenticator metadata was refused.")
    KEY_DENIAL_ADDED = ("denial.added", "A key model, certificate or public key was denied.")
    KEY_DENIAL_REMOVED = ("denial.removed", "A denial of a key model, certificate or public key was removed.")
    CUSTODY_STEP = ("custody.step", "A physical key took a step of its life.")
    CUSTODY_ADDRESS_REFUSED = (
        "custody.address-refused",
        "A shipment was not approved: another address was typed.",
    )
    CUSTODY_BROKEN = ("custody.broken", "The chain of custody of a key broke.")
    REISSUE_ASKED = ("reissue.asked", "A new key was asked for somebody who lost theirs.")
    REISSUE_SIGNED = ("reissue.signed", "Somebody touched for the new key of another person.")
    REISSUE_WITHDRAWN = ("reissue.withdrawn", "The request for a new key was withdrawn.")
    HOURS_DECLARED = ("presence.hours", "The working hours of a person were declared.")
    PRESENCE_OPENED = ("presence.opened", "People were asked for a touch unannounced.")
    PRESENCE_ANSWERED = ("presence.answered", "A person answered an unannounced touch.")
    PRESENCE_LATE = ("presence.late", "A person touched after the deadline of an unannounced touch.")
    PRESENCE_MISSED = ("presence.missed", "A person missed an unannounced touch.")
    JOB_FAILED = ("job.failed", "Background work failed for good.")
    LOGIN = ("login.succeeded", "A person logged in with their key.")
    LOGIN_REFUSED = ("login.refused", "A login was refused.")
    LOGOUT = ("session.ended", "A session ended.")
    SESSION_MOVED = ("session.moved", "A session's cookie came from another network and was refused there.")
    ACTION_SIGNED = ("action.signed", "A person signed an action by touching their key.")
    ACTION_SIGN_REFUSED = ("action.sign-refused", "A touch for an action was refused.")
    DEVICE_ENROLLED = ("device.enrolled", "A laptop enrolled and waits for approval.")
    DEVICE_APPROVED = ("device.approved", "A laptop was approved; its reports count.")
    DEVICE_REVOKED = ("device.revoked", "A laptop was revoked; its reports no longer count.")
    POSTURE_CHANGED = ("posture.changed", "A laptop's report differed from its last one.")
    REPORT_REFUSED = ("posture.refused", "A laptop's report was refused.")
    NETWORK_NAMED = ("network.named", "A network was given a name and kind.")
    NETWORK_REMOVED = ("network.removed", "A named network was removed.")
    ENTITY_SAVED = ("entity.saved", "An entity was entered, or its properties changed.")
    ENTITY_REMOVED = ("entity.removed", "An entity was removed; its memberships ended.")
    RESOURCE_SAVED = ("resource.saved", "A resource was entered or changed.")
    RESOURCE_REMOVED = ("resource.removed", "A resource was removed.")
    SERVICE_SAVED = ("service.saved", "A service was entered or changed.")
    SERVICE_SECRET_MADE = ("service.secret-made", "A secret of a service was made.")
    SERVICE_DISABLED = ("service.disabled", "A service was disabled; its tokens ended.")
    SERVICE_REFUSED = ("service.refused", "A service asked outside its scope.")
    SERVICE_SEARCHED = ("service.searched", "A service searched for subjects, resources or actions.")
    SITE_ENTERED = ("site.entered", "A person's browser entered a site behind a proxy.")
    SITE_REFUSED = ("site.refused", "A browser was refused the entry to a site behind a proxy.")
    SITE_LEFT = ("site.left", "A person's browser left a site behind a proxy.")
    DECISIONS_IMPORTED = ("decisions.imported", "Answered checks were taken into the decision log.")
    DECISIONS_GAP = ("decisions.gap", "Answered checks are missing from the decision log.")
    DECISIONS_UNCLOSED = (
        "decisions.unclosed",
        "A process that answered checks ended without saying so.",
    )
    POLICY_DRAFT_SAVED = ("policy.draft-saved", "A draft of the rules was saved.")
    POLICY_PUBLISHED = ("policy.published", "Rules were published.")
    POLICY_REFUSED = ("policy.refused", "A publication was refused.")
    GRANT_REFUSED = ("grant.refused", "Access was asked for and denied.")
    GRANT_ISSUED = ("grant.issued", "A person opened a resource.")
    GRANT_ENDED = ("grant.ended", "A grant ended before its time.")
    ACCESS_ENDED = ("access.ended", "All access of a person, key or session ended.")
    CODE_ISSUED = ("code.issued", "An authorization code was issued.")
    CODE_REFUSED = ("code.refused", "An authorization request was refused.")
    CODE_REUSED = ("code.reused", "A used code was presented again; its tokens were ended.")
    TOKEN_ISSUED = ("token.issued", "An access token was issued.")
    TOKEN_REFUSED = ("token.refused", "A token request was refused.")
    TOKEN_REVOKED = ("token.revoked", "An access token was revoked.")
    DOCUMENT_LOADED = ("document.loaded", "A document of people, resources and rules was loaded.")
    ADMIN_REFUSED = ("admin.refused", "Somebody tried an admin act that is not theirs.")

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.text = text


KINDS: dict[str, EventKind] = {kind.code: kind for kind in EventKind}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to record.

    *actor* and *subject* are pseudonymous ids (`prs_…`, `svc_…`, or
    `host` for the command line, `-` when nobody is known). *details* are
    JSON-compatible, may hold personal data, and can be erased later without
    breaking the chain.
    """

    kind: EventKind
    actor: str
    subject: str
    details: dict[str, Any] = field(default_factory=dict)
