"""Functions that read the run: actions, trigger, variables, parameters, loops, forms and multipart bodies."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from runafter.errors import EvaluationError, NotSupported
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
from runafter.expressions.scope import Scope
from runafter.values.content import content_bytes, content_text, envelope, is_envelope

_NAME = (Parameter("", STRING, terse=True),)
_UP_TO_ONE = Arity(0, 1, "must have only one parameter", invoked=None, anchor=NO_LINK)
_NONE = Arity(0, 0, "must not have any parameters", invoked=None, anchor=NO_LINK)
_ANYWHERE = Arity(0, None, "")


def not_here(name: str) -> EvaluationError:
    """Return the error for a function that has no meaning at this place."""
    return EvaluationError(f"The template function '{name}' is not expected at this location.")


@function(
    "actions",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="object",
    group="workflow",
    summary="Return the record of an action: inputs, outputs, status, times, error.",
    signature="actions('name')",
)
def actions(scope: Scope, name: str) -> dict[str, Any]:
    return scope.action(name)


@function(
    "body",
    arity=_UP_TO_ONE,
    parameters=_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the body of an action's outputs, null where it has none.",
    signature="body('action')",
)
def body(scope: Scope, name: str | None = None) -> Any:
    if name is None:
        return _body_of(_own_outputs(scope, "body"))
    return scope.body(name)


@function(
    "actionBody",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the body of an action's outputs; the older name of body.",
    signature="actionBody('action')",
    hidden=True,
)
def action_body(scope: Scope, name: str) -> Any:
    return scope.body(name)


@function(
    "outputs",
    arity=_UP_TO_ONE,
    parameters=_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the outputs of an action, null where it was skipped.",
    signature="outputs('action')",
)
def outputs(scope: Scope, name: str | None = None) -> Any:
    return _own_outputs(scope, "outputs") if name is None else scope.outputs(name)


def _own_outputs(scope: Scope, name: str) -> Any:
    """Return the outputs of the action at hand, where the platform offers them."""
    try:
        record = scope.this_action()
    except EvaluationError:
        raise not_here(name) from None
    return record.get("outputs")


def _body_of(found: Any) -> Any:
    return found.get("body") if isinstance(found, dict) else None


@function(
    "actionOutputs",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the outputs of an action; the older name of outputs.",
    signature="actionOutputs('action')",
    hidden=True,
)
def action_outputs(scope: Scope, name: str) -> Any:
    return scope.outputs(name)


@function(
    "agentParameters",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return a parameter that an agent chose for its tool; only inside the tools of an Agent action.",
    signature="agentParameters('name')",
    hidden=True,
)
def agent_parameters(scope: Scope, name: str) -> Any:
    try:
        return scope.call("agentParameters", [name])
    except NotSupported as fault:
        raise EvaluationError(fault.message, hint=fault.hint, code=fault.code) from fault


@function(
    "action",
    arity=_ANYWHERE,
    scope=True,
    returns="object",
    group="workflow",
    summary="Return the record of the action at hand; only in tracked properties and webhook unsubscribe inputs.",
    signature="action()",
)
def action(scope: Scope, *arguments: Any) -> dict[str, Any]:
    if arguments:
        raise not_here("action")
    return scope.this_action()


@function(
    "result",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="array",
    group="workflow",
    summary="Return the records of the actions right inside a scope or loop.",
    signature="result('scope')",
)
def result(scope: Scope, name: str) -> list[Any]:
    return scope.result(name)


@function(
    "item",
    arity=_NONE,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the item at hand of the innermost loop, Select or Filter array.",
    signature="item()",
)
def item(scope: Scope) -> Any:
    return scope.item()


@function(
    "items",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the item at hand of a loop by name.",
    signature="items('loop')",
)
def items(scope: Scope, loop: str) -> Any:
    return scope.items(loop)


@function(
    "iterationIndexes",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="integer",
    group="workflow",
    summary="Return the number of the iteration at hand of a Do until, from 0.",
    signature="iterationIndexes('loop')",
)
def iteration_indexes(scope: Scope, loop: str) -> int:
    return scope.iteration_index(loop)


@function(
    "variables",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the value of a variable.",
    signature="variables('name')",
)
def variables(scope: Scope, name: str) -> Any:
    return scope.variable(name)


@function(
    "parameters",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the value of a parameter of the workflow.",
    signature="parameters('name')",
)
def parameters(scope: Scope, name: str) -> Any:
    return scope.parameter(name)


@function(
    "appsetting",
    arity=ONLY_ONE,
    parameters=_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return an app setting; only in connections.json and parameters.json of Logic Apps Standard.",
    signature="appsetting('name')",
    hidden=True,
)
def appsetting(scope: Scope, name: str) -> Any:
    return scope.app_setting(name)


@function(
    "trigger",
    arity=_NONE,
    scope=True,
    returns="object",
    group="workflow",
    summary="Return the record of the trigger: name, times, status, outputs.",
    signature="trigger()",
)
def trigger(scope: Scope) -> dict[str, Any]:
    return scope.trigger()


@function(
    "triggerOutputs",
    arity=_NONE,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return what the trigger gave: headers, body and so on.",
    signature="triggerOutputs()",
)
def trigger_outputs(scope: Scope) -> Any:
    return scope.trigger().get("outputs")


@function(
    "triggerBody",
    arity=_NONE,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the body that the trigger gave.",
    signature="triggerBody()",
)
def trigger_body(scope: Scope) -> Any:
    found = scope.trigger().get("outputs")
    return found.get("body") if type(found) is dict else None


@function(
    "workflow",
    arity=_NONE,
    scope=True,
    returns="object",
    group="workflow",
    summary="Return facts about the workflow and the run: name, id, tags, run.name.",
    signature="workflow()",
)
def workflow(scope: Scope) -> dict[str, Any]:
    return scope.workflow()


@function(
    "listCallbackUrl",
    arity=_ANYWHERE,
    scope=True,
    returns="string",
    group="workflow",
    summary="Return the address that calls back this webhook action or trigger.",
    signature="listCallbackUrl()",
)
def list_callback_url(scope: Scope, *arguments: Any) -> str:
    if arguments:
        raise not_here("listCallbackUrl")
    return scope.list_callback_url()


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
    parameters=_NAME,
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
    parameters=_NAME,
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
    content = _body_of(found)
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
    content = _body_of(found)
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
    content = _body_of(found)
    if is_envelope(content):
        return str(content["$content-type"])
    headers = found.get("headers") if isinstance(found, dict) else None
    if isinstance(headers, dict):
        for key, value in headers.items():
            if key.lower() == "content-type":
                return str(value)
    return "<null>"
