"""Every code that this room gives is in its table and on its page."""

from __future__ import annotations

import re
from pathlib import Path

from runafter.definition.codes import CODES

ROOT = Path(__file__).resolve().parents[2]


def test_every_code_is_in_the_table_and_on_the_page() -> None:
    sources = [
        *(ROOT / "src/runafter/definition").rglob("*.py"),
        ROOT / "src/runafter/local/read.py",
        ROOT / "src/runafter/errors.py",
    ]
    given = set(re.findall(r'"(DEF\d{3})"', "".join(path.read_text(encoding="utf-8") for path in sources)))
    page = (ROOT / "docs/reference/findings-definition.md").read_text(encoding="utf-8")

    assert given == set(CODES)
    assert all(f"| `{code}` | " in page and meaning in page for code, meaning in CODES.items())
