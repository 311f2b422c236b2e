"""ParseJson's check against a JSON Schema: every violation, worded as Newtonsoft's validator words it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import msgspec

from runafter.engine.outcome import type_name

_MOST_CACHED = 256
_compiled: dict[bytes, Any] = {}


class InvalidSchema(ValueError):
    """The schema itself cannot be used."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with the content. `path` is written `a.b[0]`."""

    message: str
    path: str
    value: Any
    keyword: str
    schema_id: str

    def view(self) -> dict[str, Any]:
        return {
            "message": self.message,
            "lineNumber": 0,
            "linePosition": 0,
            "path": self.path,
            "value": self.value if not isinstance(self.value, dict | list) else None,
            "schemaId": self.schema_id,
            "errorType": self.keyword,
            "childErrors": [],
        }


def violations(schema: dict[str, Any], content: Any) -> list[Violation]:
    """Return all violations; draft 4 unless `$schema` says otherwise, formats checked, remote references refused.

    Raises:
        InvalidSchema: the schema cannot be compiled.
    """
    found: list[Violation] = []
    missing: dict[tuple[str, str], list[str]] = {}
    try:
        errors = list(_validator(schema).iter_errors(content))
    except (ValueError, OverflowError) as fault:
        raise InvalidSchema(f"The content cannot be checked against the schema: {_first_line(fault)}") from None
    for error in errors:
        path = _path(error.instance_path)
        keyword = str(error.schema_path[-1]) if error.schema_path else ""
        place = "#/" + "/".join(str(part) for part in error.schema_path[:-1])
        if type(error.kind).__name__.endswith("Required"):
            names = missing.setdefault((path, place), [])
            names.append(error.kind.property)
            if len(names) == 1:
                found.append(Violation("", path, error.instance, "required", place))
            continue
        found.append(Violation(_message(error, keyword), path, error.instance, keyword, place))
    return [_with_names(each, missing) if each.keyword == "required" else each for each in found]


def _with_names(violation: Violation, missing: dict[tuple[str, str], list[str]]) -> Violation:
    names = ", ".join(missing[violation.path, violation.schema_id])
    message = f"Required properties are missing from object: {names}."
    return Violation(message, violation.path, violation.value, violation.keyword, violation.schema_id)


def _validator(schema: dict[str, Any]) -> Any:
    try:
        key = msgspec.json.encode(schema)
    except (TypeError, ValueError, OverflowError) as fault:
        raise InvalidSchema(f"The schema is no JSON: {fault}") from None
    found = _compiled.get(key)
    if found is None:
        named = str(schema.get("$schema", ""))
        draft = _DRAFTS.get(next((mark for mark in _DRAFTS if mark in named), "draft-04"))
        assert draft is not None
        # What names no draft and is none of draft 4 (a bound that is exclusive by its number) is read as draft 7.
        drafts = [draft] if named else [draft, _DRAFTS["draft-07"]]
        plain = _cleaned({name: value for name, value in schema.items() if name != "$schema"})
        first: Exception | None = None
        for each in drafts:
            try:
                found = each(plain, validate_formats=True, retriever=_refuse)
                break
            except (ValueError, TypeError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as refused:
                first = first or refused
        if found is None:
            raise InvalidSchema(f"The schema is invalid: {_first_line(first or ValueError())}") from None
        if len(_compiled) >= _MOST_CACHED:
            _compiled.pop(next(iter(_compiled)))
        _compiled[key] = found
    return found


_DRAFTS: dict[str, Any] = {
    "draft-04": jsonschema_rs.Draft4Validator,
    "draft-06": jsonschema_rs.Draft6Validator,
    "draft-07": jsonschema_rs.Draft7Validator,
    "2019-09": jsonschema_rs.Draft201909Validator,
    "2020-12": jsonschema_rs.Draft202012Validator,
}


def _first_line(fault: BaseException) -> str:
    return str(fault).strip().partition("\n")[0]


def _refuse(uri: str) -> Any:
    raise ValueError(f"the schema refers to {uri}; remote references are refused")


def _cleaned(schema: Any) -> Any:
    """Leave out what designers write and validators refuse: `required` that is no list, an empty `type`."""
    if isinstance(schema, list):
        return [_cleaned(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for name, value in schema.items():
        if name == "required" and isinstance(value, bool | str):
            continue
        if name == "required" and value == []:
            continue
        if name == "type" and value in ("", [], "any"):
            continue
        kept[name] = value if name in {"enum", "const", "default", "example", "examples"} else _cleaned(value)
    return kept


def _path(parts: list[str | int]) -> str:
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"['{part}']"
    return text


def _message(error: Any, keyword: str) -> str:
    kind, value = error.kind, error.instance
    number = f"{type_name(value)} {value}"
    match keyword:
        case "type":
            types = getattr(kind, "types", None) or [getattr(kind, "type", "")]
            wished = ", ".join(str(name).capitalize() for name in types)
            return f"Invalid type. Expected {wished} but got {type_name(value)}."
        case "enum":
            return f"Value {_json(value)} is not defined in enum."
        case "const":
            return f"Value {_json(value)} does not match const."
        case "pattern":
            return f"String '{value}' does not match regex pattern '{kind.pattern}'."
        case "format":
            return f"String '{value}' does not validate against format '{kind.format}'."
        case "minLength":
            return f"String '{value}' is less than minimum length of {kind.limit}."
        case "maxLength":
            return f"String '{value}' exceeds maximum length of {kind.limit}."
        case "minimum":
            return f"{number} is less than minimum value of {kind.limit}."
        case "maximum":
            return f"{number} exceeds maximum value of {kind.limit}."
        case "exclusiveMinimum":
            return f"{number} equals minimum value of {kind.limit} and exclusive minimum is true."
        case "exclusiveMaximum":
            return f"{number} equals maximum value of {kind.limit} and exclusive maximum is true."
        case "multipleOf":
            return f"{number} is not a multiple of {kind.multiple_of}."
        case "minItems":
            return f"Array item count {len(value)} is less than minimum count of {kind.limit}."
        case "maxItems":
            return f"Array item count {len(value)} exceeds maximum count of {kind.limit}."
        case "uniqueItems":
            return "Non-unique array item."
        case "additionalProperties":
            names = ", ".join(f"'{name}'" for name in kind.unexpected)
            return f"Property {names} has not been defined and the schema does not allow additional properties."
        case "anyOf":
            return "JSON does not match any schemas from 'anyOf'."
        case "oneOf":
            return "JSON is valid against no schemas, or more than one, from 'oneOf'."
        case "not":
            return "JSON is valid against schema from 'not'."
        case _:
            return f"{str(error.message).rstrip('.')}."


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a surrogate pair, which no UTF-8 holds
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
