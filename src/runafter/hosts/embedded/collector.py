"""How often Python looks for reference cycles in a process that is there to drive runs."""

from __future__ import annotations

import gc

_ALLOCATIONS = 20_000


def relax_collector() -> None:
    """Look for cycles every 20,000 new objects instead of 700, and never again through what is loaded by now.

    A step makes some fifteen objects and drops nearly all of them; looking at each of
    them once cost a tenth of a step. Changes the whole process, so only a program
    that owns its process calls it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
