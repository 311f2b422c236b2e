from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.journal.recorded import FOLDER, replay

FILES = sorted(FOLDER.glob("*/*.jsonl"))


def test_there_are_recorded_journals() -> None:
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_journal_replays_to_the_same_commands_and_state(path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    commands, digest = replay(lines)

    assert {"commands": commands, "digest": digest} == lines[-1]
