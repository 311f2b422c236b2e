"""The OpenAPI document of the own API, made from its operations and types."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from runafter import __version__
from runafter.server import api, operation, watching
from runafter.server.shapes import Error

OPERATIONS = (*api.OPERATIONS, *watching.OPERATIONS, *operation.OPERATIONS)
REFUSALS = ("400", "401", "403", "404", "409", "413", "421", "422", "429", "503")
OPEN_REFUSALS = ("403", "421", "503")


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
        responses = {
            good: {"description": "Done.", "content": {each.media: {"schema": of[repr(each.answers)]}}},
            **dict.fromkeys(REFUSALS if each.needs_token else OPEN_REFUSALS, wrong),
        }
        told: dict[str, Any] = {
            "operationId": each.name,
            "summary": each.summary,
            "parameters": [_parameter(name, "path") for name in re.findall(r"{(\w+)}", each.path)]
            + [_parameter(name, "query") for name in each.query],
            "responses": responses,
        }
        if not each.needs_token:
            told["security"] = []
        if each.body is not None:
            is_needed = any(each_field.required for each_field in msgspec.structs.fields(each.body))
            told["requestBody"] = {
                "required": is_needed,
                "content": {"application/json": {"schema": of[repr(each.body)]}},
            }
        paths.setdefault(each.path, {})[each.method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {"title": "Runafter", "version": __version__},
        "servers": [{"url": url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _parameter(name: str, place: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": 1000} if name == "limit" else {"type": "string"}
    return {"name": name, "in": place, "schema": schema} | ({"required": True} if place == "path" else {})
