"""Dataverse's tables: schema where seeded, rows, keys, lookups, rollups and who is told of changes.

Without any seeded schema every entity set exists and takes every column. With
one, unknown sets and columns are refused as the service does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import refuse
from runafter.connectors.instants import TICKS_PER_SECOND, iso
from runafter.connectors.packs.dataverse.queryfunctions import in_plain_odata
from runafter.connectors.spec import Row, Store, Surroundings

SCHEMA = "$schema"
SUBSCRIPTIONS = "$subscriptions"
DUE = "$rollups_due"
FILES = "$files"
PAGE_SIZE = 5000
ROLLUP_DELAY_S = 10.0
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
_BIND = re.compile(r"/?(?P<set>\w+)\((?P<key>.+)\)")
_OWN = {"createdon", "modifiedon", "versionnumber", "statecode", "statuscode", "_ownerid_value", "_createdby_value",
        "_modifiedby_value", "overriddencreatedon", "importsequencenumber"}  # fmt: skip


def logical_name(entity_set: str) -> str:
    """Return the usual logical name of an entity set: `accounts` account, `opportunities` opportunity."""
    for ending, singular in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")):
        if entity_set.endswith(ending):
            return entity_set[: -len(ending)] + singular
    return entity_set


@dataclass(frozen=True, slots=True)
class Schema:
    """What is known of one entity set. `columns` empty means that any column goes."""

    entity_set: str
    logical: str
    key: str
    columns: Mapping[str, Any]
    required: tuple[str, ...]
    alternate_keys: tuple[tuple[str, ...], ...]
    rollups: Mapping[str, Mapping[str, Any]]
    relationships: Mapping[str, Mapping[str, Any]]
    seeded: bool


def bare_id(key: str) -> str | None:
    found = _GUID.fullmatch(key.strip().strip("'"))
    return found[1].lower() if found else None


class Tables:
    """The tables as one caller sees them at one moment."""

    def __init__(self, store: Store, around: Surroundings, now: int, user: str) -> None:
        self.store = store
        self.around = around
        self.now = now
        self.user = user
        self._settle_rollups()

    # -- schema ----------------------------------------------------------------------------------------------------

    def schema(self, entity_set: str) -> Schema:
        """Return the schema of an entity set, found by set name or logical name.

        Raises:
            Refused: 404, when schemas are seeded and this is none of them.
        """
        row = self.store.get(SCHEMA, entity_set)
        if row is None:
            for name, candidate in self.store.rows(SCHEMA):
                if candidate.get("logical", logical_name(name)) == entity_set or name.lower() == entity_set.lower():
                    entity_set, row = name, candidate
                    break
        if row is None:
            closed = any(not candidate.get("open") for _, candidate in self.store.rows(SCHEMA))
            if closed and not self.store.rows(entity_set):
                raise refuse(404, "0x8006088a", f"Resource not found for the segment '{entity_set}'.")
            row = {}
        logical = row.get("logical", logical_name(entity_set))
        return Schema(
            entity_set,
            logical,
            row.get("key", f"{logical}id"),
            row.get("columns") or {},
            tuple(row.get("required") or ()),
            tuple(tuple(key) for key in row.get("alternate_keys") or ()),
            row.get("rollups") or {},
            row.get("relationships") or {},
            bool(row),
        )

    # -- keys ------------------------------------------------------------------------------------------------------

    def find(self, schema: Schema, key: str) -> tuple[str | None, Row | None, dict[str, Any]]:
        """Return (id, row, key values) for a GUID, `(guid)`, `accounts(guid)` or an alternate key `code='A'`."""
        bound = _BIND.fullmatch(key.strip())
        text = bound["key"] if bound else key.strip().removeprefix("(").removesuffix(")")
        ident = bare_id(text)
        if ident is not None:
            return ident, self.store.get(schema.entity_set, ident), {}
        values = dict[str, Any]()
        for part in re.findall(r"(\w+)\s*=\s*('(?:[^']|'')*'|[^,]+)", text):
            name, raw = part
            values[name] = raw[1:-1].replace("''", "'") if raw.startswith("'") else raw.strip()
        if not values:
            raise refuse(
                400, "0x80060888", f"Unrecognized 'Edm.Guid' literal '{text}' in '{schema.entity_set}({text})'."
            )
        for found, row in self.store.rows(schema.entity_set):
            if all(str(row.get(name)).lower() == str(value).lower() for name, value in values.items()):
                return found, row, values
        return None, None, values

    def existing(self, schema: Schema, key: str) -> tuple[str, Row]:
        ident, row, values = self.find(schema, key)
        if row is None or ident is None:
            if values:
                text = f"A record with the specified key values does not exist in {schema.logical} entity"
                raise refuse(404, "0x80060891", text)
            raise refuse(404, "0x80040217", f"Entity '{schema.logical}' With Id = {ident} Does Not Exist")
        return ident, row

    # -- writing ---------------------------------------------------------------------------------------------------

    def values_of(self, schema: Schema, item: Mapping[str, Any]) -> Row:
        """Return column values of a payload: `@odata.bind` becomes a lookup.

        Raises:
            Refused: 400 for a column that the schema lacks.
        """
        out: Row = {}
        for name, value in item.items():
            if name.startswith("@"):
                continue
            if name.endswith("@odata.bind"):
                nav = name.removesuffix("@odata.bind")
                out |= self._bound(nav, value)
                continue
            if "@" in name:
                out[name] = value
                continue
            known = not schema.columns or name in schema.columns or name in _OWN or name == schema.key
            if not known:
                text = f"Invalid property '{name}' was found in entity 'Microsoft.Dynamics.CRM.{schema.logical}'."
                raise refuse(400, "0x80048d19", text)
            self._checked(schema, name, value)
            out[name] = value
        return out

    def _checked(self, schema: Schema, name: str, value: Any) -> None:
        kind = schema.columns.get(name)
        if value is None or not isinstance(kind, str):
            return
        right = {"text": str, "number": int | float, "boolean": bool, "choice": int}.get(kind)
        wrong = right is not None and (not isinstance(value, right) or (kind != "boolean" and isinstance(value, bool)))
        if wrong and not (kind in ("number", "choice") and isinstance(value, str) and value.lstrip("-").isdigit()):
            text = f"Cannot convert a value to target type for property '{name}' ({kind})."
            raise refuse(400, "0x80048d19", f"Error identified in Payload provided by the user: {text}")

    def _bound(self, nav: str, value: Any) -> Row:
        column = f"_{nav.lower()}_value"
        if value in (None, ""):
            return {column: None}
        found = _BIND.search(str(value))
        if found is None:
            raise refuse(400, "0x80048d19", f"The value '{value}' of '{nav}@odata.bind' is no reference to a row.")
        target = self.schema(found["set"])
        ident, row, _ = self.find(target, found["key"])
        if row is None and (target.seeded or self.store.rows(target.entity_set)):
            raise refuse(404, "0x80040217", f"Entity '{target.logical}' With Id = {ident} Does Not Exist")
        return {column: ident, f"{column}@Microsoft.Dynamics.CRM.lookuplogicalname": target.logical}

    def create(self, entity_set: str, item: Mapping[str, Any], ident: str | None = None) -> Row:
        schema = self.schema(entity_set)
        values = self.values_of(schema, item)
        missing = [name for name in schema.required if values.get(name) in (None, "")]
        if missing:
            raise refuse(400, "0x80040203", f"Attribute '{missing[0]}' of entity '{schema.logical}' is required.")
        ident = ident or bare_id(str(values.get(schema.key) or "")) or self.around.new_id()
        if self.store.get(schema.entity_set, ident) is not None:
            raise refuse(412, "0x80040237", "A record with matching key values already exists.")
        self._unique(schema, values, ident)
        version = self.store.next_number("version")
        row = {
            "@odata.etag": f'W/"{version}"',
            schema.key: ident,
            "statecode": 0,
            "statuscode": 1,
            "createdon": iso(self.now),
            "modifiedon": iso(self.now),
            "_ownerid_value": None,
            **dict.fromkeys(schema.columns),
            **dict.fromkeys(schema.rollups, 0),
            **values,
            "versionnumber": version,
        }
        row[schema.key] = ident
        self.store.put(schema.entity_set, ident, row)
        self._changed(schema, 1, row, set(values))
        return row

    def update(self, entity_set: str, key: str, item: Mapping[str, Any], *, if_match: str | None = None) -> Row:
        schema = self.schema(entity_set)
        ident, before = self.existing(schema, key)
        if if_match not in (None, "*") and if_match != before["@odata.etag"]:
            raise refuse(
                412, "0x80060882", "The version of the existing record doesn't match the RowVersion property provided."
            )
        values = self.values_of(schema, item)
        self._unique(schema, {**before, **values}, ident)
        version = self.store.next_number("version")
        row = {
            **before,
            **values,
            schema.key: ident,
            "@odata.etag": f'W/"{version}"',
            "versionnumber": version,
            "modifiedon": iso(self.now),
        }
        self.store.put(schema.entity_set, ident, row)
        self._changed(schema, 3, row, set(values), before)
        return row

    def upsert(self, entity_set: str, key: str, item: Mapping[str, Any]) -> tuple[Row, bool]:
        """Update the row or create it; return it and whether it is new."""
        schema = self.schema(entity_set)
        ident, row, values = self.find(schema, key)
        if row is not None:
            return self.update(entity_set, key, item), False
        return self.create(entity_set, {**values, **item}, ident), True

    def delete(self, entity_set: str, key: str) -> None:
        schema = self.schema(entity_set)
        ident, row = self.existing(schema, key)
        self.store.delete(schema.entity_set, ident)
        self._changed(schema, 2, row, set())

    def _unique(self, schema: Schema, values: Mapping[str, Any], ident: str) -> None:
        for key in schema.alternate_keys:
            if any(values.get(name) is None for name in key):
                continue
            for other, row in self.store.rows(schema.entity_set):
                if other != ident and all(str(row.get(n)).lower() == str(values[n]).lower() for n in key):
                    text = f"A record that has the attribute values {', '.join(key)} already exists."
                    raise refuse(412, "0x80060892", text)

    # -- who is told -----------------------------------------------------------------------------------------------

    def _changed(self, schema: Schema, message: int, row: Row, changed: set[str], before: Row | None = None) -> None:
        """Start rollups and call webhooks. `message`: 1 added, 2 deleted, 3 modified, as the connector counts."""
        for parent_set, parent in self.store.rows(SCHEMA):
            for column, rollup in (parent.get("rollups") or {}).items():
                if rollup["entity"] == schema.entity_set:
                    for ident in {row.get(rollup["via"]), (before or row).get(rollup["via"])} - {None}:
                        due = self.now + round(float(rollup.get("delay_s", ROLLUP_DELAY_S)) * TICKS_PER_SECOND)
                        name = f"{parent_set}/{ident}/{column}/{self.store.next_number('rollup')}"
                        self.store.put(DUE, name, {"set": parent_set, "id": ident, "column": column, "due": due})
        covers = {1: (1, 4, 5, 7), 2: (2, 5, 6, 7), 3: (3, 4, 6, 7)}[message]
        for _, subscription in self.store.rows(SUBSCRIPTIONS):
            if subscription["entityname"] not in (schema.logical, schema.entity_set):
                continue
            wanted = {name.strip() for name in str(subscription.get("attributes") or "").split(",") if name.strip()}
            if subscription["message"] not in covers or (message == 3 and wanted and not wanted & changed):
                continue
            condition = subscription.get("filter")
            if condition and not odata.predicate(condition)(row):
                continue
            self.around.signal(subscription["callback_url"], {"headers": {}, "body": row})

    def _settle_rollups(self) -> None:
        for name, job in self.store.rows(DUE):
            if job["due"] > self.now:
                continue
            self.store.delete(DUE, name)
            row = self.store.get(job["set"], job["id"])
            rollup = ((self.store.get(SCHEMA, job["set"]) or {}).get("rollups") or {}).get(job["column"])
            if row is not None and rollup is not None:
                value = self.rolled_up(rollup, job["id"])
                self.store.put(
                    job["set"], job["id"], {**row, job["column"]: value, f"{job['column']}_date": iso(job["due"])}
                )

    def rolled_up(self, rollup: Mapping[str, Any], ident: str) -> Any:
        """Return a rollup's value from the child rows as they are now."""
        children = [row for _, row in self.store.rows(rollup["entity"]) if row.get(rollup["via"]) == ident]
        if rollup.get("filter"):
            children = [row for row in children if odata.predicate(rollup["filter"])(row)]
        function = rollup.get("function", "count")
        if function == "count":
            return len(children)
        numbers = [row[rollup["of"]] for row in children if row.get(rollup["of"]) is not None]
        if function == "sum":
            return sum(numbers)
        computes: dict[str, Callable[[Any], Any]] = {"min": min, "max": max, "avg": lambda n: sum(n) / len(n)}
        return computes[function](numbers) if numbers else None

    # -- reading ---------------------------------------------------------------------------------------------------

    def shown(self, schema: Schema, row: Row, select: str = "", expand: str = "") -> Row:
        """Return a row as an answer shows it, with `$select` and `$expand` applied."""
        out = odata.selected(row, select, always=("@odata.etag", schema.key))
        for nav, options in expansions(expand):
            out[nav] = self._expanded(schema, row, nav, options)
        return out

    def _expanded(self, schema: Schema, row: Row, nav: str, options: Mapping[str, str]) -> Any:
        relation = schema.relationships.get(nav)
        if relation is not None:
            child = self.schema(relation["entity"])
            rows = [r for _, r in self.store.rows(child.entity_set) if r.get(relation["via"]) == row[schema.key]]
            found = odata.page(rows, odata.query_of(options), page_size=PAGE_SIZE).rows
            return [self.shown(child, dict(r), options.get("$select", ""), options.get("$expand", "")) for r in found]
        column = f"_{nav.lower()}_value"
        if column not in row:
            if schema.seeded:
                text = f"Could not find a property named '{nav}' on type 'Microsoft.Dynamics.CRM.{schema.logical}'."
                raise refuse(400, "0x80060888", text)
            return None
        logical = row.get(f"{column}@Microsoft.Dynamics.CRM.lookuplogicalname")
        if row[column] is None or logical is None:
            return None
        target = self.schema(self._set_of(logical))
        found_row = self.store.get(target.entity_set, row[column])
        return None if found_row is None else self.shown(target, found_row, options.get("$select", ""))

    def _set_of(self, logical: str) -> str:
        for name in (*(name for name, _ in self.store.rows(SCHEMA)), *self.store.tables()):
            if not name.startswith("$") and logical_name(name) == logical:
                return name
        return logical

    def listed(
        self, entity_set: str, options: Mapping[str, Any], *, page_size: int = PAGE_SIZE, skip: int = 0
    ) -> tuple[list[Row], int | None, int, Schema]:
        """Return rows, where the next page starts (None at the end), the total, and the schema."""
        schema = self.schema(entity_set)
        query = odata.query_of({**options, "$skip": skip or None})
        query = replace(query, filter=in_plain_odata(query.filter, self.now))
        self._must_know(schema, odata.names_in(query))
        rows = [row for _, row in self.store.rows(schema.entity_set)]
        page = odata.page(rows, query, page_size=page_size, field=self._field(schema))
        expand = str(options.get("$expand") or "")
        shown = [self.shown(schema, dict(row), query.select, expand) for row in page.rows]
        return shown, page.next_skip, page.total, schema

    def _must_know(self, schema: Schema, names: Iterable[str]) -> None:
        """Refuse fields that a table with seeded columns does not have, whether or not it has rows.

        Raises:
            Refused: 400, naming the first.
        """
        known = {*schema.columns, *_OWN, schema.key, *schema.rollups, *schema.relationships}
        for name in names if schema.columns else ():
            bare = name.partition("@")[0]
            if bare in known or re.fullmatch(r"_\w+_value", bare) or f"_{bare.lower()}_value" in known:
                continue
            if any(bare in row or f"_{bare.lower()}_value" in row for _, row in self.store.rows(schema.entity_set)):
                continue
            text = f"Could not find a property named '{bare}' on type 'Microsoft.Dynamics.CRM.{schema.logical}'."
            raise refuse(400, "0x80060888", text)

    def _field(self, schema: Schema) -> odata.Field:
        def field(row: Mapping[str, Any], path: str) -> Any:
            first, _, rest = path.partition("/")
            if rest and first not in row:
                expanded = self._expanded(schema, dict(row), first, {})
                return odata.plain_field(expanded, rest) if isinstance(expanded, dict) else expanded
            if not rest and first not in row and schema.columns and first not in (*schema.columns, *_OWN, schema.key):
                if not re.fullmatch(r"_\w+_value", first):
                    text = (
                        f"Could not find a property named '{first}' on type 'Microsoft.Dynamics.CRM.{schema.logical}'."
                    )
                    raise refuse(400, "0x80060888", text)
            return odata.plain_field(row, path)

        return field


def expansions(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return `a($select=x;$top=1),b` as [("a", {"$select": "x", "$top": "1"}), ("b", {})]."""
    parts, depth, current = list[str](), 0, ""
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    parts.append(current)
    found = list[tuple[str, dict[str, str]]]()
    for part in parts:
        name, _, options = part.strip().partition("(")
        if name:
            split = re.findall(r"(\$\w+)=((?:[^;()]|\([^)]*\))*)", options.removesuffix(")"))
            found.append((name.strip(), dict(split)))
    return found
