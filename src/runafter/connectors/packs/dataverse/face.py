"""The Dataverse Web API: rows by HTTP verb, If-Match, counts, actions, and $batch with changesets."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlencode

from runafter.connectors import multipart
from runafter.connectors.answers import Refused, failure, no_content, ok
from runafter.connectors.packs.dataverse import beyond, definitions
from runafter.connectors.packs.dataverse.emulator import ORIGIN, context, entity_answer
from runafter.connectors.packs.dataverse.fetchxml import fetched
from runafter.connectors.packs.dataverse.tables import PAGE_SIZE, SCHEMA, Tables
from runafter.connectors.packs.dataverse.transaction import Transaction
from runafter.connectors.spec import Face, FaceCall, Request, Store
from runafter.protocol.events import Outcome

_ROOT = re.compile(r"/api/data/v9\.\d+/?(?P<rest>.*)")
_ENTITY = re.compile(r"(?P<set>\w+)(?:\((?P<key>.*)\))?(?P<more>/.*)?")
_HEADERS = {"OData-Version": "4.0"}


def handle(call: FaceCall) -> Outcome:
    """Answer one request of the Web API."""
    found = _ROOT.fullmatch(call.request.path)
    if found is None:
        return failure(404, "0x80060888", f"There is no resource at {call.request.path}.")
    rest = found["rest"].strip("/")
    if rest == "$batch":
        try:
            return _batch(call)
        except Refused as refused:
            return refused.outcome
    return _single(
        call, call.store, call.request.method, rest, dict(call.request.query), call.request.json, call.request.headers
    )


def _origin(request: Request) -> str:
    """Return the address under which the caller reached the Web API, so that it can follow links."""
    return f"{request.scheme}://{request.host}{request.path.partition('/api/')[0]}/api/data/v9.2"


def _single(
    call: FaceCall, store: Store, method: str, rest: str, query: dict[str, str], body: Any, headers: Any
) -> Outcome:
    tables = Tables(store, call.around, call.now, call.user)
    found = _ENTITY.fullmatch(rest)
    if found is None or not rest:
        return ok({"@odata.context": f"{ORIGIN}/$metadata", "value": []}, headers=_HEADERS)
    if rest in ("WhoAmI", "WhoAmI()"):
        zero = "00000000-0000-0000-0000-00000000000"
        return ok({"BusinessUnitId": f"{zero}1", "UserId": f"{zero}2", "OrganizationId": f"{zero}3"}, headers=_HEADERS)
    entity_set, key, more = found["set"], found["key"], found["more"]
    try:
        if definitions.handles(rest):
            return definitions.answer(tables, method, rest, query)
        if more is not None:
            return beyond.answer(call, store, method, entity_set, key, more.strip("/"), query, body)
        if key is None:
            return _collection(call, tables, method, entity_set, query, body, headers)
        return _entity(tables, method, entity_set, key, query, body, headers)
    except Refused as refused:
        return refused.outcome


def _collection(
    call: FaceCall, tables: Tables, method: str, entity_set: str, query: dict[str, str], body: Any, headers: Any
) -> Outcome:
    if method == "GET":
        size = re.search(r"odata\.maxpagesize=(\d+)", headers.get("prefer", ""))
        skip = int(query["$skiptoken"]) if query.get("$skiptoken", "").isdigit() else 0
        page_size = min(PAGE_SIZE, int(size[1])) if size else PAGE_SIZE
        rows, after, total, schema = tables.listed(entity_set, query, page_size=page_size, skip=skip)
        if "fetchXml" in query:
            found, _ = fetched(query["fetchXml"], [row for _, row in tables.store.rows(schema.entity_set)])
            return ok({"@odata.context": context(schema.entity_set, single=False), "value": found}, headers=_HEADERS)
        answer: dict[str, Any] = {"@odata.context": context(schema.entity_set, single=False)}
        if query.get("$count", "").lower() == "true":
            answer["@odata.count"] = total
        answer["value"] = rows
        if after is not None:
            kept = {name: value for name, value in query.items() if name != "$skiptoken"}
            address = urlencode({**kept, "$skiptoken": after}, safe="$,()'")
            answer["@odata.nextLink"] = f"{_origin(call.request)}/{schema.entity_set}?{address}"
        return ok(answer, headers=_HEADERS)
    if method != "POST":
        return failure(405, "0x80060888", f"The requested resource does not support http method '{method}'.")
    seeded = tables.store.get("$actions", entity_set)
    handler = call.around.handler(f"dataverse/{entity_set}")
    if handler is not None:
        return ok(handler(body or {}), headers=_HEADERS)
    if seeded is not None:
        return (
            ok(seeded.get("returns"), headers=_HEADERS) if seeded.get("returns") is not None else no_content(_HEADERS)
        )
    if entity_set[:1].isupper() and tables.store.get(SCHEMA, entity_set) is None:
        text = f"The emulated Dataverse has no action {entity_set}. Seed its answer: `actions: {{{entity_set}: {{returns: ...}}}}`."
        return failure(404, "0x80060888", text)
    row = tables.create(entity_set, body or {})
    schema = tables.schema(entity_set)
    sent = {**_HEADERS, "OData-EntityId": f"{ORIGIN}/{schema.entity_set}({row[schema.key]})"}
    if "return=representation" in headers.get("prefer", ""):
        return ok(entity_answer(schema.entity_set, schema.key, row), status=201, headers=sent)
    return no_content(sent)


def _entity(
    tables: Tables, method: str, entity_set: str, key: str, query: dict[str, str], body: Any, headers: Any
) -> Outcome:
    schema = tables.schema(entity_set)
    match method:
        case "GET":
            _, row = tables.existing(schema, key)
            if headers.get("if-none-match") == row["@odata.etag"]:
                return ok(None, status=304, headers=_HEADERS)
            shown = tables.shown(schema, row, query.get("$select", ""), query.get("$expand", ""))
            return ok(entity_answer(schema.entity_set, schema.key, shown), headers=_HEADERS)
        case "PATCH":
            match_tag = headers.get("if-match")
            if headers.get("if-none-match") == "*" and tables.find(schema, key)[1] is not None:
                return failure(412, "0x80060892", "A record with matching key values already exists.")
            if match_tag is not None:
                row, created = tables.update(entity_set, key, body or {}, if_match=match_tag), False
            else:
                row, created = tables.upsert(entity_set, key, body or {})
            sent = {**_HEADERS, "OData-EntityId": f"{ORIGIN}/{schema.entity_set}({row[schema.key]})"}
            if "return=representation" in headers.get("prefer", ""):
                return ok(
                    entity_answer(schema.entity_set, schema.key, row), status=201 if created else 200, headers=sent
                )
            return no_content(sent)
        case "DELETE":
            _, row = tables.existing(schema, key)
            if headers.get("if-match") not in (None, "*", row["@odata.etag"]):
                text = "The version of the existing record doesn't match the RowVersion property provided."
                return failure(412, "0x80060882", text)
            tables.delete(entity_set, key)
            return no_content(_HEADERS)
        case _:
            return failure(405, "0x80060888", f"The requested resource does not support http method '{method}'.")


# -- $batch ----------------------------------------------------------------------------------------------------------


def _batched(call: FaceCall, store: Store, part: multipart.Part) -> Outcome:
    request = multipart.request_of(part)
    found = re.search(r"/api/data/v9\.\d+/(.*)", request.path)
    rest = unquote(found[1] if found else request.path).strip("/")
    return _single(call, store, request.method, rest, dict(request.query), request.json, request.headers)


def _batch(call: FaceCall) -> Outcome:
    """Answer a multipart batch; a changeset is all or nothing, and the first failure ends the batch."""
    request: Request = call.request
    answers, status = list[str](), 200
    goes_on = "odata.continue-on-error" in request.headers.get("prefer", "")
    for part in multipart.parts(request.body.decode("utf-8"), request.headers.get("content-type", "")):
        outcome, entry = _changeset(call, part) if part.is_changeset else _alone(call, part)
        answers.append(entry)
        if (outcome.status_code or 500) >= 400 and not goes_on:
            status = outcome.status_code or 500
            break
    whole = multipart.joined(answers, "batchresponse")
    return ok(whole, status=status, headers={**_HEADERS, "Content-Type": "multipart/mixed; boundary=batchresponse"})


def _alone(call: FaceCall, part: multipart.Part) -> tuple[Outcome, str]:
    outcome = _batched(call, call.store, part)
    return outcome, multipart.written(outcome, part.headers.get("content-id"))


def _changeset(call: FaceCall, changes: multipart.Part) -> tuple[Outcome, str]:
    transaction, entries = Transaction(call.store), list[str]()
    outcome = no_content(_HEADERS)
    for part in multipart.parts(changes.body, changes.headers["content-type"]):
        outcome = _batched(call, transaction, part)
        if (outcome.status_code or 500) >= 400:
            transaction.roll_back()
            return outcome, multipart.changeset([multipart.written(outcome, part.headers.get("content-id"))])
        entries.append(multipart.written(outcome, part.headers.get("content-id")))
    return outcome, multipart.changeset(entries)


FACES = (Face(hosts=(r".*\.crm\d*\.dynamics\.com",), mount="dataverse", handle=handle),)
