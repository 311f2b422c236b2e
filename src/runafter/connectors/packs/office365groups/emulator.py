"""Office 365 Groups over the tenant's directory. Shapes after learn.microsoft.com/connectors/office365groups."""

from __future__ import annotations

from runafter.connectors import odata
from runafter.connectors.answers import no_content, ok
from runafter.connectors.carried import graph_request
from runafter.connectors.directory import DIRECTORY_SEED, Directory, seed_directory, shown_group, shown_user
from runafter.connectors.spec import Call
from runafter.protocol.events import Outcome

SEED = DIRECTORY_SEED
seed = seed_directory


def _directory(call: Call) -> Directory:
    return Directory(call.around, call.now)


def list_groups(call: Call) -> Outcome:
    rows = [shown_group(row) for row in _directory(call).groups()]
    page = odata.page(rows, odata.query_of(call.arguments), page_size=100)
    return ok({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#groups", "value": page.rows})


def list_group_members(call: Call) -> Outcome:
    rows = [shown_user(row) for row in _directory(call).members(call.text("groupId"))]
    return ok({"value": rows[: call.number("$top") or 999]})


def add_member_to_group(call: Call) -> Outcome:
    _directory(call).join(call.text("groupId"), call.text("userUpn"))
    return no_content()


def remove_member_from_group(call: Call) -> Outcome:
    _directory(call).leave(call.text("groupId"), call.text("userUpn"))
    return no_content()


http_request = graph_request
