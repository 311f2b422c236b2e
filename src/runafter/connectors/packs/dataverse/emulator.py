"""Dataverse as the connectors 'Microsoft Dataverse' and 'Dataverse (legacy)' reach it.

Shapes after learn.microsoft.com/connectors/commondataserviceforapps and
learn.microsoft.com/power-apps/developer/data-platform/webapi.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import content, content_type_of, data_of, failure, no_content, ok, refuse
from runafter.connectors.packs.dataverse.fetchxml import fetched
from runafter.connectors.packs.dataverse.tables import FILES, PAGE_SIZE, SCHEMA, SUBSCRIPTIONS, Tables
from runafter.connectors.seedshape import ANY, NUMBER, TEXT
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome

ORIGIN = "https://contoso.crm.dynamics.com/api/data/v9.2"


def tables_of(call: Call) -> Tables:
    return Tables(call.store, call.around, call.now, call.user)


def context(entity_set: str, *, single: bool) -> str:
    return f"{ORIGIN}/$metadata#{entity_set}{'/$entity' if single else ''}"


def entity_answer(entity_set: str, key: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the annotations that the connector adds."""
    address = f"{ORIGIN}/{entity_set}({row.get(key)})"
    return {
        "@odata.context": context(entity_set, single=True),
        "@odata.id": address,
        "@odata.editLink": f"{entity_set}({row.get(key)})",
        **row,
    }


# -- rows ------------------------------------------------------------------------------------------------------------


def list_records(call: Call) -> Outcome:
    tables = tables_of(call)
    entity_set = call.text("entityName") or call.text("table")
    if call.text("fetchXml"):
        schema = tables.schema(entity_set)
        rows, _ = fetched(call.text("fetchXml"), [row for _, row in call.store.rows(schema.entity_set)])
        return ok({"@odata.context": context(schema.entity_set, single=False), "value": rows})
    wanted = call.settings.get("minimum_items")
    size = PAGE_SIZE if not isinstance(wanted, int) else max(PAGE_SIZE, wanted)
    token = call.text("$skiptoken")
    start = call.number("$skip") or (int(token) if token.isdigit() else 0)
    rows, after, _, schema = tables.listed(entity_set, call.arguments, page_size=size, skip=start)
    body: dict[str, Any] = {"@odata.context": context(schema.entity_set, single=False), "value": rows}
    if after is not None:
        body["@odata.nextLink"] = f"{ORIGIN}/{schema.entity_set}?$skiptoken={after}"
    return ok(body)


def get_item(call: Call) -> Outcome:
    tables = tables_of(call)
    schema = tables.schema(call.text("entityName"))
    _, row = tables.existing(schema, call.text("recordId"))
    shown = tables.shown(schema, row, call.text("$select"), call.text("$expand"))
    return ok(entity_answer(schema.entity_set, schema.key, shown))


def create_record(call: Call) -> Outcome:
    tables = tables_of(call)
    schema = tables.schema(call.text("entityName"))
    row = tables.create(schema.entity_set, call.record("item"))
    return ok(entity_answer(schema.entity_set, schema.key, row), status=201)


def update_record(call: Call) -> Outcome:
    """Update the row, or create it where it does not exist, as 'Update a row' does."""
    tables = tables_of(call)
    schema = tables.schema(call.text("entityName"))
    row, _ = tables.upsert(schema.entity_set, call.text("recordId"), call.record("item"))
    return ok(entity_answer(schema.entity_set, schema.key, row))


def update_only_record(call: Call) -> Outcome:
    tables = tables_of(call)
    schema = tables.schema(call.text("entityName"))
    row = tables.update(schema.entity_set, call.text("recordId"), call.record("item"))
    return ok(entity_answer(schema.entity_set, schema.key, row))


def delete_record(call: Call) -> Outcome:
    tables_of(call).delete(call.text("entityName"), call.text("recordId"))
    return no_content()


# -- relations, files, actions -----------------------------------------------------------------------------------------


def _other_end(call: Call) -> str:
    reference = call.text("$id") or str(call.record("item").get("@odata.id") or "")
    found = reference.rstrip(")").rsplit("(", 1)[-1]
    if not found:
        raise refuse(400, "0x80060888", "The reference to the other row is missing.")
    return found


def associate_entities(call: Call) -> Outcome:
    tables = tables_of(call)
    schema = tables.schema(call.text("entityName"))
    ident, _ = tables.existing(schema, call.text("recordId"))
    relation, other = call.text("associationEntityRelationship"), _other_end(call)
    call.store.put(
        "$associations", f"{relation}/{ident}/{other}", {"relationship": relation, "from": ident, "to": other}
    )
    return no_content()


def disassociate_entities(call: Call) -> Outcome:
    tables = tables_of(call)
    ident, _ = tables.existing(tables.schema(call.text("entityName")), call.text("recordId"))
    relation, other = call.text("associationEntityRelationship"), _other_end(call)
    if not call.store.delete("$associations", f"{relation}/{ident}/{other}"):
        return failure(404, "0x80040217", f"No association '{relation}' between {ident} and {other} exists.")
    return no_content()


def get_entity_file_image_field_content(call: Call) -> Outcome:
    tables = tables_of(call)
    schema = tables.schema(call.text("entityName"))
    ident, _ = tables.existing(schema, call.text("recordId"))
    held = call.store.get(FILES, f"{schema.entity_set}/{ident}/{call.text('fileImageFieldName')}")
    if held is None:
        return failure(404, "0x80048d1b", f"No file attachment found for attribute: {call.text('fileImageFieldName')}.")
    return ok(
        held["content"], headers={"Content-Type": held["content"]["$content-type"], "x-ms-file-name": held["name"]}
    )


