"""Application Insights: items by table (`traces`, `customEvents`, `exceptions`, ...), as `/v2/track` filled them."""

from __future__ import annotations

import json
import re
from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.seedshape import ANY
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome

TABLES = {
    "EventData": "customEvents",
    "MessageData": "traces",
    "ExceptionData": "exceptions",
    "MetricData": "customMetrics",
    "RequestData": "requests",
    "RemoteDependencyData": "dependencies",
    "PageViewData": "pageViews",
    "AvailabilityData": "availabilityResults",
}


def track(store: Store, item: dict[str, Any]) -> str | None:
    """Keep one telemetry envelope; return what is wrong with it, None when nothing is."""
    data = item.get("data")
    if not isinstance(data, dict) or data.get("baseType") not in TABLES:
        return f"Field 'data.baseType' is not one of {', '.join(TABLES)}"
    base = data.get("baseData")
    if not isinstance(base, dict):
        return "Field 'data.baseData' is required"
    if not item.get("iKey"):
        return "Field 'iKey' is required"
    if not item.get("time"):
        return "Field 'time' is required"
    tags = item.get("tags") if isinstance(item.get("tags"), dict) else {}
    row = {
        "timestamp": item["time"],
        "operation_Id": (tags or {}).get("ai.operation.id"),
        "operation_Name": (tags or {}).get("ai.operation.name"),
        "cloud_RoleName": (tags or {}).get("ai.cloud.role"),
        "iKey": item["iKey"],
        "name": base.get("name"),
        "message": base.get("message"),
        "severityLevel": base.get("severityLevel"),
        "customDimensions": base.get("properties") or {},
        "customMeasurements": base.get("measurements") or {},
        **({"exceptions": base["exceptions"]} if "exceptions" in base else {}),
    }
    table = TABLES[data["baseType"]]
    store.put(table, str(store.next_number(table)), row)
    return None


def query_analytics(call: Call) -> Outcome:
    """Answer `<table>`, `<table> | take n` and `<table> | count`; more is refused by name."""
    text = str(call.record("body").get("query") or "").strip()
    found = re.fullmatch(r"(\w+)\s*(?:\|\s*(take|limit|count)\s*(\d+)?)?", text)
    if found is None or found[1] not in TABLES.values():
        return failure(400, "BadArgumentError", f"The emulator cannot run this query: {text[:200]}")
    rows = [row for _, row in call.store.rows(found[1])]
    if found[2] == "count":
        rows = [{"Count": len(rows)}]
    elif found[3]:
        rows = rows[: int(found[3])]
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [{"name": name, "type": "string"} for name in names]
    values = [
        [v if isinstance(v := row.get(name), str | int | float | None) else json.dumps(v) for name in names]
        for row in rows
    ]
    return ok({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": values}]})


SEED = {"items": [{"*": ANY}]}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `items: [telemetry envelope]`."""
    for item in value.get("items") or []:
        wrong = track(store, item)
        if wrong:
            raise ValueError(wrong)
