"""Build ``doorward_agent/collect/catalogue.json`` from LOLRMM and our own choices.

Answers: which process names does the agent look for? Reads an extract of
LOLRMM (one JSON object: ``commit``, ``commit_date`` and ``tools``, each with
``id`` and ``process``, the lower-case file names of its entry) and
``catalogue_choices.json``. A tool is taken only if a person listed its id:
what LOLRMM adds later stays out until somebody has judged it.

    python agent/build_catalogue.py path/to/lolrmm-extract.json
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CHOICES = HERE / "catalogue_choices.json"
TARGET = HERE / "doorward_agent" / "collect" / "catalogue.json"

# Installers and patterns are no running tool; a name without `.exe` comes from
# our own list, because LOLRMM's are mostly not those of Linux processes.
NOT_A_RUNNING_TOOL = re.compile(r"[*?\[<]|set-?up|install|update[r.]|uninst|remover|\.upd\.")


def build(extract: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the catalogue document. Raises KeyError if a chosen id is not in *extract*."""
    tools: dict[str, dict[str, Any]] = {}
    published = {tool["id"]: tool for tool in extract["tools"]}
    never = set(choices["never"])
    for identifier, name in choices["keep"].items():
        entry = tools.setdefault(name, {"name": name, "exact": [], "source": "lolrmm"})
        entry["exact"] += _usable(published[identifier].get("process", ()), never)
    for addition in choices["own"]:
        entry = tools.setdefault(
            addition["name"], {"name": addition["name"], "exact": [], "source": "doorward"}
        )
        if entry["source"] == "lolrmm":
            entry["source"] = "lolrmm+doorward"
        entry["exact"] += addition.get("exact", [])
        entry |= {field: addition[field] for field in ("generic", "paths", "ports") if field in addition}
    for entry in tools.values():
        entry["exact"] = sorted(set(entry["exact"]))
    kept = sorted(
        (entry for entry in tools.values() if _has_name(entry)), key=lambda entry: str(entry["name"]).lower()
    )
    return {
        "version": choices["version"],
        "licence": "Apache-2.0",
        "attribution": f"contains names from LOLRMM (magicsword-io/LOLRMM, {extract['commit']}, "
        f"{extract['commit_date']}), changed; see SOURCES.md",
        "tools": kept,
    }


def _usable(names: Iterable[str], never: set[str]) -> list[str]:
    return [
        name
        for name in names
        if name.endswith(".exe") and name not in never and not NOT_A_RUNNING_TOOL.search(name)
    ]


def _has_name(entry: Mapping[str, Any]) -> bool:
    return bool(entry["exact"] or entry.get("generic"))


def render(document: Mapping[str, Any]) -> str:
    """Return *document* as JSON with one tool a line, so that a change reads well."""
    head = {key: value for key, value in document.items() if key != "tools"}
    lines = [json.dumps(tool, ensure_ascii=False) for tool in document["tools"]]
    opening = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    return opening + ',\n "tools": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    extract = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    document = build(extract, json.loads(CHOICES.read_text("utf-8")))
    TARGET.write_text(render(document), "utf-8")
    print(f"{len(document['tools'])} tools, {TARGET.stat().st_size} bytes")
