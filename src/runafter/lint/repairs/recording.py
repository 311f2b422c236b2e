"""A trace of every run: one record, sent after everything else, however that ended.

Where it goes is a parameter of the flow, empty until somebody sets it; then an
HTTP request carries flow, run, times and the status of what ended. That needs
no connection, and a record that cannot be sent does not change how the run ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from runafter.lint.flow import Flow
from runafter.lint.repairs.front import ALL, free_name
from runafter.lint.repairs.telling import RETRY
from runafter.lint.repairs.words import FLOW, RUN, quoted

ADDRESS = "runRecordAddress"
PARAMETERS = {
    ADDRESS: {
        "type": "String",
        "defaultValue": "",
        "metadata": {"description": "Where a record of each run is posted as JSON; empty: nowhere."},
    }
}


def recording(flow: Flow, after: Iterable[str]) -> dict[str, Any]:
    """Return the scope that records a run behind the root actions named."""
    names = list(after)
    post, kept = free_name(flow, "Post_the_record"), free_name(flow, "Recorded_or_not")
    condition = free_name(flow, "When_an_address_is_set")
    body = {
        "flow": FLOW,
        "run": RUN,
        "startedAt": f"@actions({quoted(names[0])})?['startTime']",
        "finishedAt": "@utcNow()",
        "outcome": _outcome(names),
        "statuses": {name: f"@actions({quoted(name)})?['status']" for name in names},
    }
    request = {
        "type": "Http",
        "runAfter": {},
        "inputs": {
            "method": "POST",
            "uri": f"@parameters('{ADDRESS}')",
            "headers": {"Idempotency-Key": "@{workflow()?['run']?['name']}-record"},
            "body": body,
            "retryPolicy": RETRY,
        },
        "limit": {"timeout": "PT5M"},
    }
    return {
        "type": "Scope",
        "runAfter": {name: list(ALL) for name in names},
        "actions": {
            condition: {
                "type": "If",
                "runAfter": {},
                "expression": {"not": {"equals": [f"@empty(coalesce(parameters('{ADDRESS}'), ''))", True]}},
                "actions": {post: request},
                "else": {"actions": {}},
            },
            kept: {"type": "Scope", "runAfter": {condition: list(ALL)}, "actions": {}},
        },
    }


def _outcome(names: list[str]) -> str:
    bad = [
        f"contains(createArray('Failed', 'TimedOut'), coalesce(actions({quoted(name)})?['status'], ''))"
        for name in names
    ]
    test = bad[0] if len(bad) == 1 else f"or({', '.join(bad)})"
    return f"@if({test}, 'Failed', 'Succeeded')"
