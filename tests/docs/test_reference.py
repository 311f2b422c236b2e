"""Every command, function, finding code and public name is documented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tools import docs_commands, docs_errors

import runafter
from runafter.cli.main import COMMANDS
from runafter.lint.run import pages

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
    from runafter.expressions.functions.library import all_functions

    page = (REFERENCE / "functions.md").read_text(encoding="utf-8")
    missing = [function.name for function in all_functions() if f"`{function.name}" not in page]

    assert missing == []


def test_the_page_of_errors_is_what_the_source_says() -> None:
    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")

    assert page == docs_errors.render(), "run: python -m tools.docs_errors"
    assert docs_errors.TABLE.read_text(encoding="utf-8") == docs_errors.table(), "run: python -m tools.docs_errors"


def test_no_error_has_the_code_of_a_finding() -> None:
    errors = set(json.loads(docs_errors.TABLE.read_text(encoding="utf-8")))

    assert errors
    assert errors & set(pages()) == set()


def test_every_code_in_the_source_is_documented() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in sorted(REFERENCE.rglob("*.md")))
    documented = set(re.findall(r"\b[A-Z]{3}\d{3}\b", pages))

    assert docs_errors.used_codes()
    assert docs_errors.used_codes() - documented == set()


def test_every_public_name_is_documented() -> None:
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    missing = [name for name in runafter.__all__ if f"`{name}" not in page]

    assert missing == []
    assert all(getattr(runafter, name) is not None for name in runafter.__all__)
