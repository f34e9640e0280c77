"""The console's pages about metadata and key models."""

from __future__ import annotations

import base64
import re
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from domain.errors import DoorwardError
from domain.key_rules import KeyRule
from flows import catalog
from flows.key_denials import deny
from flows.metadata_view import RULE_WORDS
from models.keys import TrustAnchor
from tests.authn.metadata.payload import CERTIFIED, entry
from tests.flows.metadata_desk import blob, keys_of, model, take, take_bare
from tests.web.desk import Desk
from tests.world import AAGUID, World

RETIRED = [{"status": "RETIRED"}, *CERTIFIED]
PLAIN = [{"status": "FIDO_CERTIFIED", "effectiveDate": "2024-01-01"}]


def test_every_rule_has_words() -> None:
    assert set(RULE_WORDS) == set(KeyRule)


def test_without_metadata_the_page_says_what_to_do(asha: Desk) -> None:
    page = asha.get("/admin/keys/metadata").text

    assert "No metadata is imported" in page
    assert "doorward keys import-metadata" in page


def test_the_page_says_age_figures_and_what_changed(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    take(world, blob(model(world), entry(statuses=PLAIN), no=1))
    take(world, blob(model(world, statuses=RETIRED), no=2))

    page = asha.get("/admin/keys/metadata").text

    assert "by FIDO" in page
    assert '<time class="nowrap" datetime="2026-12-01">1 Dec 2026</time>' in page
    assert "file mds.jwt" in page
    assert "It is retired: no new keys" in page
    assert "new in metadata" in page
    assert "<code>RETIRED</code>" in page
    assert imani.name


def test_unsigned_metadata_wears_a_warning_on_both_pages(world: World, asha: Desk) -> None:
    take_bare(world, model(world))

    for path in ("/admin/keys/metadata", "/admin/keys/models"):
        assert "This metadata is not signed" in asha.get(path).text


@pytest.mark.parametrize(
    ("due", "says"),
    [
        ("2026-11-01", "Newer metadata of key models is due"),
        ("2026-09-01", "The metadata of key models is too old"),
    ],
)
def test_old_metadata_says_so_and_is_on_the_first_page(world: World, asha: Desk, due: str, says: str) -> None:
    take(world, blob(model(world), due=due))

    home = asha.get("/admin").text

    assert says in asha.get("/admin/keys/models").text
    assert says in home
    assert "Nothing needs you" not in home


def test_a_key_that_an_import_suspended_is_named_with_its_reason(world: World, asha: Desk) -> None:
    imani = keys_of(world, world.person("imani"))[0]
    leaf = base64.b64encode(imani.leaf).decode()
    known = [{"status": "ATTESTATION_KEY_COMPROMISE", "certificate": leaf}, *CERTIFIED]
    take(world, blob(model(world, statuses=known)))

    page = asha.get("/admin/keys/metadata").text

    assert f'<a href="/admin/keys/{imani.id}"><bdi>Test key</bdi></a>' in page
    assert f'<a href="/admin/people/{imani.person_id}"><bdi>Imani</bdi></a>' in page
    assert "status-bad" in page


def test_models_in_use_with_their_verdict(world: World, asha: Desk) -> None:
    take(world, blob(model(world, statuses=PLAIN), no=1))

    listed = asha.get("/admin/keys/models").text
    page = asha.get(f"/admin/keys/models/of/{AAGUID}").text

    assert "admitted" in listed
    assert "<code>FIDO_CERTIFIED</code>" in listed
    assert "You trust this model yourself" in page
    assert "You set metadata’s rules aside" in page
    assert RULE_WORDS[KeyRule.CERTIFICATION_LEVEL] in page


def test_a_model_that_is_only_in_metadata_says_which_rules_it_breaks(world: World, asha: Desk) -> None:
    strange = entry(statuses=PLAIN, description="Odd <key>", statement={"keyProtection": ["software"]})
    take(world, blob(strange))

    page = asha.get(f"/admin/keys/models/of/{strange['aaguid']}").text

    assert "Odd &lt;key&gt;" in page
    assert RULE_WORDS[KeyRule.KEY_PROTECTION] in page
    assert RULE_WORDS[KeyRule.CERTIFICATION_LEVEL] in page
    assert "none is registered" in page


def test_a_denied_model_is_shown_as_denied(world: World, asha: Desk) -> None:
    value = "00112233-4455-6677-8899-aabbccddeeff"
    with world.parts.db.write() as session:
        world.parts.commit(
            session, *deny(session, world.parts, "aaguid", value, reason="a bad batch", by="host")
        )

    assert "a bad batch" in asha.get("/admin/keys/models").text
    assert RULE_WORDS[KeyRule.DENIED_MODEL] in asha.get(f"/admin/keys/models/of/{value}").text


def known(asha: Desk, **query: str) -> str:
    return str(asha.get("/admin/keys/models/known?" + urlencode(query)).text)


def numbered(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def test_the_figures_lead_to_the_models_that_they_count(world: World, asha: Desk) -> None:
    good, weak = (entry(numbered(n), description=name) for n, name in ((1, "Good"), (2, "Weak")))
    weak["statusReports"] = PLAIN
    take(world, blob(good, weak))

    page = asha.get("/admin/keys/metadata").text

    assert '<a href="/admin/keys/models/known?outcome=admitted"><span class="num">1</span> may be' in page
    assert '<a href="/admin/keys/models/known?outcome=certification-level">' in page
    assert '<a href="/admin/keys/models/known">' in asha.get("/admin/keys/models").text
    assert f'href="/admin/keys/models/of/{numbered(1)}"' in known(asha, outcome="admitted")
    assert numbered(2) not in known(asha, outcome="admitted")
    assert f'href="/admin/keys/models/of/{numbered(2)}"' in known(asha, outcome="certification-level")
    assert numbered(1) not in known(asha, outcome="certification-level")


def test_models_are_found_by_name_and_by_aaguid(world: World, asha: Desk) -> None:
    take(world, blob(*(entry(numbered(n), description=f"Key {n}") for n in range(1, 5))))

    assert numbered(3) in known(asha, q="KEY 3")
    assert numbered(4) not in known(asha, q="KEY 3")
    assert "Key 2" in known(asha, q=numbered(2).upper())
    assert "No model is found" in known(asha, q="<other>")
    assert "No model is found" in known(asha, outcome="no-such-rule")


def test_models_are_shown_page_by_page(world: World, asha: Desk) -> None:
    take(world, blob(*(entry(numbered(n), description=f"Key {n:03}") for n in range(120))))
    seen: list[str] = []
    page = known(asha)

    while True:
        seen += re.findall(r'<code class="sub">([0-9a-f-]{36})</code>', page)
        after = re.search(r'rel="next" href="[^"]*after=([0-9a-f-]+)"', page)
        if after is None:
            break
        page = known(asha, after=after[1])

    assert seen == [numbered(n) for n in range(120)]
    assert "50 of 120" in known(asha, after="nobody")


def test_a_denied_model_says_why_and_is_not_counted_as_admitted(world: World, asha: Desk) -> None:
    take(world, blob(entry(numbered(1)), entry(numbered(2))))
    with world.parts.db.write() as session:
        denial = deny(session, world.parts, "aaguid", numbered(1), reason="a bad batch", by="host")
        world.parts.commit(session, *denial)

    assert "You denied this model: a bad batch" in known(asha, outcome="denied-model")
    assert numbered(1) not in known(asha, outcome="admitted")
    assert '<span class="num">1</span> may be registered' in asha.get("/admin/keys/metadata").text


def test_a_model_without_a_status_says_so_in_words_of_its_own(world: World, asha: Desk) -> None:
    strange = [{"status": "SOMETHING_NEW", "effectiveDate": "2024-01-01"}]
    take(world, blob(entry(numbered(1), statuses=[]), entry(numbered(2), statuses=strange)))

    assert "It has no status<" in known(asha, q=numbered(1))
    assert "It has a status that this version does not know<" in known(asha, q=numbered(2))


def test_without_metadata_no_model_is_known(asha: Desk) -> None:
    assert "No model is known" in known(asha)


def test_refusals_tell_which_rules_the_models_broke(world: World, asha: Desk) -> None:
    with world.parts.db.write() as session:
        anchor = session.scalars(select(TrustAnchor)).one()
        world.parts.commit(session, catalog.distrust_key_model(session, anchor.id, by="host"))
    take(world, blob(model(world, statuses=RETIRED)))
    with pytest.raises(DoorwardError):
        world.person("jon")

    page = asha.get("/admin/keys/refusals").text

    assert "not-certified" in page
    assert f"<li>{RULE_WORDS[KeyRule.RETIRED]}: " in page
    assert f'<a href="/admin/keys/models/of/{AAGUID}"><bdi>Soft key</bdi></a>' in page


def test_refusals_name_models_that_nobody_knows(world: World, asha: Desk) -> None:
    with world.parts.db.write() as session:
        anchor = session.scalars(select(TrustAnchor)).one()
        world.parts.commit(session, catalog.distrust_key_model(session, anchor.id, by="host"))
    take(world, blob(entry(numbered(1))))
    with pytest.raises(DoorwardError):
        world.person("jon")

    page = asha.get("/admin/keys/refusals").text

    assert f"<li>{RULE_WORDS[KeyRule.NOT_LISTED]}: " in page
    assert "A model that is not known: " in page
    assert f'data-copy="{AAGUID}"' in page
    assert f"/admin/keys/models/of/{AAGUID}" not in page


def test_a_model_that_nobody_knows_is_not_there(asha: Desk) -> None:
    assert asha.get("/admin/keys/models/of/00112233-4455-6677-8899-aabbccddeeff").status_code == 404


def test_readyz_warns_when_metadata_is_due_and_metrics_tell_its_age(world: World) -> None:
    client = world.app().test_client()

    def ready() -> str:
        return str(client.get("/readyz", base_url=world.origin).get_json()["checks"]["metadata"])

    def metrics() -> list[str]:
        text = client.get(
            "/metrics", base_url=world.origin, environ_overrides={"REMOTE_ADDR": "127.0.0.1"}
        ).get_data(as_text=True)
        return [line for line in text.splitlines() if line.startswith("doorward_metadata_")]

    assert ready() == "ok"
    assert metrics() == ["doorward_metadata_age_seconds NaN", "doorward_metadata_due_days NaN"]
    take(world, blob(model(world), due="2026-11-19"))
    world.clock.advance(hours=12)
    assert ready() == "ok"
    assert metrics() == ["doorward_metadata_age_seconds 43200.0", "doorward_metadata_due_days 1.0"]
    world.clock.advance(days=2)
    assert ready().startswith("warning: metadata of key models is due since 2026-11-19")
    world.clock.advance(days=40)
    assert ready().startswith("warning: metadata of key models is stale, due since 2026-11-19")
