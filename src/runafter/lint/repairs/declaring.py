"""Parameters that a repair adds to the flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runafter.lint.finding import Change
from runafter.lint.flow import Flow
from runafter.lint.repairs.front import is_written


def declared(flow: Flow, parameters: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what declares parameters that the flow does not have yet."""
    written = flow.root.get("parameters")
    missing = {name: value for name, value in parameters.items() if written is None or not written.has(name)}
    if written is not None and is_written(written) and written.is_object:
        for name, value in missing.items():
            yield Change(operation="insert", pointer=written.pointer, key=name, value=value)
    elif written is None and missing:
        before = next((key for key, _ in flow.root.members() if key in {"triggers", "actions"}), None)
        yield Change(operation="insert", pointer=flow.root.pointer, key="parameters", value=missing, before=before)
