"""Every command, function, finding code and public name is documented."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tools import docs_commands

import runafter
from runafter.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")

    assert page == docs_commands.render(), "run: python -m tools.docs_commands"


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_its_heading(command: str) -> None:
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")

    assert f"## `runafter {command}`" in page


def test_every_function_of_the_language_is_documented() -> None:
    from runafter.expressions.functions.library import FUNCTIONS

    page = (REFERENCE / "functions.md").read_text(encoding="utf-8")
    missing = [function.name for function in FUNCTIONS.values() if f"`{function.name}" not in page]

    assert missing == []


def test_every_finding_code_in_the_source_is_documented() -> None:
    used = set()
    for path in sorted((ROOT / "src" / "runafter").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"[A-Z]{3}\d{3}", node.value)
            ):
                used.add(node.value)
    page = (REFERENCE / "findings.md").read_text(encoding="utf-8")
    missing = sorted(code for code in used if f"`{code}`" not in page)

    assert used
    assert missing == []


def test_every_public_name_is_documented() -> None:
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    missing = [name for name in runafter.__all__ if f"`{name}" not in page]

    assert missing == []
    assert all(getattr(runafter, name) is not None for name in runafter.__all__)
