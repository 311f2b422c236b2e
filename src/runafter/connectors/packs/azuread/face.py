"""A part of Microsoft Graph: users, managers, groups, members, licences, sendMail."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from runafter.connectors import odata
from runafter.connectors.answers import Refused, failure, no_content, ok
from runafter.connectors.directory import Directory, shown_group, shown_user
from runafter.connectors.instants import iso
from runafter.connectors.spec import Face, FaceCall
from runafter.protocol.events import Outcome

_ROOT = "https://graph.microsoft.com/v1.0"
_WORDS = {word.lower(): word for word in ("users", "groups", "me", "sendMail", "memberOf", "assignLicense", "directReports",
                                          "subscribedSkus", "manager", "members")}  # fmt: skip
BATCH_SIZE = 20
"""Requests that one batch may hold: learn.microsoft.com/graph/json-batching."""


def handle(call: FaceCall) -> Outcome:
    """Answer one request; what Graph has beyond these resources is refused by name."""
    try:
        return _route(call)
    except Refused as refused:
        return refused.outcome


def _collection(name: str, rows: list[dict[str, Any]], query: Any) -> Outcome:
    page = odata.page(rows, odata.query_of(query), page_size=100)
    select = query.get("$select", "")
    body: dict[str, Any] = {
        "@odata.context": f"{_ROOT}/$metadata#{name}",
        "value": [odata.selected(row, select) for row in page.rows],
    }
    if page.next_skip is not None:
        body["@odata.nextLink"] = f"{_ROOT}/{name}?$skip={page.next_skip}"
    return ok(body)


def _route(call: FaceCall) -> Outcome:
    request = call.request
    path = re.sub(r"^/(v1\.0|beta)", "", request.path).strip("/")
    parts = [_WORDS.get(part.lower(), part) for part in path.split("/")]
    if parts[0] == "me":
        parts = ["users", call.user, *parts[1:]]
    body: dict[str, Any] = request.json if isinstance(request.json, dict) else {}
    directory = Directory(call.around, call.now)
    match (request.method, *parts):
        case ("POST", "$batch"):
            return _batch(call, body)
        case ("GET", "users"):
            return _collection("users", [shown_user(row) for row in directory.users()], request.query)
        case ("POST", "users"):
            return ok(shown_user(directory.add(body)), status=201)
        case ("GET", "users", ident):
            return ok(shown_user(directory.need_user(ident), request.query.get("$select", "")))
        case ("PATCH", "users", ident):
            directory.change(ident, body)
            return no_content()
        case ("DELETE", "users", ident):
            directory.remove(ident)
            return no_content()
        case ("GET", "users", ident, "manager"):
            return ok(shown_user(directory.manager(ident)))
        case ("PUT", "users", ident, "manager", "$ref"):
            manager = directory.need_user(str(body.get("@odata.id", "")).rsplit("/", 1)[-1])
            directory.change(ident, {"manager": manager["id"]})
            return no_content()
        case ("GET", "users", ident, "directReports"):
            return _collection("directoryObjects", [shown_user(row) for row in directory.reports(ident)], request.query)
        case ("POST", "users", ident, "assignLicense"):
            add = [str(entry.get("skuId")) for entry in body.get("addLicenses") or []]
            return ok(shown_user(directory.license(ident, add, [str(sku) for sku in body.get("removeLicenses") or []])))
        case ("POST", "users", ident, "sendMail"):
            return _send_mail(call, ident, body)
        case ("GET", "users", ident, "memberOf"):
            return _collection(
                "directoryObjects", [shown_group(row) for row in directory.groups_of(ident)], request.query
            )
        case ("GET", "groups"):
            return _collection("groups", [shown_group(row) for row in directory.groups()], request.query)
        case ("POST", "groups"):
            return ok(shown_group(directory.add_group(body)), status=201)
        case ("GET", "groups", ident):
            return ok(shown_group(directory.need_group(ident)))
        case ("PATCH", "groups", ident):
            directory.change_group(ident, body)
            return no_content()
        case ("DELETE", "groups", ident):
            directory.remove_group(ident)
            return no_content()
        case ("GET", "groups", ident, "members"):
            return _collection("directoryObjects", [shown_user(row) for row in directory.members(ident)], request.query)
        case ("POST", "groups", ident, "members", "$ref"):
            directory.join(ident, str(body.get("@odata.id", "")).rsplit("/", 1)[-1])
            return no_content()
        case ("DELETE", "groups", ident, "members", member, "$ref"):
            directory.leave(ident, member)
            return no_content()
        case ("GET", "subscribedSkus"):
            return _collection(
                "subscribedSkus", [_sku(directory, key, row) for key, row in directory.store.rows("skus")], {}
            )
        case _:
            return failure(404, "ResourceNotFound", f"The emulated Graph has no {request.method} /{path}.")


def _batch(call: FaceCall, body: dict[str, Any]) -> Outcome:
    """Answer a JSON batch; a request whose `dependsOn` failed is 424, the others stand alone."""
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        return failure(400, "BadRequest", "A batch needs 'requests', a list.")
    if len(requests) > BATCH_SIZE:
        return failure(400, "BadRequest", f"Number of batch request steps exceeds the maximum value of {BATCH_SIZE}.")
    statuses, responses = dict[str, int](), list[dict[str, Any]]()
    for entry in requests:
        ident = str(entry.get("id"))
        if any(statuses.get(str(other), 424) >= 400 for other in entry.get("dependsOn") or []):
            outcome = failure(424, "FailedDependency", "A request that this one depends on did not succeed.")
        else:
            path, _, query = str(entry.get("url", "")).partition("?")
            request = replace(
                call.request,
                method=str(entry.get("method", "GET")).upper(),
                path=f"/v1.0/{unquote(path).strip('/')}",
                query=dict(parse_qsl(query, keep_blank_values=True)),
                headers={str(name).lower(): str(value) for name, value in (entry.get("headers") or {}).items()},
                json=entry.get("body"),
            )
            outcome = handle(replace(call, request=request))
        statuses[ident] = outcome.status_code or 500
        response = {"id": ident, "status": statuses[ident], "headers": dict(outcome.headers)}
        responses.append(response | ({"body": outcome.body} if outcome.has_body else {}))
    return ok({"responses": responses})


def _sku(directory: Directory, key: str, row: dict[str, Any]) -> dict[str, Any]:
    used = sum(1 for user in directory.users() for entry in user["assignedLicenses"] if entry["skuId"] == key)
    return {
        "skuId": key,
        "skuPartNumber": row["name"],
        "consumedUnits": used,
        "prepaidUnits": {"enabled": row["seats"]},
    }


def _send_mail(call: FaceCall, ident: str, body: dict[str, Any]) -> Outcome:
    given = {name.lower(): value for name, value in body.items()}  # parameters of an action have no case
    message = given.get("message") or {}
    people = {name: _addresses(message.get(f"{name}Recipients")) for name in ("to", "cc", "bcc")}
    if not any(people.values()):
        return failure(400, "ErrorInvalidRecipients", "At least one recipient is not valid.")
    outbox = call.around.store_of("office365")
    mail = call.around.new_id()
    content = message.get("body") or {}
    row = {
        "id": mail,
        "from": _address(message.get("from")) or Directory(call.around, call.now).need_user(ident)["userPrincipalName"],
        **people,
        "replyTo": _addresses(message.get("replyTo")),
        "subject": message.get("subject", ""),
        "body": content.get("content", ""),
        "importance": str(message.get("importance") or "normal").lower(),
        "attachments": [
            {"Name": str(entry.get("name") or ""), "ContentBytes": entry.get("contentBytes")}
            for entry in message.get("attachments") or []
        ],
        "sentAt": iso(call.now),
    }
    outbox.put("outbox", mail, row)
    return Outcome(status_code=202, has_body=False)


def _address(recipient: Any) -> str:
    return str(((recipient or {}).get("emailAddress") or {}).get("address") or "")


def _addresses(recipients: Any) -> list[str]:
    return [address for address in map(_address, recipients or []) if address]


FACES = (Face(hosts=(r"graph\.microsoft\.(?:com|us)", r"dod-graph\.microsoft\.us"), mount="graph", handle=handle),)
