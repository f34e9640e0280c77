"""`make soak`: access is ended 10,000 times on PostgreSQL while another broker remembers that it was open."""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from crypto.keyring import create_root_key
from demo.softkey import AttestationAuthority
from domain.ports import SystemRandomness
from tests.conftest import initialise, make_settings
from tests.postgres import serving
from tests.stories.test_two_brokers import revoke_and_ask
from tests.tokens.company import found
from tests.world import NOON, build_world


def main(count: int) -> int:
    with serving() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        create_root_key(folder / "root.key", SystemRandomness())
        settings = make_settings(server.create("soak"), folder)
        initialise(settings)
        world = build_world(settings, AttestationAuthority.create(now=NOON - timedelta(days=1)))
        world.furnish()
        before, after = revoke_and_ask(found(world), count)
        world.parts.close()
    late = sum(said == "permit" for said in after)
    warm = sum(said == "permit" for said in before)
    print(
        f"{count:,} ends returned; the other broker had permitted {warm:,}, and permitted {late:,} afterwards"
    )
    return 1 if late or not warm else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
