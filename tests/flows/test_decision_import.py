"""What was answered becomes rows of the log: each once, with what is missing told."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest
from sqlalchemy import func, select

from audit.segments import SUFFIX, Segment
from domain.errors import Unavailable
from flows import decision_import, decision_log
from flows.decision_import import import_decisions
from flows.decisions_view import list_decisions
from models.access import DecisionRow
from models.evidence import AssessmentRow
from models.uses import DecisionSegment, ResourceUse, RuleUse
from tests.tokens.company import RESOURCE, Company, found, said
from tests.world import World


@pytest.fixture
def company(world: World) -> Company:
    return found(world)


def ask(company: Company, count: int) -> list[str]:
    """Ask *count* questions about what is open; return the ids of the answers."""
    grant = str(company.open().grant_id)
    return [said(company.check({"grant_id": grant}))["context"]["id"] for _ in range(count)]


def logged(company: Company) -> list[str]:
    with company.world.parts.db.read() as session:
        where = DecisionRow.door == "evaluation"
        return list(session.scalars(select(DecisionRow.id).where(where).order_by(DecisionRow.id)))


def segment(company: Company) -> Path:
    [path] = company.world.parts.log.folder.glob("*" + SUFFIX)
    return path


def gaps(company: Company) -> list[dict[str, Any]]:
    kinds = company.kinds()
    return [company.details("decisions.gap")] if "decisions.gap" in kinds else []


def test_every_answer_is_a_row_once_however_often_it_is_imported(company: Company) -> None:
    ids = ask(company, 3)
    assert logged(company) == []

    first, second = import_decisions(company.world.parts), import_decisions(company.world.parts)
    more = [said(company.check())["context"]["id"]]
    import_decisions(company.world.parts)

    assert (first, second) == (3, 0)
    assert logged(company) == sorted(ids + more)
    imported = company.details("decisions.imported")
    assert (imported["decisions"], imported["segment"]) == (1, segment(company).stem)
    with company.world.parts.db.read() as session:
        row = session.get(DecisionRow, ids[0])
        assert row is not None
        assert session.get(AssessmentRow, row.assessment_id) is not None
        assert row.body["groups"] == ["role:support"]
        assert row.body["attributes"]["tier"] >= 2
        uses = {u.rule: u.uses for u in session.scalars(select(RuleUse))}
        used = session.get(ResourceUse, (company.imani.id, RESOURCE))
        assert used is not None
        assert (uses, used.uses, used.last_used_at) == ({"logs-read": 3}, 3, company.world.clock.now())


def test_importers_at_once_count_nothing_twice(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_import, "BATCH", 3)
    ids = ask(company, 20)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: import_decisions(company.world.parts), range(4)))

    assert logged(company) == sorted(ids)
    with company.world.parts.db.read() as session:
        assert session.scalar(select(RuleUse.uses)) == 20


def test_a_segment_that_ended_well_is_removed_and_tells_of_nothing(company: Company) -> None:
    ids = ask(company, 2)
    path = segment(company)

    company.world.parts.log.close()
    import_decisions(company.world.parts)

    assert logged(company) == sorted(ids)
    assert not path.exists()
    assert not {"decisions.gap", "decisions.unclosed"} & set(company.kinds())
    after = said(company.check())["context"]["id"]
    assert after in {row.id for row in list_decisions(company.world.parts).found.rows}


def test_a_process_that_died_is_told_and_what_it_answered_is_kept(company: Company) -> None:
    """Its half line was never answered."""
    ids = ask(company, 2)
    path = segment(company)
    company.world.parts.log.close()
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:-1]) + b'{"n":9,"decis')

    import_decisions(company.world.parts)

    assert logged(company) == sorted(ids)
    assert company.details("decisions.unclosed")["last"] == len(whole) - 1
    assert not path.exists()


def _without_second(path: Path) -> None:
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(whole[0] + b"".join(whole[2:]))


def _without_last(path: Path) -> None:
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:-2]) + whole[-1])


@pytest.mark.parametrize(
    ("spoil", "why", "kept"),
    [
        (_without_second, "lines are missing", 2),
        (_without_last, "lines are missing", 2),
        (Path.unlink, "the file is gone", 0),
    ],
)
def test_what_somebody_removed_is_told_as_a_gap(company: Company, spoil: Any, why: str, kept: int) -> None:
    ids = ask(company, 3)
    path = segment(company)
    company.world.parts.log.close()

    spoil(path)
    import_decisions(company.world.parts)

    assert [gap["why"] for gap in gaps(company)] == [why]
    assert len(logged(company)) == kept
    assert set(logged(company)) <= set(ids)
    assert not path.exists()


SPOILT: list[dict[str, Any]] = [
    {"at": "never"},
    {"at": "2026-11-18T12:00:00"},
    {"at": "9999-12-31T23:59:59-12:00"},
    {"effect": None},
    {"subject": "prs_\0"},
    {"resource": "data:" + "x" * 2000},
    {"action": 7},
    {"body": []},
    {"body": {"use": True, "determining": [{}]}},
    {"of a later version": 1},
]


def test_no_line_keeps_the_others_from_being_imported(company: Company) -> None:
    ids = ask(company, 2)
    path = segment(company)
    company.world.parts.log.close()
    *whole, _end = path.read_bytes().splitlines(keepends=True)
    last = json.loads(whole[-1])
    first, decision = last["n"] + 1, last["decision"]
    bad = [{"n": first + i, "decision": {**decision, "id": f"d{i}", **s}} for i, s in enumerate(SPOILT)]
    bad += [{"n": first + len(SPOILT), "decision": {"at": decision["at"]}}, {"n": first, "end": 2**70}]

    path.write_bytes(b"".join(whole) + b"".join(json.dumps(line).encode() + b"\n" for line in bad))
    import_decisions(company.world.parts)

    assert logged(company) == sorted(ids)
    assert company.kinds().count("decisions.gap") == len(bad)
    assert not path.exists()


def test_a_last_line_counts_only_where_the_process_is_gone(company: Company) -> None:
    """Else whoever writes one would have everything removed that is answered behind it."""
    ids = ask(company, 2)
    path = segment(company)
    number = len(path.read_bytes().splitlines())
    with path.open("ab") as file:
        file.write(b'{"end":%d}\n' % number)

    import_decisions(company.world.parts)
    before = gaps(company), path.exists()
    ids += ask(company, 1)
    import_decisions(company.world.parts)

    assert before == ([], True)
    assert logged(company) == sorted(ids)
    assert [gap["why"] for gap in gaps(company)] == ["a line cannot be read"]


def test_what_is_answered_after_the_file_was_taken_away_is_kept(company: Company) -> None:
    ask(company, 1)
    log = company.world.parts.log
    assert log._segment is not None
    log._segment._sync()

    segment(company).unlink()
    import_decisions(company.world.parts)
    after = ask(company, 2)
    import_decisions(company.world.parts)

    assert [gap["why"] for gap in gaps(company)] == ["the file is gone"]
    assert logged(company) == sorted(after)


def test_an_importer_never_comes_upon_a_segment_that_is_not_there_yet(company: Company) -> None:
    def slowly(path: Path) -> Segment:
        import_decisions(company.world.parts)
        return Segment(path)

    with patch.object(decision_log, "Segment", slowly):
        ids = ask(company, 1)
    import_decisions(company.world.parts)

    assert (logged(company), gaps(company)) == (ids, [])


def test_a_folder_that_cannot_be_written_makes_no_gap(company: Company) -> None:
    with patch.object(decision_log, "Segment", side_effect=PermissionError):
        refused = [company.check().status_code for _ in range(3)]
    with (
        patch.object(DecisionSegment, "__init__", side_effect=Unavailable("away")),
        pytest.raises(Unavailable),
    ):
        company.world.parts.log.append([b"{}"])
    import_decisions(company.world.parts)

    assert refused == [503] * 3
    assert gaps(company) == []
    assert list(company.world.parts.log.folder.glob("*" + SUFFIX)) == []


def test_a_long_segment_is_followed_by_another(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_log, "LONGEST", 4000)

    ids = ask(company, 12)
    import_decisions(company.world.parts)

    assert logged(company) == sorted(ids)
    with company.world.parts.db.read() as session:
        count = session.scalar(select(func.count()).select_from(DecisionSegment))
        assert count is not None
        assert count > 2


def test_what_cannot_be_read_waits_and_stops_no_page(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = ask(company, 2)

    with monkeypatch.context() as broken:
        broken.setattr(decision_import, "lines", Mock(side_effect=PermissionError(13, "not yours")))
        unread = import_decisions(company.world.parts)
        shown = list_decisions(company.world.parts).found.rows
    with monkeypatch.context() as broken:
        broken.setattr(decision_import, "folder_id", Mock(side_effect=PermissionError(13, "not yours")))
        without_folder = import_decisions(company.world.parts)

    assert (unread, without_folder) == (0, 0)
    assert not set(ids) & {row.id for row in shown}
    assert (import_decisions(company.world.parts), logged(company), gaps(company)) == (2, sorted(ids), [])


def test_a_folder_of_another_machine_is_left_alone(company: Company, tmp_path: Path) -> None:
    """Its files are not here, and that is no gap."""
    ask(company, 1)
    log = company.world.parts.log
    here, log.folder = log.folder, tmp_path / "elsewhere"

    import_decisions(company.world.parts)

    assert (logged(company), gaps(company)) == ([], [])
    shutil.rmtree(log.folder)
    log.folder = here
    assert import_decisions(company.world.parts) == 1
