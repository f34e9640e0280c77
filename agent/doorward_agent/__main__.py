"""``python -m doorward_agent``: the same command line without the console script."""

import sys

from .main import main

sys.exit(main())
