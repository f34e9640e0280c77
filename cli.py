"""The `doorward` command. `doorward serve` must start fast, so it loads nothing but the launcher first."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command line."""
    if os.getpid() == 1:
        # The system drops a signal that the first process of a container does not handle, so one that
        # is stopped while it begins would be killed, late. `serve` and `worker` set their handlers later.
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    if sys.argv[1:] == ["serve"]:
        from launcher import main as serve

        sys.exit(serve())
    from commands import main as run

    run()


if __name__ == "__main__":
    main()
