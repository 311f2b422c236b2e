"""The tutorial is played from its first command to its last; what it shows is what is printed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial" / "from-export-to-production.md").read_text("utf-8")
BLOCKS = [block for block in re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if block.startswith("$ ")]


def test_every_command_prints_what_stands_below_it(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    codes = {}
    for block in BLOCKS:
        command, _, shown = block.removeprefix("$ ").partition("\n")
        words = shlex.split(command)
        if words[0] == "cp":
            shutil.copyfile(tmp_path / words[1], tmp_path / words[2])
            continue
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        codes[command] = done.returncode
        printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
        place = 0
        for part in (part.strip("\n") for part in re.split(r"^\.\.\.$", shown, flags=re.MULTILINE)):
            found = printed.find(part, place)
            assert found >= 0, f"{command} does not print {part!r} here:\n{printed}"
            place = found + len(part)

    assert len(codes) == 9
    assert set(codes.values()) <= {0, 1}, codes


def test_the_pages_it_leads_to_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)

    assert links
    assert [link for link in links if not (ROOT / "docs" / "tutorial" / link).exists()] == []
