"""The command line: enrol, run, once, show.

Answers a person at the keyboard; everything it does is in ``protocol``,
``loop`` and ``collect``. ``show`` exists so that nobody has to trust this text
about what is sent.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from types import FrameType

from . import __version__, state
from .collect import FACTS, collect_facts, platform_label
from .collect.catalogue import shipped_catalogue
from .errors import AgentError, BrokerRefused
from .loop import Reporter, run
from .protocol import Device

EXIT_FAILED = 1
EXIT_REVOKED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status (0 done, 1 failed, 2 usage, 3 revoked)."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        status: int = chosen.command(chosen)
    except AgentError as error:
        code = f" ({error.code})" if isinstance(error, BrokerRefused) else ""
        print(f"doorward-agent: {error}{code}", file=sys.stderr)
        return EXIT_FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="doorward-agent", description="Report this computer's posture to Doorward."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--state", type=Path, default=_default_state(), metavar="DIR", help="default: %(default)s"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    enrol = commands.add_parser("enrol", help="hand this device's public key to the broker")
    enrol.add_argument("url", metavar="URL", help="address of the broker, https")
    enrol.add_argument("code", metavar="CODE", help="one-time code from your page of keys and sessions")
    enrol.add_argument(
        "--name", default=socket.gethostname(), help="how the device is called, default: %(default)s"
    )
    enrol.set_defaults(command=_enrol)
    for name, command, text in (
        ("run", _run, "report until stopped"),
        ("once", _once, "report every open session once"),
        ("show", _show, "print what would be reported, and to whom; sends nothing"),
    ):
        commands.add_parser(name, help=text).set_defaults(command=command)
    return parser


def _default_state() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "doorward-agent"


def _enrol(chosen: argparse.Namespace) -> int:
    # A code that failed leaves its key behind; the next try uses the same one.
    fresh = not (chosen.state / state.KEY_FILE).exists()
    device = Device.create(chosen.state, chosen.name) if fresh else Device.load(chosen.state)
    reached = device.enrol(chosen.url, chosen.code, platform_label())
    print(f"{device.name} is {device.device_id} at {device.broker}, state: {reached}")
    print(f"key thumbprint: {device.thumbprint}")
    if reached == "pending":
        print("An admin must approve it, comparing the thumbprint, before its reports count.")
    return 0


def _once(chosen: argparse.Namespace) -> int:
    device = Device.load(chosen.state)
    facts = collect_facts()
    sessions = device.sessions().sessions
    for item in sessions:
        receipt = device.report(item.session, item.nonce, facts)
        print(f"session {item.session[:8]}: accepted, binding {receipt.binding}")
    if not sessions:
        print("no open session wants a report")
    return 0


def _run(chosen: argparse.Namespace) -> int:
    stop = Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    device = Device.load(chosen.state)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, ask_to_stop)
    refusal = run(Reporter(device, collect_facts), stop, monotonic=time.monotonic)
    device.close()
    if refusal is not None:
        print(f"doorward-agent: {refusal} ({refusal.code})", file=sys.stderr)
        return EXIT_REVOKED
    return 0


def _show(chosen: argparse.Namespace) -> int:
    facts = collect_facts()
    shown: dict[str, object] = {
        "to": None,
        "facts": facts,
        "not_determined": [name for name in FACTS if name not in facts],
        "catalogue": shipped_catalogue().version,
    }
    if (chosen.state / state.KEY_FILE).exists():
        device = Device.load(chosen.state)
        shown["to"] = device.broker or None
        shown["device"] = {"id": device.device_id, "name": device.name, "key_thumbprint": device.thumbprint}
    print(json.dumps(shown, indent=2, ensure_ascii=False))
    return 0
