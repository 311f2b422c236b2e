"""Draws that depend on a seed and on names alone, never on the order in which somebody draws."""

from __future__ import annotations

import random
import uuid


def chance(*names: object) -> random.Random:
    """Return a source of draws for these names; equal names give equal draws."""
    return random.Random("/".join(str(name) for name in names))  # noqa: S311


def guid(*names: object) -> str:
    """Return the GUID (version 4 by its form) of these names."""
    return str(uuid.UUID(int=chance(*names).getrandbits(128), version=4))
