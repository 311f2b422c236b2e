"""docs/howto/mock-a-flow.md is played: its files are written, its commands run, and they print what stands below them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "mock-a-flow.md").read_text("utf-8")
FILES = re.findall(r"^`([\w.]+)`[^\n]*:\n\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FENCES = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [text for language, text in FENCES if not language]
[CODE] = [text for language, text in FENCES if language == "python"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES:
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def printed_by(folder: Path, *words: str) -> str:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def test_every_command_prints_what_stands_below_it(folder: Path) -> None:
    assert [name for name, _ in FILES] == ["order.json", "good.yaml", "shortage.yaml", "typo.yaml"]
    assert len(COMMANDS) == 5
    for block in COMMANDS:
        command, _, shown = block.removeprefix("$ ").partition("\n")

        printed = printed_by(folder, "-m", *shlex.split(command))

        place = 0
        for part in (part.strip("\n") for part in re.split(r"^\.\.\.$", shown, flags=re.MULTILINE)):
            found = printed.find(part, place)
            assert found >= 0, f"{command} does not print {part!r} here:\n{printed}"
            place = found + len(part)


def test_the_python_of_the_page_holds(folder: Path) -> None:
    assert printed_by(folder, "-c", CODE) == ""
