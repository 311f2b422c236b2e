"""FetchXML over rows in memory: entity, attribute, filter, order, top; what joins or aggregates is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from runafter.connectors import odata
from runafter.connectors.odata import BadQuery

Row = Mapping[str, Any]
_REFUSED = ("link-entity", "all-attributes-of-link")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_COMPARE = {"eq": "eq", "ne": "ne", "neq": "ne", "gt": "gt", "ge": "ge", "lt": "lt", "le": "le", "on": "eq", "on-or-after": "ge", "on-or-before": "le"}  # fmt: skip


def _literal(value: str) -> str:
    return value if _NUMBER.fullmatch(value) else "'" + value.replace("'", "''") + "'"


def _field(row: Row, name: str) -> Any:
    return row[name] if name in row else row.get(f"_{name}_value")


def _like(text: Any, pattern: str) -> bool:
    regex = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch(regex, "" if text is None else str(text), re.IGNORECASE | re.DOTALL) is not None


def _condition(node: Any, row: Row) -> bool:
    name, operator, value = node.get("attribute", ""), node.get("operator", "eq"), node.get("value", "")
    held = _field(row, name)
    if operator in _COMPARE:
        return bool(odata.predicate(f"x {_COMPARE[operator]} {_literal(value)}")({"x": held}))
    match operator:
        case "null":
            return held is None
        case "not-null":
            return held is not None
        case "like":
            return _like(held, value)
        case "not-like":
            return not _like(held, value)
        case "begins-with":
            return _like(held, value + "%")
        case "ends-with":
            return _like(held, "%" + value)
        case "in" | "not-in":
            values = [child.text or "" for child in node.findall("value")] or [value]
            inside = any(odata.predicate(f"x eq {_literal(v)}")({"x": held}) for v in values)
            return inside is (operator == "in")
        case _:
            raise BadQuery(f"the FetchXML operator '{operator}' is not supported")


def _filter(node: Any, row: Row) -> bool:
    results = [
        _condition(child, row) if child.tag == "condition" else _filter(child, row)
        for child in node
        if child.tag in ("condition", "filter")
    ]
    return any(results) if node.get("type") == "or" else all(results)


def fetched(text: str, rows: Sequence[Row]) -> tuple[list[dict[str, Any]], str]:
    """Return the rows that a FetchXML query selects, and the logical name of its entity.

    Raises:
        BadQuery: broken XML, or a part that is not supported, named.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        fetch = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise BadQuery(f"the FetchXML is not well formed: {error}") from error
    entity = fetch.find("entity")
    if entity is None:
        raise BadQuery("the FetchXML has no entity")
    if fetch.get("aggregate") == "true":
        raise BadQuery("FetchXML with aggregate is not supported by the emulator")
    for node in entity.iter():
        if node.tag in _REFUSED:
            raise BadQuery(f"FetchXML with {node.tag} is not supported by the emulator")
    found = [dict(row) for row in rows if all(_filter(node, row) for node in entity.findall("filter"))]
    for order in reversed(entity.findall("order")):
        direction = "desc" if order.get("descending") == "true" else "asc"
        found = [dict(row) for row in odata.ordered(found, f"{order.get('attribute')} {direction}", _field)]
    top = fetch.get("top") or fetch.get("count")
    if top:
        found = found[: int(top)]
    names = [node.get("name") for node in entity.findall("attribute")]
    if names:
        keep = {*names, *(f"_{name}_value" for name in names), "@odata.etag"}
        found = [{k: v for k, v in row.items() if k in keep or k.split("@")[0] in keep} for row in found]
    return found, str(entity.get("name"))
