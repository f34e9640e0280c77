"""Exit with 0 if the broker in this container answers at /livez, else with 1 and the cause in one line."""

import os
import sys
from urllib.request import urlopen

_host, _, PORT = os.environ["DOORWARD_LISTEN"].rpartition(":")

try:
    urlopen(f"http://127.0.0.1:{PORT}/livez", timeout=4).close()
except OSError as error:
    sys.exit(f"no answer: {error}")
