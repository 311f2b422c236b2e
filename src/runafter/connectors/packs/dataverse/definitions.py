"""Metadata of tables: `EntityDefinitions`, their attributes and keys.

Shapes as the official client of PyPI reads them, after learn.microsoft.com/.../webapi/query-metadata-web-api.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import failure, ok, refuse
from runafter.connectors.packs.dataverse.emulator import ORIGIN
from runafter.connectors.packs.dataverse.tables import SCHEMA, Schema, Tables
from runafter.protocol.events import Outcome

_HEADERS = {"OData-Version": "4.0"}
_PATH = re.compile(
    r"EntityDefinitions(?:\((?:LogicalName='(?P<logical>[^']*)'|(?P<id>[0-9a-fA-F-]{36}))\))?(?:/(?P<part>\w+)"
    r"(?:\(LogicalName='(?P<column>[^']*)'\))?)?(?:/Microsoft\.Dynamics\.CRM\.(?P<cast>\w+))?"
)
_KINDS = {"text": "String", "number": "Decimal", "boolean": "Boolean", "choice": "Picklist", "datetime": "DateTime"}


def handles(path: str) -> bool:
    return path == "EntityDefinitions" or path.startswith(("EntityDefinitions(", "EntityDefinitions/"))


def answer(tables: Tables, method: str, path: str, query: Mapping[str, str]) -> Outcome:
    """Answer one request for metadata; reading alone is emulated.

    Raises:
        Refused: 404 for a table that is not known, 405 for a change.
    """
    if method != "GET":
        text = f"The emulated Dataverse reads metadata; it does not change it ({method} {path}). Seed `tables` instead."
        raise refuse(405, "0x80060888", text)
    found = _PATH.fullmatch(path)
    if found is None:
        raise refuse(404, "0x80060888", f"Resource not found for the segment '{path}'.")
    if found["logical"] is None and found["id"] is None:
        return _rows("EntityDefinitions", [_entity(schema) for schema in _all(tables, query)], query)
    schema = _named(tables, found["logical"]) if found["logical"] is not None else _identified(tables, found["id"])
    match found["part"]:
        case None:
            return ok(_context("EntityDefinitions/$entity") | _selected(_entity(schema), query), headers=_HEADERS)
        case "Attributes":
            rows = [
                row
                for row in _attributes(schema)
                if found["cast"] in (None, f"{row['AttributeType']}AttributeMetadata")
            ]
            if found["column"] is None:
                return _rows(f"EntityDefinitions('{schema.logical}')/Attributes", rows, query)
            for row in rows:
                if row["LogicalName"] == found["column"]:
                    return ok(_context("Attributes/$entity") | _selected(row, query), headers=_HEADERS)
            return failure(404, "0x80060888", f"Could not find an attribute with name '{found['column']}'.")
        case "Keys":
            return _rows(f"EntityDefinitions('{schema.logical}')/Keys", _keys(schema), query)
        case other:
            raise refuse(404, "0x80060888", f"The emulated Dataverse keeps no {other} of a table.")


def _all(tables: Tables, query: Mapping[str, str]) -> list[Schema]:
    names = [name for name, _ in tables.store.rows(SCHEMA)]
    names += [name for name in tables.store.tables() if not name.startswith("$") and name not in names]
    schemas = [tables.schema(name) for name in names]
    asked = re.fullmatch(r"\s*LogicalName eq '([^']+)'\s*", query.get("$filter", ""))
    if asked and asked[1] not in {schema.logical for schema in schemas} and not tables.store.rows(SCHEMA):
        schemas.append(_named(tables, asked[1]))
    return schemas


def _named(tables: Tables, logical: str) -> Schema:
    for name in [*(name for name, _ in tables.store.rows(SCHEMA)), *tables.store.tables()]:
        if not name.startswith("$") and tables.schema(name).logical == logical:
            return tables.schema(name)
    if tables.store.rows(SCHEMA):
        raise refuse(404, "0x80060888", f"Could not find an entity with name '{logical}'.")
    return tables.schema(plural(logical))


def _identified(tables: Tables, ident: str) -> Schema:
    for schema in _all(tables, {}):
        if metadata_id(schema.logical) == ident.lower():
            return schema
    raise refuse(404, "0x80060888", f"Could not find an entity with id {ident}.")


def plural(logical: str) -> str:
    """Return the usual entity set of a logical name: `account` accounts, `opportunity` opportunities."""
    if logical.endswith("y") and logical[-2:-1] not in "aeiou":
        return f"{logical[:-1]}ies"
    return f"{logical}es" if logical.endswith(("s", "x", "ch", "sh")) else f"{logical}s"


def metadata_id(logical: str) -> str:
    """Return a table's MetadataId: the same for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{ORIGIN}/EntityDefinitions/{logical}"))


def _label(text: str) -> dict[str, Any]:
    label = {"Label": text, "LanguageCode": 1033, "IsManaged": True}
    return {"LocalizedLabels": [label], "UserLocalizedLabel": label}


def _entity(schema: Schema) -> dict[str, Any]:
    return {
        "MetadataId": metadata_id(schema.logical),
        "LogicalName": schema.logical,
        "SchemaName": schema.logical,
        "EntitySetName": schema.entity_set,
        "LogicalCollectionName": schema.entity_set,
        "PrimaryIdAttribute": schema.key,
        "PrimaryNameAttribute": next(iter(schema.columns), "name"),
        "DisplayName": _label(schema.logical),
        "IsCustomEntity": "_" in schema.logical,
    }


def _attributes(schema: Schema) -> list[dict[str, Any]]:
    rows = [_attribute(schema.key, "Uniqueidentifier", "ApplicationRequired")]
    for name, kind in schema.columns.items():
        required = "ApplicationRequired" if name in schema.required else "None"
        if name.startswith("_") and name.endswith("_value"):
            rows.append(_attribute(name[1:-6], "Lookup", required))
        else:
            rows.append(_attribute(name, _KINDS.get(str(kind), "String"), required))
    return rows


def _attribute(name: str, kind: str, required: str) -> dict[str, Any]:
    row = {
        "LogicalName": name,
        "SchemaName": name,
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "RequiredLevel": {"Value": required},
        "DisplayName": _label(name),
    }
    return row | {"OptionSet": {"Options": []}} if kind == "Picklist" else row


def _keys(schema: Schema) -> list[dict[str, Any]]:
    return [
        {
            "MetadataId": metadata_id(f"{schema.logical}/{'+'.join(key)}"),
            "SchemaName": "_".join(key),
            "LogicalName": "_".join(key),
            "KeyAttributes": list(key),
            "EntityKeyIndexStatus": "Active",
        }
        for key in schema.alternate_keys
    ]


def _context(of: str) -> dict[str, Any]:
    return {"@odata.context": f"{ORIGIN}/$metadata#{of}"}


def _selected(row: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    return odata.selected(row, query.get("$select", ""))


def _rows(of: str, rows: list[dict[str, Any]], query: Mapping[str, str]) -> Outcome:
    plain = {name: value for name, value in query.items() if name in ("$filter", "$orderby", "$top")}
    page = odata.page(rows, odata.query_of(plain), page_size=len(rows) or 1)
    return ok(_context(of) | {"value": [_selected(row, query) for row in page.rows]}, headers=_HEADERS)
