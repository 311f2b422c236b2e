"""A text that fits a schema's regular expression."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")
_LONGEST_PATTERN = 1_000
_TRIES = 20
_LONGEST_REPEAT = 200
_MOST_DRAWS = 5_000
_MORE = 3
"""How many times beyond its least a part is repeated, so that samples stay short."""


class _Plain(random.Random):
    """Chance with a liking for short repetitions and for letters and digits."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.left = _MOST_DRAWS

    def randint(self, a: int, b: int) -> int:
        self.left -= 1
        if self.left < 0 or a > _LONGEST_REPEAT:
            raise OverflowError("the pattern asks for too long a text")
        return super().randint(a, min(b, max(a, 1) + _MORE))

    def choice(self, seq: Sequence[T]) -> T:  # type: ignore[override]
        plain: list[Any] = [item for item in seq if isinstance(item, str) and item.isascii() and item.isalnum()]
        chosen: T = super().choice(plain or seq)
        return chosen


def text_of_pattern(pattern: str, index: int = 0) -> str | None:
    """Return a text in which `pattern` is found; None where it is no pattern we can read. Equal arguments, equal text."""
    from rstr import Rstr

    if len(pattern) > _LONGEST_PATTERN:
        return None
    readable = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern)
    try:
        wanted = re.compile(readable)
        for attempt in range(_TRIES):
            text = Rstr(_Plain(index * _TRIES + attempt)).xeger(readable)
            if wanted.search(text):
                return text
    except (re.error, LookupError, RecursionError, OverflowError, ValueError):
        return None
    return None
