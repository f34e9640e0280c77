"""Run the portal: ``python -m examples.webapp --issuer … --client-id … --client-secret … --port 9001``."""

from __future__ import annotations

import argparse

from examples.webapp.app import make_app
from examples.webapp.oauth import Config


def main() -> None:
    parser = argparse.ArgumentParser(prog="examples.webapp")
    parser.add_argument("--issuer", required=True, help="address of Doorward")
    parser.add_argument("--client-id", required=True, help="name of this service at Doorward")
    parser.add_argument("--client-secret", required=True, help="its secret")
    parser.add_argument("--api", default="http://localhost:9002", help="address of examples.api")
    parser.add_argument("--resource", default="data:customer-logs")
    parser.add_argument("--port", type=int, default=9001)
    chosen = parser.parse_args()
    config = Config(
        issuer=chosen.issuer,
        client_id=chosen.client_id,
        client_secret=chosen.client_secret,
        own_url=f"http://localhost:{chosen.port}",
        api_url=chosen.api,
        resource=chosen.resource,
    )
    make_app(config).run(host="127.0.0.1", port=chosen.port)


if __name__ == "__main__":
    main()
