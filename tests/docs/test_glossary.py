"""The glossary holds the words that the command line uses as its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
WORDS = [
    "run", "action", "scope", "repetition", "iteration", "status", "finding", "readiness", "waiver", "baseline",
    "twin", "tenant", "tenant profile", "profile", "sidecar", "project", "connection reference", "environment variable",
    "child flow", "mock", "fault", "seed", "throttled", "undone", "retry", "review", "waiting", "virtual time",
    "split-on", "delivery", "de-duplication key", "idempotency key", "handler", "live", "emulated",
]  # fmt: skip


def explained() -> dict[str, str]:
    rows = re.findall(r"^\| ([^|]+) \| (.+) \|$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    return {word.strip(): meaning for words, meaning in rows for word in words.split(",")}


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_command_line_is_explained(word: str) -> None:
    assert len(explained()[word].split()) > 3


def test_no_word_is_explained_twice() -> None:
    words = re.findall(r"^\| ([^|]+) \|", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    single = [word.strip() for words_of_row in words for word in words_of_row.split(",")]

    assert sorted(single) == sorted(set(single))
