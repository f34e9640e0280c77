"""Published vectors are used where they are, and never skipped by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vectors import source


def test_a_named_folder_holds_the_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some.json").write_text('{"a": 1}')
    monkeypatch.setenv(source.VARIABLE, str(tmp_path))

    assert source.vectors("some.json") == {"a": 1}


def test_a_named_folder_without_the_file_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(source.VARIABLE, str(tmp_path))

    with pytest.raises(pytest.fail.Exception, match=source.VARIABLE):
        source.vectors("some.json")


def test_no_vectors_at_all_skip_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(source.VARIABLE, raising=False)
    monkeypatch.setattr(source, "BESIDE", tmp_path)

    with pytest.raises(pytest.skip.Exception, match=source.VARIABLE):
        source.vectors("some.json")
