"""The console's pages about the rules: drafts, conflicts, publication by a touch, history."""

from __future__ import annotations

import re

from sqlalchemy import update

from models.people import Person
from models.policy import Draft, newest_publication
from tests.web.desk import Desk, recorded
from tests.world import World

FIRST = "p, logs-read, role:support, read, data:customer-logs, tier >= 2, max 15m, allow\n"
SECOND = FIRST + "p, logs-remote, *, *, data:*, remote_control, -, deny\n"
WRONG = FIRST + "p, logs-remote, *, *, data:*, remote_control, -, dney\n"
DIGEST = re.compile(r'name="digest" value="(sha256:[0-9a-f]{64})"')


def save(desk: Desk, text: str, base: int, next_: str = "edit") -> object:
    return desk.post("/admin/policy", rules=text, base_revision=str(base), next=next_)


def digest(desk: Desk) -> str:
    return str(DIGEST.findall(desk.get("/admin/policy/publish").text)[0])


def revision(world: World) -> int:
    with world.parts.db.read() as session:
        newest = newest_publication(session)
        return newest.revision if newest else 0


def test_a_draft_is_reviewed_and_published_by_a_touch(world: World, asha: Desk) -> None:
    world.publish(FIRST)
    saved = asha.post("/admin/policy", rules=SECOND, base_revision="1", next="review")
    review = asha.get("/admin/policy/publish").text

    done = asha.touch("/admin/policy/publish", digest=digest(asha), note="no remote control")

    assert saved.headers["Location"] == "/admin/policy/publish"
    assert "nobody may do anything with everything under data:" in review
    assert done.json == {"location": "/admin/policy/history/2"}
    page = asha.get("/admin/policy/history/2").text
    assert "no remote control" in page
    assert "Asha" in page
    assert recorded(world, "policy.published")[0][1]["revision"] == 2
    with world.parts.db.read() as session:
        assert session.get(Draft, asha.person.id if asha.person else "") is None


def test_an_empty_deployment_publishes_its_first_rules(world: World, asha: Desk) -> None:
    assert "No rules are published" in asha.get("/admin").text
    save(asha, FIRST, 0)

    done = asha.touch("/admin/policy/publish", digest=digest(asha))

    assert done.json == {"location": "/admin/policy/history/1"}


def test_a_wrong_draft_is_kept_with_its_problems_and_cannot_be_published(world: World, asha: Desk) -> None:
    page = asha.post("/admin/policy", rules=WRONG, base_revision="0", next="review")
    refused = asha.send("/admin/policy/publish/options", {"digest": "x"})

    assert page.status_code == 400
    assert "Line 2" in page.text
    assert "dney" in asha.get("/admin/policy").text
    assert asha.get("/admin/policy/publish").status_code == 303
    assert (refused.status_code, refused.json["code"]) == (409, "draft-not-ready")


def test_a_text_is_checked_while_it_is_typed_without_being_saved(world: World, asha: Desk) -> None:
    world.publish(FIRST)

    wrong = asha.send("/admin/policy/check", {"rules": WRONG, "base_revision": "1"}).json
    right = asha.send("/admin/policy/check", {"rules": SECOND, "base_revision": "1"}).json

    assert [problem["line"] for problem in wrong["problems"]] == [2]
    assert "deny" in wrong["problems"][0]["suggestion"]
    assert wrong["problems"][0]["column"] == WRONG.splitlines()[1].index("dney") + 1
    assert wrong["problems"][0]["fix"] == {"column": 50, "length": 4, "text": "deny"}
    assert "Not known while there are errors" in wrong["panel"]
    assert wrong["summary"] == "1 error. It cannot be published like this."
    assert all(problem["message"].startswith("Warning: ") for problem in right["problems"])
    assert right["summary"].endswith("1 change against the rules in force.")
    assert "nobody may do anything with everything under data:" in right["panel"]
    assert not recorded(world, "policy.draft-saved")


