"""What a process that is there to drive runs sets in Python itself. Only a program that owns its process calls these."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable

_ALLOCATIONS = 20_000
_SWITCH_S = 0.001


def relax_collector() -> None:
    """Look for cycles every 20,000 new objects instead of 700, and never again through what is loaded by now.

    A step makes some fifteen objects and drops nearly all of them; looking at each of
    them once cost a tenth of a step. Changes the whole process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])


def hurry_writer() -> None:
    """Let a waiting thread have the interpreter after 1 ms instead of 5.

    The writer asks for it again after each statement of a group. Under load that made
    a commit of ten statements take 40 ms, and all that time the accepted runs waited.
    Changes the whole process.
    """
    sys.setswitchinterval(_SWITCH_S)


def quick_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's event loops where it is installed; None for Python's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
