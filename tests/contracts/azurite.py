"""Azure's own storage emulator as a process, where it is installed: on PATH or in `.test-peers/node_modules`."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PEERS = Path(__file__).resolve().parents[2] / ".test-peers" / "node_modules" / ".bin"


def azurite_program() -> str | None:
    """Return the program that serves blobs, None where there is none."""
    return shutil.which("azurite-blob") or shutil.which("azurite-blob", path=str(_PEERS))


@contextmanager
def azurite() -> Iterator[str]:
    """Run it on a free port of loopback, in memory, and give its address; skips the test where it is not installed."""
    program = azurite_program()
    if program is None:
        pytest.skip("azurite is neither on PATH nor in .test-peers (npm install azurite)")
    arguments = ["--inMemoryPersistence", "--blobPort", "0", "--skipApiVersionCheck", "--disableTelemetry"]
    process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        seen = ""
        for line in process.stdout:
            seen += line
            listening = re.search(r"listens on (http://\S+)", line)
            if listening:
                yield listening[1]
                return
        raise AssertionError(f"azurite ended before it listened:\n{seen}")
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()
