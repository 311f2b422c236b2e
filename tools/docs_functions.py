"""Writes docs/reference/functions.md from the function registry: `python tools/docs_functions.py [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from runafter.expressions.functions.library import all_functions
from runafter.expressions.functions.registry import Function
from runafter.values.json import compact

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "functions.md"

GROUPS = {
    "strings": "Text",
    "collections": "Arrays and collections",
    "logic": "Logic and comparison",
    "math": "Mathematics",
    "conversion": "Conversion",
    "dates": "Dates and times",
    "uri": "Addresses",
    "json_xml": "JSON, objects and XML",
    "workflow": "The run",
}

HEAD = """# Functions of expressions

Made from the function registry by `python tools/docs_functions.py`; do not edit. Names may be written in any case. A `?`
after a parameter marks it optional. Functions marked *engine* are known to the platform's engine, but not offered by its
designer.
"""


def page() -> str:
    """Return the reference page."""
    lines = [HEAD]
    for group, title in GROUPS.items():
        functions = [each for each in all_functions() if each.group == group]
        lines += [f"## {title}", "", "| Function | Returns | What it does | Example |", "|---|---|---|---|"]
        lines += [_row(each) for each in functions]
        lines.append("")
    return "\n".join(lines)


def _row(each: Function) -> str:
    mark = " *engine*" if each.hidden else ""
    example = ""
    if each.example is not None:
        text, value = each.example
        example = f"`{_cell(text)}` gives `{_cell(_shown(value))}`"
    return f"| `{_cell(each.signature)}`{mark} | {each.returns} | {_cell(each.summary)} | {example} |"


def _shown(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else compact(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    text = page()
    if "--check" in sys.argv:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
