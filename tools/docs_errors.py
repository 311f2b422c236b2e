"""Write docs/reference/errors.md, and what `runafter rule` reads, from the source: every error code, what it means and
what to do.

`python -m tools.docs_errors`. Codes come from error classes (their docstring says what happened) and from the
places that raise one with a code of its own (their message does).
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from runafter.program.codes import CODES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "runafter"
TARGET = ROOT / "docs" / "reference" / "errors.md"
TABLE = SOURCE / "cli" / "error_codes.json"
CODE = re.compile(r"[A-Z]{3}\d{3}")
_LINT = ("settings.py", "packs.py")
"""The files of the room lint that raise; elsewhere there codes are rules."""


def used_codes() -> set[str]:
    """Return every finding or error code that stands in the source."""
    return {
        node.value
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }


def rows() -> dict[str, tuple[str, str]]:
    """Return (meaning, hint) by code, for codes of error classes and of places that raise."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        if path.is_relative_to(SOURCE / "lint") and path.name not in _LINT:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                code = _class_code(node)
                if code is not None:
                    found.setdefault(code, (_first_sentence(ast.get_docstring(node) or node.name), ""))
            elif isinstance(node, ast.Call):
                _note_call(node, found)
            elif isinstance(node, (ast.Dict,)):
                _note_table(node, found)
    return found


def _class_code(node: ast.ClassDef) -> str | None:
    for statement in node.body:
        value = getattr(statement, "value", None)
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else getattr(statement, "targets", [])
        named = any(isinstance(target, ast.Name) and target.id == "code" for target in targets)
        if named and isinstance(value, ast.Constant) and isinstance(value.value, str) and CODE.fullmatch(value.value):
            return value.value
    return None


def _note_call(node: ast.Call, found: dict[str, tuple[str, str]]) -> None:
    texts = [_text(argument) for argument in node.args]
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    code = (
        _text(keywords["code"])
        if "code" in keywords
        else next((text for text in texts if text and CODE.fullmatch(text)), None)
    )
    if not code or not CODE.fullmatch(code):
        return
    message = (
        _text(keywords["message"])
        if "message" in keywords
        else next((text for text in texts if text and not CODE.fullmatch(text)), None)
    )
    if message:
        found.setdefault(code, (message, _text(keywords["hint"]) or "" if "hint" in keywords else ""))


def _note_table(node: ast.Dict, found: dict[str, tuple[str, str]]) -> None:
    for key, value in zip(node.keys, node.values, strict=True):
        code = _text(key) if key is not None else None
        text = _text(value)
        if code and CODE.fullmatch(code) and text:
            found[code] = (text, "")


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "…"
            for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return (left or "…") + (right or "…")
    return None


def _first_sentence(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def render() -> str:
    """Return the page."""
    lines = [
        "# Error codes",
        "",
        "Generated from the source. Findings of flows stand in [codes.md](codes.md), rules of `check` in [rules](rules/README.md); these are the",
        "errors that reading, running and the surroundings give. `…` stands for a name or value of yours.",
        "",
        "| Code | What happened | What to do |",
        "|---|---|---|",
    ]
    for code, (meaning, hint) in sorted(rows().items()):
        if code in CODES:
            continue
        lines.append(f"| `{code}` | {_cell(meaning)} | {_cell(hint)} |")
    return "\n".join(lines) + "\n"


def table() -> str:
    """Return what `runafter rule` reads: [meaning, hint] by code."""
    found = {code: list(row) for code, row in sorted(rows().items()) if code not in CODES}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    TABLE.write_text(table(), encoding="utf-8")
