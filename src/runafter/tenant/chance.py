"""Draws that depend on a seed and on names alone, never on the order in which somebody draws."""

from __future__ import annotations

import random

_FIXED = 0xF000 << 64 | 0xC000 << 48
_VERSION_4 = 0x4000 << 64 | 0x8000 << 48


def chance(*names: object) -> random.Random:
    """Return a source of draws for these names; equal names give equal draws."""
    return random.Random("/".join(str(name) for name in names))  # noqa: S311


def guid(*names: object) -> str:
    """Return the GUID (version 4 by its form) of these names."""
    drawn = chance(*names).getrandbits(128) & ~_FIXED | _VERSION_4
    text = f"{drawn:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
