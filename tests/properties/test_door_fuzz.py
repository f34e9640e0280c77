"""Whatever is sent to the doors for programs: an answer of the document, never a permit by mistake."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.tokens.company import Company, found
from tests.world import World

EXAMPLES = 12
UNREADABLE = {400, 405}


@pytest.fixture
def company(world: World) -> Company:
    """The company; no rule of it permits without a session."""
    made = found(world)
    with world.parts.db.write() as session:
        row = session.merge(made.service("logs"))
        row.searches, row.subject_types = ["subject", "resource", "action"], ["person", "service", "device"]
        session.commit()
    return made


def operations(company: Company) -> list[Any]:
    schema = schemathesis.openapi.from_dict(company.http.get("/openapi.json").get_json())
    return [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]


def there(company: Company) -> dict[str, Any]:
    """Return entities that are there: what is made up is seldom one."""
    return {
        "subject": {"type": "person", "id": company.imani.id},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "customer-logs"},
        "context": {},
        "page": {},
    }


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_door_for_programs_fails_or_permits_by_mistake(company: Company, mode: GenerationMode) -> None:
    seen: set[tuple[str, int]] = set()

    for operation in operations(company):
        # What reads nothing cannot be sent wrongly.
        if mode is GenerationMode.POSITIVE or len(operation.body):
            for proven, known in product((True, False), ({}, there(company))):
                fuzz(company, operation, mode, proven, known, seen)

    reached = {path for path, status in seen if status == 200}
    deciding = {path for path in (o.path for o in operations(company)) if path.startswith("/access/")}
    assert mode is GenerationMode.NEGATIVE or deciding <= reached, "or only refusals were tried"
    assert any(status == 400 for _, status in seen)


def fuzz(
    company: Company,
    operation: Any,
    mode: GenerationMode,
    proven: bool,
    known: dict[str, Any],
    seen: set[tuple[str, int]],
) -> None:
    """Send *EXAMPLES* requests that fit the document, or do not, with *known* in place of what is made up."""
    told = {int(status) for status in operation.definition.raw["responses"]}
    headers = {"Authorization": f"Bearer {company.logs_secret}"} if proven else {}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        made = case.as_transport_kwargs()
        sent = {kind: made[kind] for kind in ("data", "json") if made.get(kind) is not None}
        if isinstance(sent.get("json"), dict):
            sent["json"] = {**sent["json"], **known}
        answer = company.http.open(case.formatted_path, method=case.method, headers=headers, **sent)
        seen.add((case.path, answer.status_code))
        assert answer.status_code in told | UNREADABLE, answer.get_data(as_text=True)
        assert answer.status_code < 500 or case.path == "/readyz"
        assert not permits(answer.get_json(silent=True))

    ask()


def permits(body: Any) -> bool:
    if not isinstance(body, dict):
        return False
    return body.get("decision") is True or any(map(permits, body.get("evaluations", [])))
