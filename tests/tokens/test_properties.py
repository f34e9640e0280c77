"""Properties of entities at the decision point: what is stored, who is believed, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from flows.access import my_access
from flows.decision_import import import_decisions
from flows.document import read_document
from flows.entities import EntityForm, remove_entity, save_entity
from flows.load import load_document
from models.access import DecisionRow, decisions
from tests.tokens.company import client, said
from tests.vectors.authzen import Asker
from tests.world import World

DOCUMENT = """
policy = '''
a, subject.email, word
a, resource.ownerID, word
a, resource.level, whole number
a, action.soft, yes or no
a, context.zone, word
p, own, role:editor, update, doc:*, resource.ownerID == subject.email, standing, allow
p, levels, role:editor, read, doc:*, resource.level >= 2, standing, allow
p, soft, role:editor, delete, doc:*, action.soft and context.zone == eu, standing, allow
p, session, *, enter, doc:*, tier >= 0, standing, allow
p, tiers, *, leave, doc:*, not tier < 2, standing, allow
p, grants, role:editor, open, doc:*, -, -, allow
p, everybody, *, list, doc:*, -, standing, allow
'''
[[services]]
name = "docs"
title = "Documents"
audience = "https://docs.example.org"
prefixes = ["doc:", "lost:"]
actions = ["update", "read", "delete", "enter", "leave", "open", "list"]
subject_types = ["user", "robot", "person"]
properties = ["resource.ownerID", "resource.level", "action.soft", "resource.undeclared"]
context_keys = ["zone", "tier"]
searches = ["subject", "resource", "action"]
[[entities]]
type = "user"
id = "ann"
groups = ["role:editor"]
properties = { email = "ann@x.org" }
[[entities]]
type = "user"
id = "bob"
groups = ["role:editor"]
properties = { email = 7 }
[[entities]]
type = "user"
id = "cy"
[[entities]]
type = "robot"
id = "r/2"
[[entities]]
type = "doc"
id = "hers"
properties = { ownerID = "eve@x.org", level = "2" }
[[entities]]
type = "doc"
id = "*"
"""


@dataclass
class Docs:
    """The documents' service, and the deployment that it asks."""

    world: World
    service: Asker

    def ask(self, who: str, action: Any, resource: Any, context: dict[str, Any] | None = None) -> Any:
        kind, _, id_ = who.partition(":")
        return self.service.ask({"endpoint": "evaluation"}, {
            "subject": {"type": kind, "id": id_},
            "action": action if isinstance(action, dict) else {"name": action},
            "resource": resource if isinstance(resource, dict) else {"type": "doc", "id": resource},
            "context": context or {},
        })  # fmt: skip

    def reason(self, *asked: Any) -> str:
        return str(said(self.ask(*asked))["context"]["reason_admin"]["en"])

    def permits(self, *asked: Any) -> bool:
        return bool(said(self.ask(*asked))["decision"])

    def newest(self) -> DecisionRow:
        import_decisions(self.world.parts)
        with self.world.parts.db.read() as session:
            return decisions(session, limit=1)[0]

    def change(self, change: Any) -> None:
        with self.world.parts.db.write() as session:
            self.world.parts.commit(session, *change(session))


@pytest.fixture
def docs(world: World) -> Docs:
    [secret] = load_document(world.parts, read_document(DOCUMENT.encode())).secrets.values()
    return Docs(world, Asker(client(world), secret))


def doc(id_: str = "new", /, **properties: Any) -> dict[str, Any]:
    return {"type": "doc", "id": id_, "properties": properties}


