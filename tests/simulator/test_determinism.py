from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.simulator.world import digest

ROOT = Path(__file__).resolve().parents[2]


def digest_elsewhere(seed: int, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulator.world", str(seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_one_seed_gives_the_same_journal_bytes_twice() -> None:
    assert digest(7) == digest(7)


def test_another_seed_gives_another_journal() -> None:
    assert digest(7) != digest(8)


def test_the_journal_does_not_depend_on_the_hash_seed() -> None:
    assert digest_elsewhere(7, "1") == digest_elsewhere(7, "4242") == digest(7)
