"""Functions that read the run: actions, trigger, variables, parameters, loops, forms and multipart bodies."""

from __future__ import annotations

from typing import Any

from runafter.errors import EvaluationError, NotSupported
from runafter.expressions.functions.registry import (
    NO_LINK,
    STRING,
    Arity,
    Parameter,
    function,
)
from runafter.expressions.functions.strings import ONLY_ONE
from runafter.expressions.scope import Scope

A_NAME = (Parameter("", STRING, terse=True),)
_UP_TO_ONE = Arity(0, 1, "must have only one parameter", invoked=None, anchor=NO_LINK)
_NONE = Arity(0, 0, "must not have any parameters", invoked=None, anchor=NO_LINK)
_ANYWHERE = Arity(0, None, "")


def not_here(name: str) -> EvaluationError:
    """Return the error for a function that has no meaning at this place."""
    return EvaluationError(f"The template function '{name}' is not expected at this location.")


@function(
    "actions",
    arity=ONLY_ONE,
    parameters=A_NAME,
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
    parameters=A_NAME,
    scope=True,
    returns="any",
    group="workflow",
    summary="Return the body of an action's outputs, null where it has none.",
    signature="body('action')",
)
def body(scope: Scope, name: str | None = None) -> Any:
    if name is None:
        return body_of(_own_outputs(scope, "body"))
    return scope.body(name)


@function(
    "actionBody",
    arity=ONLY_ONE,
    parameters=A_NAME,
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
    parameters=A_NAME,
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


def body_of(found: Any) -> Any:
    return found.get("body") if isinstance(found, dict) else None


@function(
    "actionOutputs",
    arity=ONLY_ONE,
    parameters=A_NAME,
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
    parameters=A_NAME,
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
    parameters=A_NAME,
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
    parameters=A_NAME,
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
    parameters=A_NAME,
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
    parameters=A_NAME,
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
    parameters=A_NAME,
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
    parameters=A_NAME,
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
