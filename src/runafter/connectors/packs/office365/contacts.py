"""Contacts of a mailbox by folder. Shapes after learn.microsoft.com/connectors/office365 (Contact)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import failure, no_content, ok
from runafter.connectors.instants import iso
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

CONTACTS = "contacts"
PAGE = 256


def add(store: Store, around: Surroundings, now: int, folder: str, fields: Mapping[str, Any]) -> Row:
    ident = str(fields.get("id") or f"AAMkContact{around.new_id().replace('-', '')}")
    names = (str(fields.get(name) or "") for name in ("givenName", "surname"))
    row = {
        "givenName": None, "surname": None, "displayName": " ".join(filter(None, names)), "companyName": None,
        "jobTitle": None, "emailAddresses": [], "businessPhones": [], "homePhones": [], "mobilePhone1": None,
        "categories": [], "parentFolderId": folder, **{k: v for k, v in fields.items() if k != "folder"},
        "id": ident, "createdDateTime": iso(now), "lastModifiedDateTime": iso(now), "folder": folder,
    }  # fmt: skip
    store.put(CONTACTS, ident, row)
    return row


def shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "folder"}


def _found(call: Call) -> Row | None:
    row = call.store.get(CONTACTS, call.text("id"))
    return row if row is not None and row["folder"] == call.text("folder", row["folder"]) else None


def _missing() -> Outcome:
    return failure(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def contact_get_tables_v2(call: Call) -> Outcome:
    names = dict.fromkeys(["Contacts", *(str(row["folder"]) for _, row in call.store.rows(CONTACTS))])
    return ok({"value": [{"id": name, "displayName": name} for name in names]})


def contact_get_items_v2(call: Call) -> Outcome:
    rows = [shown(row) for _, row in call.store.rows(CONTACTS) if row["folder"] == call.text("folder", "Contacts")]
    return ok({"value": odata.page(rows, odata.query_of(call.arguments), page_size=PAGE).rows})


def contact_get_item_v2(call: Call) -> Outcome:
    row = _found(call)
    return _missing() if row is None else ok(shown(row))


def contact_post_item_v2(call: Call) -> Outcome:
    item = call.record("item")
    if not item.get("givenName"):
        return failure(400, "ErrorInvalidRequest", "A contact needs a given name.")
    return ok(shown(add(call.store, call.around, call.now, call.text("folder", "Contacts"), item)), status=201)


def contact_patch_item_v2(call: Call) -> Outcome:
    row = _found(call)
    if row is None:
        return _missing()
    changed = {**row, **call.record("item"), "id": row["id"], "lastModifiedDateTime": iso(call.now)}
    call.store.put(CONTACTS, row["id"], changed)
    return ok(shown(changed))


def contact_delete_item_v2(call: Call) -> Outcome:
    row = _found(call)
    if row is None:
        return _missing()
    call.store.delete(CONTACTS, row["id"])
    return no_content()
