"""What content links show: the inputs and outputs of runs, actions and trigger events, by path."""

from __future__ import annotations

from typing import Any

from runafter.protocol.ids import repetition_name
from runafter.server.runtime import Runtime, repetition_of


async def content_at(runtime: Runtime, path: str) -> tuple[bool, Any]:
    """Return what a content path shows: `/runs/R/trigger/outputs`, `/runs/R/actions/A[/repetitions/N]/inputs`."""
    parts = path.strip("/").split("/")
    match parts:
        case ["runs", run_id, "trigger", ("inputs" | "outputs") as side]:
            header = await runtime.runs.run(run_id)
            trigger = await runtime.runs.shown_trigger(header) if header is not None else {}
            return side in trigger, trigger.get(side)
        case ["runs", run_id, "actions", action, *rest]:
            repetition = repetition_of(rest[1]) if len(rest) == 3 and rest[0] == "repetitions" else ()
            row = await runtime.host.journal.history.action(run_id, action, repetition)
            if row is None:
                return False, None
            return (row.has_inputs, row.inputs) if rest[-1] == "inputs" else (row.has_outputs, row.outputs)
        case ["histories", identity, "outputs"]:
            history = await runtime.catalog.history(identity)
            detail = history.detail if history is not None else None
            return detail is not None and detail.outputs is not None, detail.outputs if detail is not None else None
        case _:
            return False, None


def content_path(run_id: str, action: str, repetition: tuple[int, ...], side: str) -> str:
    """Return the path of an action's inputs or outputs."""
    name = repetition_name(repetition)
    return f"/runs/{run_id}/actions/{action}" + (f"/repetitions/{name}" if name else "") + f"/{side}"
