"""The laptops of the demo: they report by the real agent's protocol, with facts of their scene.

Answers: does each laptop keep its owner's sessions informed, and report at
once when its scene changes? Only the facts are made up (``company.facts``);
key, enrolment, signature and nonce are the agent's own.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import httpx

from agent.doorward_agent.errors import AgentError
from agent.doorward_agent.protocol import Device
from demo.company import CAST, SCENES, Scene, facts

EVERY_SECONDS = 20.0
log = logging.getLogger("demo.laptops")


class Laptop:
    """One simulated laptop: a device, the scene that it is in, a thread that reports."""

    def __init__(self, login: str, folder: Path) -> None:
        member = CAST[login]
        self._login = login
        self._scene = SCENES[member.scene]
        self._wake = threading.Event()
        self._reporting = threading.Lock()
        self._stopped = False
        client = httpx.Client(
            timeout=5, trust_env=False, event_hooks={"request": [self._arrive_from_the_scene]}
        )
        known = (folder / "device.json").exists()
        self.device = (
            Device.load(folder, client=client)
            if known
            else Device.create(folder, member.laptop, client=client)
        )
        self._thread = threading.Thread(target=self._run, name=member.laptop, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self.device.close()

    def move(self, scene: Scene) -> None:
        """Be in *scene* from now on, and report it at once."""
        self._scene = scene
        self.report()

    def report(self) -> int:
        """Report every open session of the owner; return how many reports were taken.

        A laptop that waits for approval, or a broker that is away, is no
        error: the agent would try again, and so does the thread.
        """
        with self._reporting:
            try:
                waiting = self.device.sessions().sessions
                for session in waiting:
                    self.device.report(session.session, session.nonce, facts(self._scene))
            except AgentError as error:
                log.debug("%s did not report: %s", self.device.name, error)
                return 0
            return len(waiting)

    def _run(self) -> None:
        while not self._stopped:
            self.report()
            self._wake.wait(EVERY_SECONDS)

    def _arrive_from_the_scene(self, request: httpx.Request) -> None:
        request.headers["Cookie"] = f"demo-person={self._login}; demo-scene={self._scene.laptop}"
