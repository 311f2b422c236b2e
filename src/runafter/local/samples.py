"""The sample flows that come with Runafter: in a wheel beside the code, in a checkout in `examples`."""

from __future__ import annotations

from pathlib import Path

import runafter


def samples() -> dict[str, Path]:
    """Return the samples' folders by name; each holds flow.json, tenant.yaml, trigger.json, faults, a fragile twin."""
    package = Path(runafter.__file__).parent
    for home in (package / "examples", package.parents[1] / "examples"):
        found = sorted(file.parent for file in home.glob("*/flow.json"))
        if found:
            return {folder.name: folder for folder in found}
    return {}


def purpose_of(folder: Path) -> str:
    """Return the first paragraph below the heading of a sample's README, on one line."""
    _, _, rest = (folder / "README.md").read_text("utf-8").partition("\n\n")
    return " ".join(rest.partition("\n\n")[0].split())


def faults_of(folder: Path) -> dict[str, str]:
    """Return what can go wrong in a sample, by name: the comment at the head of each file of faults."""
    files = sorted((folder / "faults").glob("*.yaml"))
    return {file.stem: file.read_text("utf-8").partition("\n")[0].lstrip("# ") for file in files}
