"""Two processes answer one challenge at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from domain.errors import DoorwardError
from flows import login
from models.sessions import BrowserSession
from tests.world import HOME, World

PROCESS = """
import json, sys
from app import Outside, build_parts
from domain.errors import DoorwardError
from domain.ports import SystemRandomness, TimeOrderedIds
from flows import login
from settings import read_settings
from tests.world import TestClock
parts = build_parts(read_settings()[0], Outside(TestClock(), TimeOrderedIds(), SystemRandomness()))
ask = json.loads(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
opened = 0
for _ in range(32):
    try:
        login.finish(parts, **ask)
        opened += 1
    except DoorwardError:
        pass
print(opened)
"""


def test_of_two_processes_with_one_answer_one_opens_one_session(world: World) -> None:
    imani = world.person("imani")
    begun = login.begin(world.parts, login_name="imani", browser="b", address=HOME)
    answer = imani.key.sign(begun["publicKey"], world.origin)
    ask = {"ceremony": begun["ceremony"], "credential": answer, "browser": "b", "address": HOME}
    environment = {
        "DOORWARD_DATABASE_URL": world.settings.database_url,
        "DOORWARD_ROOT_KEY_FILE": str(world.settings.root_key),
        "DOORWARD_CHECKPOINT_FILE": str(world.settings.checkpoints),
        "DOORWARD_DECISION_LOG": str(world.settings.decisions),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, json.dumps(ask)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    opened = [int(process.communicate(timeout=60)[0]) for process in processes]

    assert sum(opened) == 1
    with world.parts.db.read() as session:
        live = select(func.count()).select_from(BrowserSession).where(BrowserSession.ended_at.is_(None))
        assert session.scalar(live) == 1
    with pytest.raises(DoorwardError):
        login.finish(world.parts, **ask)
