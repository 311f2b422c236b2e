"""Records as expressions see them: the shapes of `actions()`, `outputs()`, `body()` and `result()`."""

from __future__ import annotations

from typing import Any

from runafter.engine.instants import timestamp
from runafter.engine.state import Collected, Kept, Record


def record_view(record: Record, client_tracking_id: str) -> dict[str, Any]:
    """Return one repetition as `actions('x')` shows it; absent members are left out as the platform does."""
    view: dict[str, Any] = {"name": record.name}
    if record.has_inputs:
        view["inputs"] = record.inputs
    if record.has_outputs:
        view["outputs"] = record.outputs
    view["startTime"] = timestamp(record.started_at)
    view["endTime"] = timestamp(record.ended_at)
    view["trackingId"] = record.tracking_id
    view["clientTrackingId"] = client_tracking_id
    if record.code is not None:
        view["code"] = record.code
    view["status"] = record.status
    if record.error is not None:
        view["error"] = record.error
    return view


def action_view(kept: Kept | None, client_tracking_id: str) -> Any:
    """Return the record, or after a Foreach the array of records in item order."""
    if isinstance(kept, Collected):
        return [action_view(entry, client_tracking_id) for entry in kept.entries]
    return None if kept is None else record_view(kept, client_tracking_id)


def outputs_view(kept: Kept | None) -> Any:
    """Return the outputs, null where there are none; after a Foreach the array in item order."""
    if isinstance(kept, Collected):
        return [outputs_view(entry) for entry in kept.entries]
    return None if kept is None else kept.outputs


def body_of(outputs: Any) -> Any:
    """Return `outputs?['body']`; null for a scalar, found in any letter case."""
    if not isinstance(outputs, dict):
        return None
    if "body" in outputs:
        return outputs["body"]
    return next((value for name, value in outputs.items() if name.casefold() == "body"), None)


def body_view(kept: Kept | None) -> Any:
    if isinstance(kept, Collected):
        return [body_view(entry) for entry in kept.entries]
    return None if kept is None else body_of(kept.outputs)


def is_secure(kept: Kept | None, *, inputs: bool) -> bool:
    """Say whether reading this shows something secured: its outputs, with `inputs` its inputs too."""
    if isinstance(kept, Collected):
        return any(is_secure(entry, inputs=inputs) for entry in kept.entries)
    return kept is not None and (kept.secure_outputs or (inputs and kept.secure_inputs))


def repeated_view(name: str, kept: Kept, client_tracking_id: str) -> dict[str, Any]:
    """Return a loop's child as `result('loop')` shows it: code NotSpecified, one record per iteration in `outputs`."""
    entries = [entry for entry in _flat(kept) if entry is not None]
    statuses = {entry.status for entry in entries}
    status = next((s for s in ("Failed", "TimedOut", "Cancelled", "Succeeded") if s in statuses), "Skipped")
    view: dict[str, Any] = {"name": name}
    if entries:
        view["startTime"] = timestamp(min(entry.started_at for entry in entries))
        view["endTime"] = timestamp(max(entry.ended_at for entry in entries))
        view["trackingId"] = entries[0].tracking_id
    view["clientTrackingId"] = client_tracking_id
    view["code"] = "NotSpecified"
    view["status"] = status
    view["repetitionCount"] = len(kept.entries) if isinstance(kept, Collected) else 1
    view["outputs"] = [record_view(entry, client_tracking_id) for entry in entries]
    return view


def _flat(kept: Kept | None) -> list[Record | None]:
    if isinstance(kept, Collected):
        return [record for entry in kept.entries for record in _flat(entry)]
    return [kept]