def test_a_service_is_believed_where_it_was_told_to_be_and_nothing_is_stored(docs: Docs) -> None:
    mine, soft = doc(ownerID="ann@x.org"), {"name": "delete", "properties": {"soft": True}}
    giant = "ann@x.org" + "x" * 50_000

    assert docs.permits("user:ann", "update", mine)
    logged = docs.newest().body["attributes"]
    assert (logged["resource.ownerID"], logged["subject.email"]) == ("ann@x.org", "ann@x.org")
    assert docs.permits("user:ann", "read", doc(level=2, undeclared="x"))
    assert "resource.undeclared" not in docs.newest().body["attributes"]
    assert docs.permits("user:ann", soft, "new", {"zone": "eu"})

    for who, action, resource in (
        ("user:ann", "update", doc()),  # says nothing
        ("user:ann", "update", doc(ownerID="bob@x.org")),
        ("user:ann", "update", doc("hers", ownerID="ann@x.org")),  # is stored otherwise
        ("user:ann", "read", doc("hers", level=2)),  # is stored, of another type
        ("user:bob", "update", doc(ownerID=7)),  # neither is a word
        ("user:cy", "update", mine),
        ("user:ann", "update", doc(ownerID=["ann@x.org"])),
        ("user:ann", "update", doc(ownerID={"": "ann@x.org"})),
        ("user:ann", "update", doc(ownerID=giant)),
        ("user:ann", "update", doc(ownerID="ann@x.org\n")),
        ("user:ann", "read", doc(level=True)),
        ("user:ann", "read", doc(level=2.0)),
        ("user:ann", "read", doc(level="2")),
        ("user:ann", "read", doc(level=-2)),
        ("user:ann", "read", doc(level=2**60)),
        ("user:ann", "delete", "new"),
        ("user:ann", {"name": "delete", "properties": {"soft": 1}}, "new"),
    ):
        assert not docs.permits(who, action, resource, {"zone": "eu"}), (who, action, resource)
    # what it is not believed about: the subject's address, though nothing is stored of cy
    subject = {"type": "user", "id": "cy", "properties": {"email": "ann@x.org"}}
    asked = {"subject": subject, "action": {"name": "update"}, "resource": mine}
    assert not said(docs.service.ask({"endpoint": "evaluation"}, asked))["decision"]


def test_no_property_stands_for_evidence(docs: Docs) -> None:
    """`tier` is a fact of the session: whatever is called so elsewhere is another thing."""
    everywhere: dict[str, Any] = {"tier": 3, "touch_age": 0, "resource.level": 3}

    for action in ("enter", "leave", "open"):
        asked = {
            "subject": {"type": "user", "id": "ann", "properties": everywhere},
            "action": {"name": action, "properties": everywhere},
            "resource": doc(**everywhere),
            "context": everywhere,
        }
        answer = said(docs.service.ask({"endpoint": "evaluation"}, asked))
        assert not answer["decision"]
        assert answer["context"]["reason_admin"]["en"] == "session-missing"
    assert "tier" not in str(docs.newest().body["attributes"].get("context.tier", ""))


def test_a_member_that_stands_twice_is_refused(docs: Docs) -> None:
    raw = (
        '{"subject":{"type":"user","id":"ann"},"action":{"name":"update"},"resource":{"type":"doc","id":"new",'
        '"properties":{"ownerID":"bob@x.org","ownerID":"ann@x.org"}}}'
    )

    answer = docs.service.ask({"endpoint": "evaluation", "raw_body": raw}, None)

    assert answer.status_code == 400


def test_only_what_is_stored_is_a_subject(docs: Docs) -> None:
    imani = docs.world.person("imani", "role:editor")
    viewer = docs.world.login(imani)
    docs.world.resource("doc:board", "list")
    grant = docs.world.open(viewer, "doc:board", "list")

    assert docs.permits("user:ann", "list", "new")
    assert docs.permits("robot:r/2", "list", "new")
    assert docs.reason("user:nobody", "list", "new") == "person-unknown"
    assert docs.reason("user:*", "list", "new") == "person-unknown"
    assert docs.reason("robot:ann", "list", "new") == "person-unknown"
    # the key of an entity is no person's id, in a question about people
    assert docs.reason("person:user:ann", "list", "new") == "person-unknown"
    assert docs.reason("user:" + imani.id, "list", "new") == "person-unknown"
    # nobody's session is an entity's
    assert docs.reason("user:ann", "list", "board", {"grant_id": grant.grant_id}) == "session-missing"
    assert docs.ask("doc:hers", "list", "new").status_code == 403


