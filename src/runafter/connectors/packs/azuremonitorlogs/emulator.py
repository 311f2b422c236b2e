"""Log Analytics: tables that were ingested or seeded, queried by a subset of KQL.

A seed may answer a query by a part of its text (`answers`), for queries beyond
the subset. Shapes after learn.microsoft.com/connectors/azuremonitorlogs.
"""

from __future__ import annotations

import html
import json
from typing import Any

from runafter.connectors.answers import Refused, failure, ok
from runafter.connectors.packs.azuremonitorlogs.kql import UnsupportedQuery, run
from runafter.connectors.seedshape import ANY, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome


def _query(call: Call) -> str:
    body = call.arguments.get("body")
    if isinstance(body, dict):
        body = body.get("query", "")
    return str(body or "")


def _rows(call: Call) -> list[Row]:
    text = _query(call)
    for _, entry in call.store.rows("answers"):
        if entry["contains"].lower() in text.lower():
            return [dict(row) for row in entry["rows"]]

    def table(name: str) -> list[Row]:
        # A custom table that nobody wrote to is an unknown name, as in the service; well-known ones are empty.
        found = [row for _, row in call.store.rows(f"table|{name}")]
        if not found and name.endswith("_CL") and f"table|{name}" not in call.store.tables():
            text = f"'where' operator: Failed to resolve table or column expression named '{name}'"
            raise Refused(failure(400, "BadArgumentError", text))
        return found

    try:
        return run(text, table, call.now)
    except UnsupportedQuery as error:
        hint = f"The emulator cannot run this query: {error}. Seed an answer for it under azuremonitorlogs/answers."
        raise Refused(failure(400, "BadArgumentError", hint)) from error


def query_data(call: Call) -> Outcome:
    return ok({"value": _rows(call)})


def visualize_query(call: Call) -> Outcome:
    """Answer with the rows as an HTML table in base64, the way the connector gives an attachment."""
    import base64

    rows = _rows(call)
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)

    def cell(value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return f"<td>{html.escape(text)}</td>"

    lines = "".join("<tr>" + "".join(cell(row.get(name)) for name in names) + "</tr>" for row in rows)
    page = f"<html><body><table><tr>{head}</tr>{lines}</table></body></html>"
    encoded = base64.b64encode(page.encode()).decode()
    return ok({"body": encoded, "attachmentContent": encoded, "attachmentName": "chart.html", "linksToOpen": ""})


def ingest(store: Store, table: str, rows: list[Any]) -> int:
    """Append rows to a table; return how many it holds."""
    for row in rows:
        number = store.next_number(f"rows|{table}")
        store.put(f"table|{table}", str(number), row if isinstance(row, dict) else {"value": row})
    return len(store.rows(f"table|{table}"))


SEED = {"tables": {"*": [{"*": ANY}]}, "answers": [{"contains!": TEXT, "rows": [{"*": ANY}]}]}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `tables: {Heartbeat: [rows]}` and `answers: [{contains, rows}]`."""
    for table, rows in (value.get("tables") or {}).items():
        ingest(store, table, rows)
    for number, entry in enumerate(value.get("answers") or []):
        store.put("answers", str(number), {"contains": entry["contains"], "rows": entry.get("rows") or []})
