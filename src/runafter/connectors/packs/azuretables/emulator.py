"""Table storage. Shapes after learn.microsoft.com/connectors/azuretables, errors of the Table service REST API."""

from __future__ import annotations

from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import failure, no_content, ok, refuse
from runafter.connectors.instants import iso_fraction
from runafter.connectors.seedshape import ANY, SCALAR
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome


def _key(partition: str, row: str) -> str:
    return f"{partition}\x1f{row}"


def _table(call: Call) -> str:
    name = call.text("tableName")
    if call.store.rows("tables") and call.store.get("tables", name.lower()) is None:
        raise refuse(404, "TableNotFound", "The table specified does not exist.")
    return f"table|{name.lower()}"


def _names(call: Call, entity: Row) -> tuple[str, str]:
    partition = call.text("PartitionKey") or call.text("partitionKey") or str(entity.get("PartitionKey") or "")
    row = call.text("RowKey") or call.text("rowKey") or str(entity.get("RowKey") or "")
    if not partition or not row:
        raise refuse(400, "PropertiesNeedValue", "The values are not specified for all properties in the entity.")
    return partition, row


def _save(call: Call, table: str, partition: str, row: str, entity: Row) -> Row:
    tag = f"W/\"datetime'{call.store.next_number('etag'):012d}'\""
    held = {**{k: v for k, v in entity.items() if not k.startswith("odata.")}, "PartitionKey": partition, "RowKey": row}
    held |= {"Timestamp": iso_fraction(call.now), "odata.etag": tag}
    call.store.put(table, _key(partition, row), held)
    return held


def _must_match(call: Call, before: Row | None) -> None:
    tag = call.text("If-Match")
    if tag and tag != "*" and (before is None or before["odata.etag"] != tag):
        raise refuse(
            412, "UpdateConditionNotSatisfied", "The update condition specified in the request was not satisfied."
        )


def create_entity(call: Call) -> Outcome:
    table, entity = _table(call), call.record("entity")
    partition, row = _names(call, entity)
    if call.store.get(table, _key(partition, row)) is not None:
        return failure(409, "EntityAlreadyExists", "The specified entity already exists.")
    return ok(_save(call, table, partition, row, entity), status=201)


def get_entity(call: Call) -> Outcome:
    partition, row = _names(call, {})
    found = call.store.get(_table(call), _key(partition, row))
    if found is None:
        return failure(404, "ResourceNotFound", "The specified resource does not exist.")
    return ok(odata.selected(found, call.text("$select"), always=("odata.etag",)))


def get_entities(call: Call) -> Outcome:
    rows = [row for _, row in sorted(call.store.rows(_table(call)))]
    query = {"$filter": call.text("$filter") or call.text("filter"), "$top": call.text("top") or None}
    select = call.text("$select") or call.text("select")
    page = odata.page(rows, odata.query_of(query), page_size=1000)
    return ok({"value": [odata.selected(row, select, always=("odata.etag",)) for row in page.rows]})


def replace_entity(call: Call) -> Outcome:
    table, entity = _table(call), call.record("entity")
    partition, row = _names(call, entity)
    _must_match(call, call.store.get(table, _key(partition, row)))
    held = _save(call, table, partition, row, entity)
    return no_content({"ETag": held["odata.etag"]})


def merge_entity(call: Call) -> Outcome:
    table, entity = _table(call), call.record("entity")
    partition, row = _names(call, entity)
    before = call.store.get(table, _key(partition, row))
    _must_match(call, before)
    held = _save(call, table, partition, row, {**(before or {}), **entity})
    return no_content({"ETag": held["odata.etag"]})


def delete_entity(call: Call) -> Outcome:
    table = _table(call)
    partition, row = _names(call, {})
    before = call.store.get(table, _key(partition, row))
    if before is None:
        return failure(404, "ResourceNotFound", "The specified resource does not exist.")
    _must_match(call, before)
    call.store.delete(table, _key(partition, row))
    return no_content()


def create_table(call: Call) -> Outcome:
    name = call.text("tableName") or call.text("TableName") or str(call.record("body").get("TableName") or "")
    if not name.isalnum() or not 3 <= len(name) <= 63:
        return failure(400, "InvalidResourceName", "The specifed resource name contains invalid characters.")
    if call.store.get("tables", name.lower()) is not None:
        return failure(409, "TableAlreadyExists", "The table specified already exists.")
    call.store.put("tables", name.lower(), {"TableName": name})
    return ok({"TableName": name}, status=201)


def get_tables(call: Call) -> Outcome:
    return ok({"value": [row for _, row in call.store.rows("tables")]})


SEED = {"tables": {"*": [{"PartitionKey!": SCALAR, "RowKey!": SCALAR, "*": ANY}]}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `tables: {name: [entity]}`, each entity with PartitionKey and RowKey."""
    for name, entities in (value.get("tables") or {}).items():
        store.put("tables", name.lower(), {"TableName": name})
        for entity in entities or []:
            tag = f"W/\"datetime'{store.next_number('etag'):012d}'\""
            row = {**entity, "Timestamp": iso_fraction(now), "odata.etag": tag}
            store.put(f"table|{name.lower()}", _key(str(entity["PartitionKey"]), str(entity["RowKey"])), row)
