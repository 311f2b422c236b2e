"""Microsoft Entra ID: users, groups, memberships, licences. Shapes after Microsoft Graph v1.0 users and groups."""

from __future__ import annotations

from runafter.connectors import odata
from runafter.connectors.answers import entries, no_content, ok
from runafter.connectors.directory import DIRECTORY_SEED, Directory, seed_directory, shown_group, shown_user
from runafter.connectors.spec import Call
from runafter.protocol.events import Outcome

SEED = DIRECTORY_SEED
seed = seed_directory


def directory_of(call: Call) -> Directory:
    return Directory(call.around, call.now)


def create_user(call: Call) -> Outcome:
    return ok(shown_user(directory_of(call).add(call.record("body"))), status=201)


def get_user(call: Call) -> Outcome:
    return ok(shown_user(directory_of(call).need_user(call.text("id")), call.text("$select")))


def update_user(call: Call) -> Outcome:
    directory_of(call).change(call.text("id"), call.record("body"))
    return no_content()


def delete_user(call: Call) -> Outcome:
    directory_of(call).remove(call.text("id"))
    return no_content()


def refresh_tokens(call: Call) -> Outcome:
    directory = directory_of(call)
    row = directory.need_user(call.text("id"))
    directory.store.put("revoked_sessions", row["id"], {"id": row["id"], "at": call.now})
    return ok({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean", "value": True})


def assign_manager(call: Call) -> Outcome:
    manager = str(call.record("body").get("@odata.id") or "").rsplit("/", 1)[-1]
    directory = directory_of(call)
    directory.change(call.text("id"), {"manager": directory.need_user(manager)["id"]})
    return no_content()


def assign_license(call: Call) -> Outcome:
    body = call.record("body")
    add = [str(entry.get("skuId") if isinstance(entry, dict) else entry) for entry in entries(body.get("addLicenses"))]
    remove = [str(sku) for sku in entries(body.get("removeLicenses"))]
    return ok(shown_user(directory_of(call).license(call.text("id"), add, remove)))


def get_group(call: Call) -> Outcome:
    return ok(shown_group(directory_of(call).need_group(call.text("id"))))


def create_group(call: Call) -> Outcome:
    return ok(shown_group(directory_of(call).add_group(call.record("body"))), status=201)


def get_group_members(call: Call) -> Outcome:
    rows = [shown_user(row) for row in directory_of(call).members(call.text("id"))]
    page = odata.page(rows, odata.query_of(call.arguments), page_size=999)
    return ok({"value": page.rows})


def add_user_to_group(call: Call) -> Outcome:
    user = str(call.record("body").get("@odata.id") or "").rsplit("/", 1)[-1]
    directory_of(call).join(call.text("id"), user)
    return no_content()


def remove_member_from_group(call: Call) -> Outcome:
    directory_of(call).leave(call.text("id"), call.text("memberId"))
    return no_content()


def get_member_groups(call: Call) -> Outcome:
    return ok({"value": [row["id"] for row in directory_of(call).groups_of(call.text("id"))]})


def list_users(call: Call) -> Outcome:
    rows = [shown_user(row) for row in directory_of(call).users()]
    page = odata.page(rows, odata.query_of(call.arguments), page_size=100)
    return ok({"value": page.rows})
