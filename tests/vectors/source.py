"""Find the published test vectors.

Answers: where are the files that others published, which we do not copy? In
``$DOORWARD_TEST_VECTORS``, which then must hold them, else beside the checkout
in ``../shared/data/vectors``. Where they are absent, tests that need them skip
and say so.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "DOORWARD_TEST_VECTORS"
BESIDE = Path(__file__).parents[2].parent / "shared" / "data" / "vectors"


def vector_path(name: str) -> Path:
    """Return the path of the vector file *name*; skip if there are no vectors here.

    Fails if the environment names a folder that lacks the file: somebody meant
    to run these tests, and a skip would hide that they did not.
    """
    named = os.environ.get(VARIABLE)
    if named is not None:
        path = Path(named) / name
        if not path.is_file():
            pytest.fail(f"{VARIABLE} is set, but {path} does not exist")
        return path
    if not (BESIDE / name).is_file():
        pytest.skip(f"no {name}: set {VARIABLE} to the folder of published vectors")
    return BESIDE / name


def vectors(name: str) -> dict[str, Any]:
    """Return the content of the vector file *name*, or skip."""
    content = json.loads(vector_path(name).read_text())
    assert isinstance(content, dict)
    return content