def update_entity_file_image_field_content(call: Call) -> Outcome:
    tables = tables_of(call)
    schema = tables.schema(call.text("entityName"))
    ident, _ = tables.existing(schema, call.text("recordId"))
    column, value = call.text("fileImageFieldName"), call.arguments.get("item")
    held = content(data_of(value), content_type_of(value))
    name = call.text("x-ms-file-name", "file")
    call.store.put(FILES, f"{schema.entity_set}/{ident}/{column}", {"name": name, "content": held})
    tables.update(schema.entity_set, ident, {f"{column}_name": name} if not schema.columns else {})
    return no_content()


def perform_unbound_action(call: Call) -> Outcome:
    """Run an action: `WhoAmI` by itself, others by the seed's answers or a registered handler."""
    name = call.text("actionName")
    handler = call.around.handler(f"dataverse/{name}")
    if handler is not None:
        return ok(
            handler({**call.record("item"), "recordId": call.text("recordId"), "entityName": call.text("entityName")})
        )
    seeded = call.store.get("$actions", name)
    if seeded is not None:
        call.store.put(
            "$action_calls",
            call.around.new_id(),
            {"action": name, "item": call.record("item"), "record": call.text("recordId")},
        )
        return ok(seeded.get("returns")) if seeded.get("returns") is not None else no_content()
    if name == "WhoAmI":
        user = {"@odata.context": f"{ORIGIN}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse"}
        zero = "00000000-0000-0000-0000-00000000000"
        return ok({**user, "BusinessUnitId": f"{zero}1", "UserId": f"{zero}2", "OrganizationId": f"{zero}3"})
    return failure(404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def perform_bound_action(call: Call) -> Outcome:
    tables = tables_of(call)
    tables.existing(tables.schema(call.text("entityName")), call.text("recordId"))
    return perform_unbound_action(call)


def subscribe_webhook_trigger(call: Call) -> Outcome:
    request = call.record("subscriptionRequest")
    ident = call.around.new_id()
    message = str(request.get("message") or "7")
    if message not in ("1", "2", "3", "4", "5", "6", "7"):
        return failure(400, "0x80060888", f"The message '{message}' is none of 1 to 7.")
    condition = request.get("filterexpression")
    if condition:
        odata.predicate(str(condition))  # a broken filter is refused now, not when a row changes
    subscription = {
        "entityname": request.get("entityname"),
        "message": int(message),
        "attributes": request.get("filteringattributes"),
        "filter": str(condition) if condition else None,
        "callback_url": call.callback_url or request.get("url") or f"subscription:{ident}",
    }
    call.store.put(SUBSCRIPTIONS, ident, subscription)
    return ok(
        {"callbackregistrationid": ident}, status=201, headers={"Location": f"{ORIGIN}/callbackregistrations({ident})"}
    )


def predict(call: Call) -> Outcome:
    """Answer an AI Builder model with what the seed gives for it (`models`), else an empty prediction of its shape."""
    model = call.text("recordId") or call.operation.id
    seeded = call.store.get("$models", model) or call.store.get("$models", call.operation.id)
    output = {"text": "", "mimetype": "text/plain"} if seeded is None else seeded["output"]
    call.store.put("$predictions", call.around.new_id(), {"model": model, "input": call.record("item")})
    return ok(
        {"responsev2": {"operationStatus": "Success", "predictionId": call.around.new_id(), "predictionOutput": output}}
    )


# -- the legacy connector ------------------------------------------------------------------------------------------------


def get_items_v2(call: Call) -> Outcome:
    return list_records(call)


def _legacy_names(call: Call) -> Call:
    call.arguments = {**call.arguments, "entityName": call.text("table"), "recordId": call.text("id")}
    return call


def get_item_v2(call: Call) -> Outcome:
    return get_item(_legacy_names(call))


def post_item_v2(call: Call) -> Outcome:
    return create_record(_legacy_names(call))


def patch_item_v2(call: Call) -> Outcome:
    return update_only_record(_legacy_names(call))


def delete_item_v2(call: Call) -> Outcome:
    outcome = delete_record(_legacy_names(call))
    return ok(None) if outcome.status_code == 204 else outcome


# -- seeds -----------------------------------------------------------------------------------------------------------------


_TABLE = {
    "key": TEXT,
    "logical": TEXT,
    "columns": {"*": ANY},
    "required": [TEXT],
    "alternate_keys": [[TEXT]],
    "rollups": {"*": {"entity!": TEXT, "via!": TEXT, "function": TEXT, "of": TEXT, "filter": TEXT, "delay_s": NUMBER}},
    "relationships": {"*": {"*": ANY}},
    "rows": [{"*": ANY}],
}
SEED = {
    "tables": {"*": ([{"*": ANY}], _TABLE)},
    "actions": {"*": ({"returns": ANY}, ANY)},
    "models": {"*": ANY},
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill tables: `tables: {accounts: {key, columns, alternate_keys, rollups, rows: [...]}}`, `actions`, `models`.

    A table given as a list is just rows, open to any column.
    """
    for name, entry in (value.get("tables") or {}).items():
        if isinstance(entry, list):
            store.put(SCHEMA, name, {"open": True})
        else:
            store.put(SCHEMA, name, {key: part for key, part in entry.items() if key != "rows"})
    tables = Tables(store, around, now, "")
    for name, entry in (value.get("tables") or {}).items():
        for row in entry if isinstance(entry, list) else entry.get("rows") or []:
            tables.create(name, row)
    for name, entry in (value.get("actions") or {}).items():
        store.put("$actions", name, {"returns": entry.get("returns") if isinstance(entry, dict) else entry})
    for name, output in (value.get("models") or {}).items():
        store.put("$models", name, {"output": output})
