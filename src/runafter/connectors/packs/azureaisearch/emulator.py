"""Documents of search indexes. Shapes after learn.microsoft.com/rest/api/searchservice/documents."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import ok, refuse
from runafter.connectors.seedshape import ANY, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

INDEXES = "indexes"
NEAREST = 3


def _index(call: Call) -> Row:
    """Return the index; a tenant that seeds none has every one, with the key `id`."""
    name = call.text("indexName")
    row = call.store.get(INDEXES, name)
    if row is None:
        if call.store.rows(INDEXES):
            raise refuse(404, "ResourceNotFound", f"No index with the name '{name}' was found in the service.")
        row = {"name": name, "key": "id"}
    return row


def _documents(call: Call) -> list[tuple[str, Row]]:
    return call.store.rows(f"documents|{_index(call)['name']}")


def _given(call: Call) -> list[Row]:
    value = call.arguments.get("documents", call.arguments.get("document"))
    if isinstance(value, dict):
        value = value.get("value", [value])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise refuse(400, "InvalidRequestParameter", "The documents are a list of objects.")
    return value


def index_documents(call: Call) -> Outcome:
    """Upload documents by key, or what `@search.action` says: merge, mergeOrUpload, delete."""
    index, documents = _index(call), _given(call)
    key, table = index["key"], f"documents|{index['name']}"
    results = list[Row]()
    for document in documents:
        if not isinstance(document.get(key), str) or not document[key]:
            raise refuse(400, "InvalidRequestParameter", f"The document key '{key}' is a text that is not empty.")
    for document in documents:
        ident = document[key]
        action = str(document.get("@search.action", "upload"))
        fields = {name: value for name, value in document.items() if not name.startswith("@")}
        known = call.store.get(table, ident)
        status = 200 if known is not None else 201
        match action:
            case "upload":
                call.store.put(table, ident, fields)
            case "merge" if known is None:
                results.append(
                    {"key": ident, "status": False, "errorMessage": "Document not found.", "statusCode": 404}
                )
                continue
            case "merge" | "mergeOrUpload":
                call.store.put(table, ident, {**(known or {}), **fields})
            case "delete":
                call.store.delete(table, ident)
                status = 200
            case _:
                raise refuse(400, "InvalidRequestParameter", f"'{action}' is no action of a document.")
        results.append({"key": ident, "status": True, "errorMessage": None, "statusCode": status})
    return ok({"value": results}, status=200 if all(entry["status"] for entry in results) else 207)


def delete_document(call: Call) -> Outcome:
    index = _index(call)
    idents = (
        [call.text("keyValue")] if call.text("keyValue") else [str(entry.get(index["key"])) for entry in _given(call)]
    )
    for ident in idents:
        call.store.delete(f"documents|{index['name']}", ident)
    rows = [{"key": ident, "status": True, "errorMessage": None, "statusCode": 200} for ident in idents]
    return ok({"value": rows})


def cosine(left: Sequence[float], right: Sequence[float]) -> float:
    """Return the cosine of two vectors; 0 when one has no length.

    Raises:
        ValueError: they have different dimensions.
    """
    if len(left) != len(right):
        raise ValueError(f"a vector of {len(left)} dimensions for a field of {len(right)}")
    lengths = math.sqrt(sum(a * a for a in left)) * math.sqrt(sum(b * b for b in right))
    return 0.0 if lengths == 0 else sum(a * b for a, b in zip(left, right, strict=True)) / lengths


def _kept(call: Call, written: str) -> list[Row]:
    rows = [row for _, row in _documents(call)]
    if not written:
        return rows
    test = odata.predicate(written)
    return [row for row in rows if test(row)]


def vector_search(call: Call) -> Outcome:
    """Return the nearest documents; the score is 1 / (2 - cosine), as the service gives for cosine."""
    given = call.record("searchVector")
    vector, field = given.get("vector"), str(given.get("fieldName") or "")
    if not isinstance(vector, list) or not vector:
        raise refuse(400, "InvalidRequestParameter", "A vector search needs a vector.")
    scored = list[tuple[float, Row]]()
    for row in _kept(call, call.text("filter")):
        held = row.get(field)
        if not isinstance(held, list):
            continue
        try:
            scored.append((1 / (2 - cosine(vector, held)), row))
        except (TypeError, ValueError) as error:
            raise refuse(400, "InvalidVectorQuery", f"The vector does not fit the field '{field}': {error}.") from error
    scored.sort(key=lambda entry: -entry[0])
    found = scored[: call.number("kNearestNeighbors") or NEAREST]
    return ok([{"@search.score": score, **odata.selected(row, call.text("select"))} for score, row in found])


def search_documents(call: Call) -> Outcome:
    """Return documents that hold any of the words, the most hits first; `*` or nothing takes all."""
    given = {**call.arguments, **call.record("query")}
    words = re.findall(r"\w+", str(given.get("search") or "").lower())
    scored = list[tuple[float, Row]]()
    for row in _kept(call, str(given.get("filter") or "")):
        text = " ".join(str(value) for value in row.values() if isinstance(value, str)).lower()
        hits = sum(len(re.findall(rf"\b{re.escape(word)}\b", text)) for word in words)
        if hits or not words:
            scored.append((float(hits or 1), row))
    scored.sort(key=lambda entry: -entry[0])
    top = given.get("top")
    found = scored[: int(str(top)) if top is not None and str(top).isdigit() else 50]
    select = str(given.get("select") or "")
    return ok({"value": [{"@search.score": score, **odata.selected(row, select)} for score, row in found]})


SEED = {"indexes": {"*": {"key": TEXT, "documents": [{"*": ANY}]}}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `indexes: {name: {key: id, documents: [...]}}`."""
    for name, entry in (value.get("indexes") or {}).items():
        key = (entry or {}).get("key", "id")
        store.put(INDEXES, str(name), {"name": str(name), "key": key})
        for document in (entry or {}).get("documents") or []:
            store.put(f"documents|{name}", str(document[key]), dict(document))
