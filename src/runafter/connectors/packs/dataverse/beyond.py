"""What follows an entity set or a row in an address: bulk messages, counts, one column, related rows, `$ref`.

Sources: learn.microsoft.com/power-apps/developer/data-platform/bulk-operations and
.../webapi/reference/upsertmultiple, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runafter.connectors.answers import no_content, ok, refuse
from runafter.connectors.packs.dataverse.emulator import ORIGIN, context
from runafter.connectors.packs.dataverse.tables import Schema, Tables
from runafter.connectors.packs.dataverse.transaction import Transaction
from runafter.connectors.spec import FaceCall, Store
from runafter.protocol.events import Outcome

_HEADERS = {"OData-Version": "4.0"}
_MESSAGES = "Microsoft.Dynamics.CRM."


def answer(
    call: FaceCall,
    store: Store,
    method: str,
    entity_set: str,
    key: str | None,
    more: str,
    query: Mapping[str, str],
    body: Any,
) -> Outcome:
    """Answer a request for something of an entity set or row.

    Raises:
        Refused: what is not emulated, by its name.
    """
    tables = Tables(store, call.around, call.now, call.user)
    schema = tables.schema(entity_set)
    if key is None:
        if more == "$count" and method == "GET":
            _, _, total, _ = tables.listed(entity_set, query)
            return Outcome(
                status_code=200, headers={**_HEADERS, "Content-Type": "text/plain"}, body=str(total), has_body=True
            )
        if more.startswith(_MESSAGES) and method == "POST":
            return _bulk(call, store, schema, more.removeprefix(_MESSAGES), body)
        raise refuse(404, "0x80060888", f"The emulated Dataverse has no {method} {entity_set}/{more}.")
    _, row = tables.existing(schema, key)
    if method == "GET":
        return _of_row(tables, schema, row, more, query)
    raise refuse(404, "0x80060888", f"The emulated Dataverse has no {method} {entity_set}(...)/{more}.")


def _of_row(tables: Tables, schema: Schema, row: dict[str, Any], more: str, query: Mapping[str, str]) -> Outcome:
    """Return one column, bare by `/$value`, the row of a lookup, or the rows of a relationship."""
    name, _, rest = more.partition("/")
    if name in row and rest in ("", "$value"):
        if rest:
            text = "" if row[name] is None else str(row[name])
            return Outcome(
                status_code=200, headers={**_HEADERS, "Content-Type": "text/plain"}, body=text, has_body=True
            )
        address = f"{ORIGIN}/$metadata#{schema.entity_set}({row[schema.key]})/{name}"
        return ok({"@odata.context": address, "value": row[name]}, headers=_HEADERS)
    if rest not in ("", "$ref") or (name not in schema.relationships and f"_{name.lower()}_value" not in row):
        raise refuse(404, "0x80060888", f"Resource not found for the segment '{more}'.")
    related = tables.shown(schema, row, schema.key, f"{name}({';'.join(f'{k}={v}' for k, v in query.items())})")[name]
    if isinstance(related, list):
        child = tables.schema(str(schema.relationships[name]["entity"]))
        rows = [{"@odata.id": f"{ORIGIN}/{child.entity_set}({entry[child.key]})"} for entry in related]
        return ok(
            {"@odata.context": context(child.entity_set, single=False), "value": rows if rest else related},
            headers=_HEADERS,
        )
    if related is None:
        return no_content(_HEADERS)
    return ok(
        {"@odata.context": f"{ORIGIN}/$metadata#{schema.entity_set}({row[schema.key]})/{name}", **related},
        headers=_HEADERS,
    )


def _bulk(call: FaceCall, store: Store, schema: Schema, message: str, body: Any) -> Outcome:
    """Answer CreateMultiple, UpdateMultiple or UpsertMultiple: of standard tables all rows or none."""
    if message not in ("CreateMultiple", "UpdateMultiple", "UpsertMultiple"):
        raise refuse(404, "0x80060888", f"The emulated Dataverse has no message {message} of {schema.entity_set}.")
    targets = body.get("Targets") if isinstance(body, dict) else None
    if not isinstance(targets, list) or not all(isinstance(target, dict) for target in targets) or not targets:
        raise refuse(400, "0x80060888", f"{message} needs 'Targets', a list of rows.")
    transaction = Transaction(store)
    tables = Tables(transaction, call.around, call.now, call.user)
    done = False
    try:
        idents = [_one(tables, schema, message, target) for target in targets]
        done = True
    finally:
        if not done:
            transaction.roll_back()
    if message != "CreateMultiple":
        return no_content(_HEADERS)
    kind = f"{ORIGIN}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse"
    return ok({"@odata.context": kind, "Ids": idents}, headers=_HEADERS)


def _one(tables: Tables, schema: Schema, message: str, target: Mapping[str, Any]) -> str:
    wanted = f"{_MESSAGES}{schema.logical}"
    if str(target.get("@odata.type", "")).lstrip("#") != wanted:
        raise refuse(400, "0x80048d19", f"Every item of 'Targets' needs '@odata.type' with the value '{wanted}'.")
    item = {name: value for name, value in target.items() if not name.startswith("@")}
    if message == "CreateMultiple":
        return str(tables.create(schema.entity_set, item)[schema.key])
    key = str(target.get("@odata.id") or item.pop(schema.key, None) or "")
    if not key:
        raise refuse(400, "0x80048d19", f"An item of 'Targets' names no row: neither '{schema.key}' nor '@odata.id'.")
    if message == "UpdateMultiple":
        return str(tables.update(schema.entity_set, key, item)[schema.key])
    return str(tables.upsert(schema.entity_set, key, item)[0][schema.key])
