"""What `make demo-terminal` shows: two sample flows on an emulated tenant, one of them through its error path, and what they left.

No network, no account, under a minute. Each line that begins with $ is a command to be typed by hand.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONBOARDING = "examples/employee_onboarding"
ORDER = "examples/order_fan_out"
TWIN = "examples/weekly_reports/fragile"
PAUSE_S = 1.2
_IS_TERMINAL = sys.stdout.isatty()


def say(title: str, *lines: str) -> None:
    """Print a heading and what to look at, and give time to read it."""
    width = min(shutil.get_terminal_size().columns, 100)
    rule = "─" * width
    print(f"\n\033[36m{rule}\033[0m\n\033[1m{title}\033[0m" if _IS_TERMINAL else f"\n{title}")
    for line in lines:
        print(textwrap.fill(line, width))
    sys.stdout.flush()
    if _IS_TERMINAL:
        time.sleep(PAUSE_S)


def runafter(*arguments: str, shown: str | None = None) -> int:
    """Run a command as somebody would type it."""
    text = shown or "runafter " + " ".join(arguments)
    print(f"\033[2m$ {text}\033[0m" if _IS_TERMINAL else f"$ {text}", flush=True)
    return subprocess.run([sys.executable, "-m", "runafter", *arguments], cwd=ROOT, check=False).returncode


def main() -> None:
    """Show it, step by step."""
    state = ".runafter/demo-tenant.db"
    keep = ("--tenant-state", state)
    say(
        "1  A company to work on",
        "An emulated Microsoft 365: managers, groups, 50 licences, lists, a SQL log. Nothing leaves this machine.",
    )
    runafter(
        "tenant",
        "seed",
        "--replace",
        f"{ONBOARDING}/tenant.yaml",
        "--state",
        state,
    )
    say(
        "2  Six new colleagues on Monday, five at a time, while the directory throttles",
        "About thirty actions for each: account, groups, licence, site, tasks, mails, post, log. Three minutes in eight seconds.",
    )
    runafter(
        "run", ONBOARDING, "--virtual", "--watch", "8", "--tenant-profile", "documented",
        "--faults", f"{ONBOARDING}/faults/directory_throttled.yaml", *keep,
        shown=f"runafter run {ONBOARDING} --virtual --watch 8 --tenant-profile documented --faults .../directory_throttled.yaml",
    )  # fmt: skip
    say(
        "3  An order whose last step fails, after the customer has been told",
        "CRM, mail and Teams run side by side; then the ledger refuses. Watch Compensate undo it backwards.",
    )
    runafter(
        "run", ORDER, "--virtual", "--watch", "7", "--tenant-profile", "documented",
        "--faults", f"{ORDER}/faults/confirmation_fails.yaml",
    )  # fmt: skip
    say(
        "4  Thirty weekly reports, as most flows are built: fifty iterations write the same variables",
        "The run is green. Look for one record id at two reports, and at what the last mail counts.",
    )
    runafter("run", TWIN, "--virtual", "--watch", "4", "--tenant-profile", "documented", "--variables", "racy")
    say("5  What a person would check", "The company of steps 1 and 2 is still there.")
    for what in ("users", "groups", "mails"):
        runafter("tenant", "show", what, "--state", state)
    _next_steps()


def _next_steps() -> None:
    say("What to try next")
    steps = [
        ("look around", "runafter tenant show --state .runafter/demo-tenant.db"),
        ("break something else", f"runafter run {ORDER} --virtual --faults 'dataverse.*=503@40%' --seed 7"),
        ("lose an answer", f"runafter run {ORDER} --virtual --faults {ORDER}/faults/crm_commits_then_times_out.yaml"),
        (
            "the same, fragile",
            f"runafter run {ORDER}/fragile --virtual --faults {ORDER}/faults/crm_commits_then_times_out.yaml",
        ),
        ("what is wrong with it", f"runafter check {TWIN}"),
        ("a flow of your own", "runafter init my-flows --from EXPORT.zip"),
        ("all samples", "examples/README.md"),
    ]
    for what, how in steps:
        print(f"  {what:<22} {how}")
    print("  (the command is .venv/bin/runafter)")


if __name__ == "__main__":
    main()
