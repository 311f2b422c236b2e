"""`make demo` as somebody would see it: an address that answers, runs that are named, a clean end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_it_serves_the_samples_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "examples.demo", "--port", "0", "--home", str(tmp_path / "demo")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with demo:
        assert demo.stdout is not None
        lines: list[str] = []
        for line in demo.stdout:
            lines.append(line)
            if "order_fan_out" in line and "Failed" in line:
                break
        address = re.search(r"(http://127\.0\.0\.1:\d+/)#token=\S+", "".join(lines))
        assert address is not None, lines
        with urllib.request.urlopen(f"{address[1]}readyz", timeout=30) as answered:
            ready = answered.status

        demo.send_signal(signal.SIGINT)
        lines += demo.stdout.readlines()

    said = "".join(lines)
    assert ready == 200
    assert demo.returncode == 0
    assert said.count("/runs/") >= 5
    assert "Stopped. Runs under way are kept" in said
    assert "Traceback" not in said
