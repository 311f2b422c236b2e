"""Office 365 Groups over the tenant's directory. Shapes after learn.microsoft.com/connectors/office365groups."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from runafter.connectors import odata
from runafter.connectors.answers import data_of, failure, no_content, ok
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


def http_request(call: Call) -> Outcome:
    """Send a request to Graph: groups and their members; other resources are refused by name."""
    method, uri = call.text("Method", "GET").upper(), call.text("Uri")
    parts = urlsplit(uri)
    path = parts.path.replace("/v1.0", "").replace("/beta", "").strip("/")
    query = dict(parse_qsl(parts.query, True))
    directory = _directory(call)
    try:
        body: dict[str, Any] = json.loads(data_of(call.arguments.get("Body")) or b"{}")
    except ValueError:
        return failure(400, "BadRequest", "The body is no JSON.")
    match (method, *path.split("/")):
        case ("GET", "groups"):
            page = odata.page([shown_group(row) for row in directory.groups()], odata.query_of(query), page_size=100)
            return ok({"value": page.rows})
        case ("GET", "groups", ident):
            return ok(shown_group(directory.need_group(ident)))
        case ("GET", "groups", ident, "members"):
            return ok({"value": [shown_user(row) for row in directory.members(ident)]})
        case ("POST", "groups", ident, "members", "$ref"):
            directory.join(ident, str(body.get("@odata.id", "")).rsplit("/", 1)[-1])
            return no_content()
        case ("POST", "groups"):
            return ok(shown_group(directory.add_group(body)), status=201)
        case _:
            return failure(404, "ResourceNotFound", f"The emulated Graph has no {method} /{path} for groups.")
