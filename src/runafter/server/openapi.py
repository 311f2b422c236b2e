"""The OpenAPI document of the own API, made from its operations and types."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from runafter import __version__
from runafter.server import api, watching
from runafter.server.shapes import Error

OPERATIONS = (*api.OPERATIONS, *watching.OPERATIONS)


def document(url: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document; `url` is where the server answers."""
    kinds = [
        Error,
        *(each.answers for each in OPERATIONS),
        *(each.body for each in OPERATIONS if each.body is not None),
    ]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    of = dict(zip(map(repr, kinds), schemas, strict=True))
    wrong = {"description": "Refused.", "content": {"application/json": {"schema": of[repr(Error)]}}}
    paths: dict[str, Any] = {}
    for each in OPERATIONS:
        good = "202" if each.name in {"run_flow", "resubmit_run"} else "200"
        operation: dict[str, Any] = {
            "operationId": each.name,
            "summary": each.summary,
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in re.findall(r"{(\w+)}", each.path)
            ]
            + [
                {
                    "name": name,
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 1000}
                    if name == "limit"
                    else {"type": "string"},
                }
                for name in each.query
            ],
            "responses": {
                good: {"description": "Done.", "content": {"application/json": {"schema": of[repr(each.answers)]}}},
                **dict.fromkeys(("400", "401", "403", "404", "409", "413", "421", "422", "429", "503"), wrong),
            },
        }
        if each.body is not None:
            is_needed = any(each_field.required for each_field in msgspec.structs.fields(each.body))
            operation["requestBody"] = {
                "required": is_needed,
                "content": {"application/json": {"schema": of[repr(each.body)]}},
            }
        paths.setdefault(each.path, {})[each.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Runafter", "version": __version__},
        "servers": [{"url": url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }
