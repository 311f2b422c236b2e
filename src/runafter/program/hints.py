"""Hints that name what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from runafter.expressions.nearest import nearest


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the nearest of the known names, or None."""
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found is not None else None


_VERSION = re.compile(r"[\W_]*V?\d+$", re.IGNORECASE)
_FAMILY = re.compile(r"^(shared_|/serviceProviders/)", re.IGNORECASE)
_ALIKE = 0.75
"""Two letters changed places in a name of four are a slip; more than a quarter of a name is another name."""


def misspelt(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that this is a slip of the pen for; None where another thing (or version) may be meant."""
    found = nearest(name, known)
    if found is None:
        return None
    ours, theirs = (_VERSION.sub("", _FAMILY.sub("", each)).casefold() for each in (name, found))
    return found if ours != theirs and SequenceMatcher(None, ours, theirs).ratio() >= _ALIKE else None
