"""The name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the closest of the names, regardless of case; None when none is close."""
    spelled = {each.casefold(): each for each in names}
    found = get_close_matches(name.casefold()[:80], spelled, n=1, cutoff=0.6)
    return spelled[found[0]] if found else None
