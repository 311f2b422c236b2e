"""The nearest known name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like `name`, or None when none is near."""
    spellings = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold(), list(spellings), n=1, cutoff=0.7)
    return spellings[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the nearest one, or None."""
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found is not None else None
