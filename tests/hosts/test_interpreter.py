"""A process that drives runs: cycles are looked for less often, and still found; the writer waits less."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator

import pytest

from runafter.hosts.embedded.interpreter import hurry_writer, relax_collector


@pytest.fixture
def _collector() -> Iterator[None]:
    threshold, switch_s = gc.get_threshold(), sys.getswitchinterval()
    yield
    sys.setswitchinterval(switch_s)
    gc.unfreeze()
    gc.set_threshold(*threshold)


class Node:
    """An object that may point at itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.usefixtures("_collector")
def test_what_is_loaded_is_left_alone_and_new_cycles_are_found() -> None:
    relax_collector()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] > 700
    dropped = [weakref.ref(Node()) for _ in range(100)]
    kept = [Node() for _ in range(2 * gc.get_threshold()[0])]
    assert len(kept) > 0
    assert all(node() is None for node in dropped)


@pytest.mark.usefixtures("_collector")
def test_the_writer_gets_the_interpreter_within_a_millisecond() -> None:
    hurry_writer()
    assert sys.getswitchinterval() <= 0.001
