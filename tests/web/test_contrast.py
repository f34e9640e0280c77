"""Are the colours of the interface readable in both themes?

Reads ``web/static/css/tokens.css``. Source: WCAG 2.2, success criteria 1.4.3
(text, 4.5:1) and 1.4.11 (edges of controls, focus, glyphs that carry state, 3:1).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKENS = ROOT / "web" / "static" / "css" / "tokens.css"

TEXT = [
    ("ink", "paper"),
    ("ink", "sheet"),
    ("ink", "well"),
    ("muted", "paper"),
    ("muted", "sheet"),
    ("muted", "well"),
    ("accent", "paper"),
    ("accent", "sheet"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("open", "open-tint"),
    ("open", "sheet"),
    ("waiting", "waiting-tint"),
    ("waiting", "sheet"),
    ("closed", "closed-tint"),
    ("closed", "sheet"),
    ("alarm", "alarm-tint"),
    ("alarm-ink", "sheet"),
    ("ink", "open-tint"),
    ("ink", "closed-tint"),
    ("muted", "closed-tint"),
    ("muted", "open-tint"),
    ("band-ink", "band-a"),
    ("band-ink", "band-b"),
]
EDGES = [("edge", "paper"), ("edge", "sheet"), ("focus", "paper"), ("focus", "sheet"), ("focus", "well")]


def themes() -> dict[str, dict[str, str]]:
    """Return the hexadecimal colours of each theme; dark inherits what it does not name."""
    light, dark = TOKENS.read_text(encoding="utf-8").split("prefers-color-scheme: dark", 1)
    pattern = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
    found = dict(pattern.findall(light))
    return {"light": found, "dark": found | dict(pattern.findall(dark))}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    """Return the contrast of two colours, 1.0 to 21.0."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"), [(*pair, 4.5) for pair in TEXT] + [(*pair, 3.0) for pair in EDGES]
)
def test_a_pair_of_colours_can_be_told_apart(theme, front, back, least):
    colours = themes()[theme]

    assert ratio(colours[front], colours[back]) >= least


def test_the_documented_figures_are_the_measured_ones():
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    colours = themes()

    for front, back in TEXT + EDGES:
        light, dark = (f"{ratio(colours[t][front], colours[t][back]):.1f}" for t in ("light", "dark"))
        assert f"| {front} on {back} | {light} | {dark} |" in text


def test_black_on_white_is_twenty_one_to_one():
    assert ratio("#000000", "#ffffff") == pytest.approx(21.0)
