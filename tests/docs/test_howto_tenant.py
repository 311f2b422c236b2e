"""The page on the tenant says what happens: its Python runs, its commands end as they should."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from runafter.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "run-on-the-tenant.md").read_text("utf-8")
SAMPLES = (ROOT / "examples" / "README.md").read_text("utf-8")


def commands(text: str) -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("runafter ") and "tenant serve" not in line]


@pytest.fixture
def in_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("in_a_copy")
def test_the_python_of_the_page_runs() -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert block.count("assert ") == 4

    exec(compile(block, "run-on-the-tenant.md", "exec"), {})


@pytest.mark.usefixtures("in_a_copy")
@pytest.mark.parametrize("text", [PAGE, SAMPLES], ids=["howto", "examples"])
def test_every_command_of_the_page_is_understood(text: str) -> None:
    found = {line: CliRunner().invoke(cli, shlex.split(line)[1:]) for line in commands(text)}

    assert len(found) >= 5
    assert {line: result.output[-300:] for line, result in found.items() if result.exit_code not in (0, 1)} == {}
    assert {
        line for line, result in found.items() if result.exception and not isinstance(result.exception, SystemExit)
    } == set()


def test_the_counts_that_the_page_states_are_those_of_the_run() -> None:
    line = next(line for line in commands(PAGE) if "racy" in line)

    told = CliRunner().invoke(cli, [*shlex.split(line)[1:2], str(ROOT / shlex.split(line)[2]), *shlex.split(line)[3:]])

    (counted,) = re.findall(r"the summary counts (\d+) of 30", PAGE)
    assert f"Weekly reports: {counted} complete" in told.stdout
