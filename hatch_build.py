"""Builds the web page into wheel and sdist where npm can be had, unless it is built already; puts the samples into the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, unless it is there, nobody could build it, or RUNAFTER_NO_UI is set.

        Raises:
            RuntimeError: npm failed.
        """
        if self.target_name == "wheel" and version != "editable":
            for flow in Path(self.root, "examples").glob("*/flow.json"):
                build_data["force_include"][str(flow.parent)] = f"runafter/examples/{flow.parent.name}"
        source = Path(self.root, "ui")
        built = Path(self.root, "src/runafter/server/static/index.html")
        if version == "editable" or os.environ.get("RUNAFTER_NO_UI") or is_fresh(source, built):
            return
        npm = shutil.which("npm")
        if npm is None or not (source / "package.json").is_file():
            if not built.is_file():
                self.app.display_warning("There is no npm here: the web page will not be part of this package.")
            return
        for command in ([npm, "ci"], [npm, "run", "build"]):
            done = subprocess.run(command, cwd=source, check=False)  # noqa: S603 - our own words
            if done.returncode != 0:
                said = " ".join(["npm", *command[1:]])
                raise RuntimeError(f"'{said}' failed in ui/; RUNAFTER_NO_UI=1 builds the package without the web page")


def is_fresh(source: Path, built: Path) -> bool:
    """Tell whether the built page is there and no older than what it is made of."""
    if not built.is_file():
        return False
    files = [path for path in source.glob("*") if path.is_file()]
    for folder in ("src", "public"):
        files += [path for path in (source / folder).rglob("*") if path.is_file()]
    return all(path.stat().st_mtime <= built.stat().st_mtime for path in files)
