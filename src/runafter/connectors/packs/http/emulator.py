"""Endpoints of the internet as a seed describes them; hosts that no seed names do not exist.

A seeded endpoint answers in order (`answers: [...]`, the last one again and
again) or keeps a collection (`collection: name`): POST adds, GET lists or gets,
PUT, PATCH and DELETE change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from runafter.connectors.answers import failure, no_content, ok
from runafter.connectors.carried import GRAPH, carried
from runafter.connectors.seedshape import ANY, NUMBER, SCALAR, TEXT
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome


def _pattern(url: str) -> str:
    return "".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", url.rstrip("/"))) + "/?"


def _collection(call: Call, name: str, method: str, rest: str, body: Any) -> Outcome:
    table, key = f"collection|{name}", rest.strip("/")
    if method == "POST" and not key:
        row = {"id": str(call.store.next_number(name)), **(body if isinstance(body, dict) else {"value": body})}
        call.store.put(table, str(row["id"]), row)
        return ok(row, status=201)
    if not key:
        return ok([row for _, row in call.store.rows(table)])
    row_before = call.store.get(table, key)
    if method == "PUT" or row_before is not None:
        changed = {**(row_before or {}), **(body if isinstance(body, dict) else {})}
        match method:
            case "GET" | "HEAD":
                return ok(row_before)
            case "DELETE":
                call.store.delete(table, key)
                return no_content()
            case "PUT" | "PATCH" | "POST":
                changed = {"id": key, **body} if method == "PUT" and isinstance(body, dict) else changed
                call.store.put(table, key, changed)
                return ok(changed, status=200 if row_before is not None else 201)
    return failure(404, "NotFound", f"{name} has no {key!r}.")


def _send(call: Call, method: str, url: str, headers: Mapping[str, Any], body: Any) -> Outcome:
    try:
        reached = urlsplit(url).hostname
    except ValueError:
        reached = None
    if reached is None:
        return Outcome(code="InvalidUri", message=f"The URI '{url}' is no http or https address.", retriable=False)
    bare = url.partition("?")[0]
    request = {"method": method, "uri": url, "headers": dict(headers), "body": body}
    number = call.store.next_number("request")
    call.store.put("requests", str(number), {"number": number, **request})
    handler = call.around.handler(f"http/{reached}")
    if handler is not None:
        found = handler(request)
        if isinstance(found, Outcome):
            return found
        return ok(found)
    for key, entry in call.store.rows("endpoints"):
        if entry.get("method") not in (None, method):
            continue
        if entry.get("collection"):
            base = str(entry["url"]).rstrip("/")
            if bare.rstrip("/") == base or bare.startswith(base + "/"):
                return _collection(call, entry["collection"], method, bare[len(base) :], body)
        elif re.fullmatch(_pattern(entry["url"]), bare, re.IGNORECASE):
            answers = entry["answers"]
            turn = call.store.next_number(f"endpoint|{key}")
            chosen = answers[min(turn, len(answers)) - 1]
            return _seeded(chosen)
    answer = carried(call, method, url, headers, body)
    if answer is not None:
        return answer
    host = reached
    if any((urlsplit(entry["url"]).hostname or "") == host for _, entry in call.store.rows("endpoints")):
        return failure(404, "NotFound", f"No seeded endpoint answers {method} {bare}.")
    text = f"The provided host name '{host}' could not be resolved."
    return Outcome(code="UnresolvableHostName", message=text)


def _seeded(answer: Mapping[str, Any]) -> Outcome:
    status, body = int(answer.get("status", 200)), answer.get("body")
    headers = {str(k): str(v) for k, v in (answer.get("headers") or {}).items()}
    after = {k.lower(): v for k, v in headers.items()}.get("retry-after")
    return Outcome(
        status_code=status,
        headers=headers or {"Content-Type": "application/json; charset=utf-8"},
        body=body,
        has_body=body is not None,
        retry_after_s=float(after) if after and after.replace(".", "").isdigit() else None,
    )


def http(call: Call) -> Outcome:
    return _send(
        call, call.text("method", "GET").upper(), call.text("uri"), call.record("headers"), call.arguments.get("body")
    )


def invoke_http(call: Call) -> Outcome:
    given = call.record("request")
    headers, url = given.get("headers"), str(given.get("url", ""))
    if "://" not in url:  # relative to the resource that the connection was made for, Graph where it names none
        url = f"{str(call.settings.get('base_url') or GRAPH).rstrip('/')}/{url.lstrip('/')}"
    return _send(
        call,
        str(given.get("method", "GET")).upper(),
        url,
        headers if isinstance(headers, Mapping) else {},
        given.get("body"),
    )


def get_file_content(call: Call) -> Outcome:
    return _send(call, "GET", call.text("url"), {}, None)


_ANSWER = {"status": NUMBER, "body": ANY, "headers": {"*": SCALAR}}
SEED = {
    "endpoints": [
        {
            "url!": TEXT,
            "method": TEXT,
            **_ANSWER,
            "answers": [_ANSWER],
            "collection": TEXT,
            "items": [{"id!": SCALAR, "*": ANY}],
        }
    ]
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `endpoints: [{url, method?, status?, body?, headers?, answers?: [...], collection?}]`; `*` stands for anything."""
    for number, entry in enumerate(value.get("endpoints") or []):
        answers = entry.get("answers") or [{k: entry[k] for k in ("status", "body", "headers") if k in entry}]
        row = {
            "url": entry["url"],
            "method": entry.get("method"),
            "answers": answers,
            "collection": entry.get("collection"),
        }
        store.put("endpoints", str(number), row)
        if entry.get("collection"):
            for item in entry.get("items") or []:
                store.put(f"collection|{entry['collection']}", str(item["id"]), item)