def test_a_resource_is_known_if_it_is_stored_or_all_of_its_type_are(docs: Docs) -> None:
    lost = {"type": "lost", "id": "1"}
    assert docs.reason("user:ann", "list", lost) == "resource-unknown"

    docs.change(lambda session: save_entity(session, docs.world.parts, EntityForm("lost", "1"), by="host"))

    assert docs.reason("user:ann", "list", lost) == "policy-no-rule"
    assert docs.reason("user:ann", "list", {"type": "lost", "id": "1/2"}) == "resource-unknown"
    assert docs.permits("user:ann", "list", "anything/below")


def test_what_an_entity_was_ends_with_the_change(docs: Docs) -> None:
    parts, mine = docs.world.parts, doc(ownerID="ann@x.org")
    assert docs.permits("user:ann", "update", mine)

    without_role = DOCUMENT.replace('id = "ann"\ngroups = ["role:editor"]', 'id = "ann"')
    load_document(parts, read_document(without_role.encode()))
    assert not docs.permits("user:ann", "update", mine)
    load_document(parts, read_document(DOCUMENT.encode()))
    assert docs.permits("user:ann", "update", mine)
    docs.change(lambda session: remove_entity(session, parts, "user:ann", by="host"))

    assert docs.reason("user:ann", "update", mine) == "person-unknown"


def test_a_stored_property_of_a_resource_counts_on_every_page(docs: Docs) -> None:
    world = docs.world
    world.resource("data:x", "read")
    world.publish("a, resource.open, yes or no\np, open, *, read, data:x, resource.open, standing, allow\n")
    viewer = world.login(world.person("imani"))

    def allowed() -> bool:
        [door] = my_access(world.parts, viewer).doors
        return door.decisions[0][1].permitted

    assert not allowed()
    form = EntityForm("data", "x", {"open": True})
    docs.change(lambda session: save_entity(session, world.parts, form, by="host"))

    assert allowed()


def test_a_search_over_entities_equals_asking_one_by_one(docs: Docs) -> None:
    world = docs.world
    things = [EntityForm("doc", f"d{n}", {"ownerID": "ann@x.org", "level": n}) for n in range(4)]
    for form in (*things, EntityForm("user", "di", {"email": "ann@x.org"}, ("role:editor",))):
        docs.change(lambda session: save_entity(session, world.parts, form, by="host"))  # noqa: B023
    users, resources = ["ann", "bob", "cy", "di"], ["d0", "d1", "d2", "d3", "hers"]
    actions = ["delete", "list", "read", "update"]
    soft = {"properties": {"soft": True}}
    truth = {
        (who, action, id_)
        for who, action, id_ in product(users, actions, resources)
        if docs.permits(f"user:{who}", {"name": action, **soft}, id_, {"zone": "eu"})
    }
    assert 20 < len(truth) < 80

    def found(what: str, subject: Any, action: Any, resource: Any) -> list[Any]:
        body = {"subject": subject, "resource": resource, "context": {"zone": "eu"}}
        body |= {"action": {**action, **soft}} if action else {}
        answer = docs.service.ask({"endpoint": f"search/{what}"}, body)
        return [one.get("id", one.get("name")) for one in said(answer)["results"]]

    # what is said of the kind that is searched for is said of none of those that are found
    for action, id_ in product(actions, resources):
        subject = {"type": "user", "properties": {"email": "ann@x.org"}}
        names = found("subject", subject, {"name": action}, {"type": "doc", "id": id_})
        assert names == [who for who in users if (who, action, id_) in truth]
    for who, action in product(users, actions):
        resource = {"type": "doc", "properties": {"ownerID": "ann@x.org", "level": 3}}
        ids = found("resource", {"type": "user", "id": who}, {"name": action}, resource)
        assert ids == [id_ for id_ in resources if (who, action, id_) in truth]
    for who, id_ in product(users, resources):
        names = found("action", {"type": "user", "id": who}, None, {"type": "doc", "id": id_})
        assert names == [name for name in actions if name != "delete" and (who, name, id_) in truth]
