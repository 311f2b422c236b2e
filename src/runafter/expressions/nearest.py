"""The name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

_LONGEST = 80
_COMPARED = 40
"""So many names are compared letter by letter, those that share most pairs of letters: comparing costs far more."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the closest of the names, regardless of case; None when none is close."""
    return _nearest(name.casefold()[:_LONGEST], tuple(names))


@lru_cache(maxsize=2_048)
def _nearest(name: str, names: tuple[str, ...]) -> str | None:
    spelled = {each.casefold(): each for each in names}
    candidates = list(spelled)
    if len(candidates) > _COMPARED:
        pairs = _pairs(name)
        candidates.sort(key=lambda each: (-len(pairs & _pairs(each)), abs(len(each) - len(name))))
        del candidates[_COMPARED:]
    found = get_close_matches(name, candidates, n=1, cutoff=0.6)
    return spelled[found[0]] if found else None


@lru_cache(maxsize=8_192)
def _pairs(name: str) -> frozenset[str]:
    return frozenset(name[at : at + 2] for at in range(min(len(name), _LONGEST)))
