"""The status of a block from the statuses of its actions.

The rule: look at the leaves, the actions that nothing runs after. A skipped
leaf stands for those it would have run after, and so on upwards. One Failed
makes the block Failed, else one TimedOut makes it TimedOut, else it Succeeded.
So a failure that a later action caught is forgiven, but a skipped sibling of
the catching branch brings it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from runafter.program.steps import Block

BlockStatus = Literal["Succeeded", "Failed", "TimedOut"]


def deciding_actions(block: Block, statuses: Mapping[str, str]) -> tuple[str, ...]:
    """Return the actions whose statuses decide, in definition order; an action without status counts as skipped."""
    seen: set[str] = set()
    deciding: set[str] = set()
    waiting = list(block.leaves)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if statuses.get(name, "Skipped") == "Skipped":
            waiting.extend(predecessor for predecessor, _ in block.predecessors.get(name, ()))
        else:
            deciding.add(name)
    return tuple(name for name in block.names if name in deciding)


def block_status(block: Block, statuses: Mapping[str, str]) -> BlockStatus:
    """Return the status of a settled block; an empty block and one that was all skipped have Succeeded."""
    found = {statuses[name] for name in deciding_actions(block, statuses)}
    if "Failed" in found:
        return "Failed"
    return "TimedOut" if "TimedOut" in found else "Succeeded"
