"""Render every component with realistic content and look at it in Chromium.

``python -m tests.browser.kitchen_sink OUT [--axe axe.min.js] [--chromium PATH] [PAGE ...]``
writes the pages as HTML and screenshots (light and dark; 320, 900, 1600 px) to
OUT, and prints everything a browser complains about: scripts or styles that the
content security policy blocks, sideways scrolling, findings of axe-core.
Does not start Doorward: the templates are rendered alone.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import shutil
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).resolve().parent / "kitchen_sink"
NOW = datetime(2026, 11, 22, 15, 28, 4, tzinfo=UTC)
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
RAIL = [
    (name, f"/admin/{name.lower()}", icon, name.lower())
    for name, icon in [
        ("People", "people"),
        ("Keys", "key"),
        ("Devices", "laptop"),
        ("Resources", "resource"),
        ("Services", "service"),
        ("Policy", "policy"),
        ("Evidence", "evidence"),
        ("Audit", "audit"),
    ]
]
RULES = """# reading customer data asks for a laptop we know, driven by its owner
p, logs-read, role:support, read, data:customer-logs, tier >= 2, allow
p, logs-night, role:night-shift, read, data:customer-logs, tier >= 2 and hour(20, 6), allow
p, logs-remote, *, *, data:*, remote_control, dney
p, deploy-staging, role:dev, deploy, ci:staging, touch_age < 60s, allow"""


def viewer(name: str, organisation: str, until: str, *, admin: bool = False) -> SimpleNamespace:
    return SimpleNamespace(display_name=name, organisation=organisation, until_text=until, is_admin=admin)


def context(page: str) -> dict[str, Any]:
    """Return what every template is given, with a person that fits *page*."""
    admin = page.startswith("admin")
    people = {
        "login": None,
        "denied": viewer(
            "Maximiliana Featherstonehaugh-Papadopoulou", "Northlight Robotics", "until 31 Jan 2027"
        ),
    }
    person = people.get(
        page,
        viewer("Asha Raman", "policy author", "", admin=True)
        if admin
        else viewer("Imani Okafor", "Northlight Robotics", "until 31 Jan 2027"),
    )
    return {
        "demo": page in {"my_access", "login"},
        "viewer": person,
        "csrf_token": "csrf-value",
        "request_id": "req_01JD9W2Q8ZK3T7M5",
        "rail": RAIL,
        "active": page.removeprefix("admin_") if admin else "",
        "flash": ("open", "Staging deploy is open until 16:09 UTC.") if page == "my_access" else None,
        "now": NOW,
        "later": lambda **span: NOW + timedelta(**span),
        "rules": RULES,
        "problems": [
            {
                "line": 4,
                "column": 50,
                "fix": {"column": 50, "length": 4, "text": "deny"},
                "message": "effect “dney” is neither “allow” nor “deny”.",
                "suggestion": "Did you mean “deny”? Left alone, nothing would be forbidden by this rule.",
            }
        ],
        "thing": SimpleNamespace,
    }


def render(out: Path) -> list[str]:
    """Write every page of the kitchen sink to *out*; return their names."""
    # Ours first: the product has a page called login, too.
    loader = FileSystemLoader([PAGES, ROOT / "web" / "templates"])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    names = sorted(path.stem for path in PAGES.glob("*.html"))
    shutil.copytree(ROOT / "web" / "static", out / "static", dirs_exist_ok=True)
    for name in names:
        text = environment.get_template(f"{name}.html").render(context(name))
        (out / f"{name}.html").write_text(text, encoding="utf-8")
    (out / "demo").mkdir(exist_ok=True)
    (out / "demo" / "kit.js").write_text("", encoding="utf-8")
    return names


class Handler(http.server.SimpleHTTPRequestHandler):
    """Static files under the policy that the product sends."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


def look(page: Any, axe: str, where: str) -> list[str]:
    """Return what is wrong with the page now shown: overflow, and axe's findings if *axe* is given."""
    found = []
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append(f"{where}: scrolls sideways")
    if axe:
        page.evaluate(axe)
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        result = page.evaluate("rules => axe.run({runOnly: rules})", rules)
        found += [
            f"{where}: {each['id']}: {each['help']}: {node['html'][:160]}"
            for each in result["violations"]
            for node in each["nodes"][:3]
        ]
    return found


def shoot(out: Path, names: list[str], axe: str, chromium: str, port: int) -> list[str]:
    from playwright.sync_api import sync_playwright

    complaints: list[str] = []

    def overheard(what: Any) -> None:
        complaints.append(str(getattr(what, "text", what)))

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--headless", "--disable-background-networking", "--no-first-run"],
        )
        for scheme in ("light", "dark"):
            for width in (320, 900, 1600):
                tab = browser.new_page(
                    color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
                )
                tab.on("console", overheard)
                tab.on("pageerror", overheard)
                for name in names:
                    tab.goto(f"http://127.0.0.1:{port}/{name}.html")
                    tab.screenshot(path=out / f"{name}-{scheme}-{width}.png", full_page=True)
                    complaints += look(tab, axe, f"{name} {scheme} {width}")
                tab.close()
        browser.close()
    return complaints


def main() -> int:
    parser = argparse.ArgumentParser(description="Render and photograph every component.")
    parser.add_argument("out", type=Path)
    parser.add_argument("pages", nargs="*", help="default: all")
    parser.add_argument("--axe", type=Path, help="axe.min.js of the axe-core package")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    every = render(options.out)
    axe = options.axe.read_text(encoding="utf-8") if options.axe else ""
    handler = functools.partial(Handler, directory=str(options.out))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    complaints = shoot(options.out, options.pages or every, axe, options.chromium, server.server_port)
    server.shutdown()
    for line in dict.fromkeys(complaints):
        print(line)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
