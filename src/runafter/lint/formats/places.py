"""Paths as the readers of reports want them."""

from __future__ import annotations


def relative(file: str | None) -> str:
    """Return a path with forward slashes and without a leading `./`; `input` where there is no file.

    GitLab matches `location.path` with the paths of a merge request, code scanning with those of the
    repository: both know neither `./flow.json` nor `flows\\flow.json`.
    """
    path = (file or "input").replace("\\", "/")
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path or "input"
