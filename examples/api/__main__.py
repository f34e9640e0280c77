"""Run the API: ``python -m examples.api --issuer … --audience … --secret … --port 9002``."""

from __future__ import annotations

import argparse

from examples.api.app import Config, make_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="examples.api")
    parser.add_argument("--issuer", required=True, help="address of Doorward")
    parser.add_argument("--audience", required=True, help="audience registered for this service")
    parser.add_argument("--secret", required=True, help="this service's secret at Doorward")
    parser.add_argument("--resource", default="data:customer-logs")
    parser.add_argument("--port", type=int, default=9002)
    chosen = parser.parse_args()
    config = Config(chosen.issuer, chosen.audience, chosen.secret, chosen.resource)
    make_app(config).run(host="127.0.0.1", port=chosen.port)


if __name__ == "__main__":
    main()
