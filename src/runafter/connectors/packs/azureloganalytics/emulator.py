"""The data collector: records into `<Log-Type>_CL`, columns with their type's suffix.

After learn.microsoft.com/azure/azure-monitor/logs/data-collector-api, record type and properties.
"""

from __future__ import annotations

import json
import re
from typing import Any

from runafter.connectors.answers import data_of, failure, ok
from runafter.connectors.instants import iso, parse_iso
from runafter.connectors.spec import Call
from runafter.protocol.events import Outcome

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _column(name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, bool):
        return f"{name}_b", value
    if isinstance(value, int | float):
        return f"{name}_d", float(value)
    if isinstance(value, str):
        if _GUID.fullmatch(value):
            return f"{name}_g", value
        if len(value) >= 10 and value[4:5] == "-" and parse_iso(value) is not None:
            return f"{name}_t", value
        return f"{name}_s", value
    return f"{name}_s", json.dumps(value)


def send_data(call: Call) -> Outcome:
    given = call.arguments.get("body")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return failure(400, "InvalidDataFormat", "The body is no JSON.")
    listed = given if isinstance(given, list) else [given]
    records = [record for record in listed if isinstance(record, dict)]
    if len(records) < len(listed) or len(data_of(given)) > 30_000_000:
        return failure(400, "InvalidDataFormat", "The body must be an object or an array of objects of at most 30 MB.")
    kind = call.text("Log-Type") or "Log"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,99}", kind):
        return failure(400, "InvalidLogType", "The log type may hold letters, numbers and underscores, at most 100.")
    store = call.around.store_of("azuremonitorlogs")
    for record in records:
        row = {
            "TimeGenerated": record.get(call.text("time-generated-field") or "", iso(call.now)),
            "Type": f"{kind}_CL",
        }
        row |= dict(_column(name, value) for name, value in record.items() if value is not None)
        store.put(f"table|{kind}_CL", str(store.next_number(f"rows|{kind}_CL")), row)
    return ok(None)
