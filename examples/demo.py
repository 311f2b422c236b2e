"""What `make demo` shows: a fragile flow, what it is, how it runs, and how it fails. No network, no account, under a minute."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRAGILE = "examples/order_fan_out/fragile/flow.json"
FAILING = (
    "--trigger",
    "@examples/order_fan_out/trigger.json",
    "--mock",
    "examples/order_fan_out/mocks/teams_down.yaml",
    "--mock",
    "auto",
)


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def runafter(*arguments: str) -> None:
    print("$ runafter " + " ".join(arguments), flush=True)
    subprocess.run([sys.executable, "-m", "runafter", *arguments], cwd=ROOT, check=False)


def main() -> None:
    """Show it, step by step."""
    say("1. What is this flow? Any export works: a package, a solution, a Logic Apps project, an ARM template.")
    runafter("inspect", FRAGILE)
    say(
        "2. Run it. Nobody gave a trigger or an answer: they are made up from what the flow reads. The clock is virtual."
    )
    runafter("run", FRAGILE, "--mock", "auto", "--virtual")
    say("3. Run it while Teams is down. Three hours of retries later, a note to colleagues has failed the whole order.")
    runafter("run", FRAGILE, *FAILING, "--virtual")
    say("What to try next, on a flow of your own:")
    print("  .venv/bin/runafter inspect EXPORT.zip")
    print("  .venv/bin/runafter run EXPORT.zip --flow NAME --mock auto --virtual")
    print("  .venv/bin/runafter eval \"@formatDateTime(utcNow(), 'dddd')\"")
    print("  examples/README.md: five flows in the form that survives this, each with its fragile twin")


if __name__ == "__main__":
    main()
