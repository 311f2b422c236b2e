"""Hints that name what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

from runafter.expressions.nearest import nearest


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the nearest of the known names, or None."""
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found is not None else None