def test_a_draft_on_old_rules_is_shown_as_a_conflict_and_kept(world: World, asha: Desk) -> None:
    world.publish(FIRST)
    world.publish(SECOND)
    mine = FIRST.replace("15m", "30m")

    page = asha.post("/admin/policy", rules=mine, base_revision="1", next="review")
    refused = asha.send("/admin/policy/publish/options", {"digest": "x"})
    rebased = asha.post("/admin/policy", rules=mine, base_revision="1", rebase="2", next="review")

    assert page.status_code == 409
    assert "Somebody published meanwhile" in page.text
    assert "max 30m" in page.text
    assert "nobody may do anything with everything under data:" in page.text
    assert refused.status_code == 409
    assert rebased.headers["Location"] == "/admin/policy/publish"
    assert "Your draft of the rules is behind" not in asha.get("/admin").text


def test_a_publication_that_comes_first_refuses_the_touch(world: World, asha: Desk) -> None:
    world.publish(FIRST)
    save(asha, SECOND, 1)
    answer = asha.ask("/admin/policy/publish", digest=digest(asha))
    world.publish(FIRST.replace("15m", "30m"))

    refused = asha.send("/admin/policy/publish/finish", answer)

    assert (refused.status_code, refused.json["code"]) == (409, "stale-base")
    assert revision(world) == 2
    assert recorded(world, "policy.refused")[0][1]["reason"] == "stale-base"
    assert "Your draft of the rules is behind" in asha.get("/admin").text


def test_a_draft_that_changes_after_the_touch_is_not_published(world: World, asha: Desk) -> None:
    world.publish(FIRST)
    save(asha, SECOND, 1)
    answer = asha.ask("/admin/policy/publish", digest=digest(asha))
    save(asha, SECOND.replace("data:*", "data:customer-logs"), 1)

    refused = asha.send("/admin/policy/publish/finish", answer)

    assert (refused.status_code, refused.json["code"]) == (409, "draft-changed")
    assert revision(world) == 1


def test_a_page_that_shows_an_older_draft_gets_no_touch(world: World, asha: Desk) -> None:
    world.publish(FIRST)
    save(asha, SECOND, 1)
    shown = digest(asha)
    save(asha, SECOND.replace("data:*", "data:customer-logs"), 1)

    refused = asha.send("/admin/policy/publish/options", {"digest": shown})

    assert (refused.status_code, refused.json["code"]) == (409, "draft-changed")


def test_a_touch_for_something_else_publishes_nothing(world: World, asha: Desk) -> None:
    world.publish(FIRST)
    save(asha, SECOND, 1)
    answer = asha.ask("/touch")

    refused = asha.send("/admin/policy/publish/finish", answer)

    assert refused.status_code == 409
    assert revision(world) == 1


def test_a_draft_that_changes_nothing_is_not_published(world: World, asha: Desk) -> None:
    world.publish(FIRST)
    save(asha, FIRST, 1)

    page = asha.get("/admin/policy").text

    assert "the draft is the same as the rules in force" in page
    assert asha.get("/admin/policy/publish").status_code == 303


def test_a_draft_is_thrown_away(world: World, asha: Desk) -> None:
    world.publish(FIRST)
    save(asha, WRONG, 1)

    asha.post("/admin/policy/discard")

    assert "dney" not in asha.get("/admin/policy").text


def test_earlier_rules_come_back_by_a_touch_even_beside_a_wrong_draft(world: World, asha: Desk) -> None:
    """A draft with errors used to stop every publication of its author, going back too."""
    world.publish(FIRST)
    world.publish(SECOND)
    save(asha, WRONG, 2)

    said = asha.get("/admin/policy/history/1/rollback").text
    done = asha.touch("/admin/policy/history/1/rollback", note="too strict")

    assert "Removed:" in said
    assert done.json == {"location": "/admin/policy/history/3"}
    assert "too strict" in asha.get("/admin/policy/history").text
    assert "dney" in asha.get("/admin/policy").text


def test_going_back_to_what_was_never_published_is_not_found(world: World, asha: Desk) -> None:
    world.publish(FIRST)

    assert asha.get("/admin/policy/history/7").status_code == 404
    assert asha.send("/admin/policy/history/7/rollback/options", {}).status_code == 404


