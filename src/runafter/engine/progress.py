"""What a live view sees of a run; none of it is part of what is replayed."""

from __future__ import annotations

from typing import Any

from runafter.engine.machine import Machine
from runafter.engine.state import CallActivity, LoopActivity


def progress(machine: Machine) -> list[dict[str, Any]]:
    """Return what is under way, in order of start; loops with how many items are done and of how many."""
    rows: list[dict[str, Any]] = []
    for activity in machine.live.values():
        row: dict[str, Any] = {
            "action": activity.node.name,
            "type": activity.node.step.type,
            "repetition": activity.frame.env.repetition,
            "status": activity.note,
            "started_at": activity.started_at,
        }
        if isinstance(activity, LoopActivity):
            row["done"] = activity.finished
            row["of"] = len(activity.items) or activity.limit_count or None
        if isinstance(activity, CallActivity):
            row["attempt"] = activity.attempt
        rows.append(row)
    return rows


def frame_count(machine: Machine) -> int:
    """Return how many frames are open: a loop holds those of its window, however many items it has."""
    return int(machine.root_frame is not None) + sum(len(activity.frames) for activity in machine.live.values())
