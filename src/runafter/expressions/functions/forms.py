"""Form fields and multipart bodies that an action or the trigger received."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from runafter.expressions.functions.registry import (
    INTEGER,
    NO_LINK,
    STRING,
    Arity,
    Parameter,
    function,
    function_error,
    not_valid,
)
from runafter.expressions.functions.strings import ONLY_ONE
from runafter.expressions.functions.workflow import A_NAME, body_of
from runafter.expressions.scope import Scope
from runafter.values.content import content_bytes, content_text, envelope, is_envelope

_FORM = Arity(
    2,
    2,
    "expects two parameters: the name of the action as the first parameter, the name of the form field as the second "
    "parameter",
    anchor=NO_LINK,
)
_ACTION_NAME = Parameter("its first parameter to be of type 'String'", STRING, NO_LINK)
_FIELD_NAME = Parameter("its second parameter to be of type 'String'", STRING, NO_LINK)


@function(
    "formDataValue",
    arity=_FORM,
    parameters=(_ACTION_NAME, _FIELD_NAME),
    scope=True,
    returns="string",
    group="workflow",
    summary="Return the one value of a field in the form that an action received.",
    signature="formDataValue('action', 'key')",
)
def form_data_value(scope: Scope, name: str, key: str) -> Any:
    return _single("formDataValue", scope.outputs(name), key)


@function(
    "formDataMultiValues",
    arity=_FORM,
    parameters=(_ACTION_NAME, _FIELD_NAME),
    scope=True,
    returns="array",
    group="workflow",
    summary="Return all values of a field in the form that an action received.",
    signature="formDataMultiValues('action', 'key')",
)
def form_data_multi_values(scope: Scope, name: str, key: str) -> list[Any]:
    return _form_values("formDataMultiValues", scope.outputs(name), key)


@function(
    "triggerFormDataValue",
    arity=ONLY_ONE,
    parameters=A_NAME,
    scope=True,
    returns="string",
    group="workflow",
    summary="Return the one value of a field in the form that the trigger received.",
    signature="triggerFormDataValue('key')",
)
def trigger_form_data_value(scope: Scope, key: str) -> Any:
    return _single("triggerFormDataValue", scope.trigger().get("outputs"), key)


@function(
    "triggerFormDataMultiValues",
    arity=ONLY_ONE,
    parameters=A_NAME,
    scope=True,
    returns="array",
    group="workflow",
    summary="Return all values of a field in the form that the trigger received.",
    signature="triggerFormDataMultiValues('key')",
)
def trigger_form_data_multi_values(scope: Scope, key: str) -> list[Any]:
    return _form_values("triggerFormDataMultiValues", scope.trigger().get("outputs"), key)


def _single(name: str, found: Any, key: str) -> Any:
    values = _form_values(name, found, key)
    if len(values) > 1:
        function_error(name, f"found more than one value for the form field '{key}'.")
    return values[0] if values else None


def _form_values(name: str, found: Any, key: str) -> list[Any]:
    """Return the values of a form field, from `$formdata` or from the content itself."""
    content = body_of(found)
    if isinstance(content, dict):
        fields = content.get("$formdata")
        if isinstance(fields, list):
            return [each.get("value") for each in fields if isinstance(each, dict) and each.get("key") == key]
        if is_envelope(content):
            kind = content["$content-type"].lower()
            if kind.startswith("application/x-www-form-urlencoded"):
                pairs = parse_qsl(content_text(content), keep_blank_values=True)
                return [value for field, value in pairs if field == key]
            if kind.startswith("multipart/form-data"):
                return [
                    content_text(part["body"]) if is_envelope(part["body"]) else part["body"]
                    for part in _parts(content)
                    if part["name"] == key
                ]
    function_error(
        name,
        "failed to retrieve form data from outputs. The supported content types are "
        f"'application/x-www-form-urlencoded, multipart/form-data' and the provided content type is '{_type_of(found)}'.",
    )


@function(
    "multipartBody",
    arity=Arity(
        2,
        2,
        "expects two parameters: the name of the action as the first parameter, the index of the multipart content as "
        "the second parameter",
        anchor=NO_LINK,
    ),
    parameters=(_ACTION_NAME, Parameter("its second parameter to be of type 'Integer'", INTEGER, NO_LINK)),
    scope=True,
    returns="any",
    group="workflow",
    summary="Return one part of the multipart content that an action received, counted from 0.",
    signature="multipartBody('action', index)",
)
def multipart_body(scope: Scope, name: str, index: int) -> Any:
    return _part("multipartBody", scope.outputs(name), index)


@function(
    "triggerMultipartBody",
    arity=ONLY_ONE,
    parameters=(Parameter("", INTEGER, terse=True),),
    scope=True,
    returns="any",
    group="workflow",
    summary="Return one part of the multipart content that the trigger received, counted from 0.",
    signature="triggerMultipartBody(index)",
)
def trigger_multipart_body(scope: Scope, index: int) -> Any:
    return _part("triggerMultipartBody", scope.trigger().get("outputs"), index)


def _part(name: str, found: Any, index: int) -> Any:
    content = body_of(found)
    parts: list[Any] | None = None
    if isinstance(content, dict):
        if isinstance(content.get("$multipart"), list):
            parts = content["$multipart"]
        elif is_envelope(content) and content["$content-type"].lower().startswith("multipart/"):
            parts = _parts(content)
    if parts is None:
        function_error(
            name,
            "failed to retrieve multipart contents from outputs. The supported multipart content type is "
            f"'multipart/*' and the provided content type is '{_type_of(found)}'. ",
        )
    if not 0 <= index < len(parts):
        not_valid(name)
    part = parts[index]
    return part.get("body") if isinstance(part, dict) else part


def _parts(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Split multipart content; each part has `name`, `headers` and `body`."""
    from email.parser import BytesParser  # slow to load, and rarely needed
    from email.policy import HTTP

    try:
        data = content_bytes(content)
    except ValueError:
        return []
    head = f"Content-Type: {content['$content-type']}\r\n\r\n".encode("utf-8", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + data)
    found: list[dict[str, Any]] = []
    for part in message.iter_parts() if message.is_multipart() else ():
        payload = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        headers = {key: str(value) for key, value in part.items()}
        body = envelope(headers.get("Content-Type", "text/plain"), payload if isinstance(payload, bytes) else b"")
        found.append({"name": name, "headers": headers, "body": body})
    return found


def _type_of(found: Any) -> str:
    content = body_of(found)
    if is_envelope(content):
        return str(content["$content-type"])
    headers = found.get("headers") if isinstance(found, dict) else None
    if isinstance(headers, dict):
        for key, value in headers.items():
            if key.lower() == "content-type":
                return str(value)
    return "<null>"
