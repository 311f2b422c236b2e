"""How much an evaluated value may hold."""

from __future__ import annotations

from typing import Final

MAX_TEXT: Final = 104_857_600
"""Characters that one text may hold. Source: Logic Apps limits, "Variables and content size", read 2026-11-21."""

MAX_ITEMS: Final = 5_000_000
"""Items that a function may put into one array; beyond it the machine, not the platform, would be the limit."""

MAX_JSON_DEPTH: Final = 200
"""Levels of arrays and objects inside each other that are read and written."""


class TooLarge(ValueError):
    """A value would grow beyond what one value may hold."""
