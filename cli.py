"""The `doorward` command. `doorward serve` must start fast, so it loads nothing but the launcher first."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] == ["serve"]:
        from launcher import main as serve

        sys.exit(serve())
    from commands import main as run

    run()


if __name__ == "__main__":
    main()