def test_who_may_only_read_sees_the_rules_without_an_editor(world: World, asha: Desk) -> None:
    world.publish(FIRST)
    approver = Desk(world, world.person("rolf", "role:approver", engaged=False))

    page = approver.get("/admin/policy").text

    assert "logs-read" in page
    assert "<textarea" not in page
    assert "Go back" not in approver.get("/admin/policy/history/1").text


def test_a_text_that_is_too_long_comes_back(asha: Desk) -> None:
    text = "# " + "x" * 200_000

    page = asha.post("/admin/policy", rules=text, base_revision="0", next="edit")

    assert page.status_code == 400
    assert text in page.text


def test_a_draft_as_long_as_may_be_is_kept_however_a_browser_writes_it(asha: Desk) -> None:
    text = FIRST + ("# " + ",é" * 500 + "\n") * 195

    page = asha.post("/admin/policy", rules=text, base_revision="0", next="edit")

    assert page.status_code == 303, page.text[:300]
    assert ",é,é" in asha.get("/admin/policy").text


def test_rules_too_long_for_the_editor_are_shown_and_told_how_to_edit(world: World, asha: Desk) -> None:
    world.publish(FIRST + "# " + "\n# ".join(["x" * 1_000] * 210) + "\n")

    page = asha.get("/admin/policy")
    review = asha.get("/admin/policy/publish")
    kept = asha.post("/admin/policy", rules=FIRST, base_revision="1", next="edit")

    assert page.status_code == 200
    assert "doorward policy publish FILE" in page.text
    assert "The first 200,000 of 21" in page.text
    assert "<textarea" not in page.text
    assert (review.status_code, review.headers["Location"]) == (303, "/admin/policy")
    assert kept.status_code == 303
    assert "<textarea" in asha.get("/admin/policy").text, "a shorter draft can be written"


TESTED = FIRST + "t, low, role:support, read, data:customer-logs, tier = 1, {}\n"


def test_a_draft_with_a_failing_test_is_kept_and_not_reviewed(world: World, asha: Desk) -> None:
    page = asha.post("/admin/policy", rules=TESTED.format("allow, -"), base_revision="0", next="review")
    refused = asha.send("/admin/policy/publish/options", {"digest": "x"})

    assert page.status_code == 400
    assert "expects allow and got deny (tier-too-low); nearest is rule “logs-read”." in page.text
    assert (refused.status_code, refused.json["code"]) == (409, "draft-not-ready")


def test_who_gains_is_told_before_the_touch_afterwards_and_on_the_record(world: World, asha: Desk) -> None:
    world.resource("data:customer-logs")
    world.person("imani", "role:support")
    save(asha, TESTED.format("deny, tier-too-low"), 0)
    told = "Imani gains read on data:customer-logs when tier is at least 2, for at most 15 minutes"

    review = asha.get("/admin/policy/publish").text
    asha.touch("/admin/policy/publish", digest=digest(asha))

    assert told in review
    assert "1 test passes" in review
    assert told in asha.get("/admin/policy/history/1").text
    effects = recorded(world, "policy.published")[0][1]["effects"]
    assert (effects["gains"], effects["losses"], effects["people_gaining"]) == (1, 0, 1)


def test_going_back_says_who_loses(world: World, asha: Desk) -> None:
    world.resource("data:customer-logs")
    world.person("imani", "role:support")
    world.publish(FIRST.replace("role:support", "role:night"))
    world.publish(FIRST)

    page = asha.get("/admin/policy/history/1/rollback").text

    assert "Imani loses read on data:customer-logs" in page
    assert "1 person loses something" in page


def test_names_in_sentences_are_escaped(world: World, asha: Desk) -> None:
    world.resource("data:customer-logs")
    imani = world.person("imani", "role:support")
    with world.parts.db.write() as session:
        session.execute(update(Person).where(Person.id == imani.id).values(display_name="<b>Imani</b>"))
        world.parts.commit(session)

    panel = asha.send("/admin/policy/check", {"rules": FIRST, "base_revision": "0"}).json["panel"]

    assert "&lt;b&gt;Imani&lt;/b&gt; gains read" in panel
    assert "<b>Imani" not in panel
