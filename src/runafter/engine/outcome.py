"""Statuses, codes and error objects, worded as the platform words them.

A code of None is the platform's `NotSpecified`, which its records leave out.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

BLOCK_FAILED = "An action failed. No dependent actions succeeded."

_NAMES = {status.value: "".join(part.capitalize() for part in status.name.split("_")) for status in HTTPStatus}
_NAMES |= {  # .NET's HttpStatusCode names where Python's differ
    200: "OK",
    203: "NonAuthoritativeInformation",
    207: "MultiStatus",
    300: "MultipleChoices",
    302: "Found",
    413: "RequestEntityTooLarge",
    414: "RequestUriTooLong",
    416: "RequestedRangeNotSatisfiable",
    418: "418",
    422: "UnprocessableEntity",
    505: "HttpVersionNotSupported",
}


def status_name(status_code: int) -> str:
    """Return `NotFound` for 404; an unknown number as its digits."""
    return _NAMES.get(status_code) or str(status_code)


def block_error() -> dict[str, Any]:
    return {"code": "ActionFailed", "message": BLOCK_FAILED, "messageTemplate": BLOCK_FAILED}


def timed_out_error(name: str) -> dict[str, Any]:
    return {
        "code": "ActionTimedOut",
        "message": f"The execution of template action '{name}' is timed out: its limit was reached.",
    }


def condition_skip(name: str, other: str, wished: tuple[str, ...], actual: str) -> dict[str, Any]:
    return {
        "code": "ActionConditionFailed",
        "message": f"The execution of template action '{name}' is skipped: the 'runAfter' condition for action '{other}' "
        f"is not satisfied. Expected status values '{', '.join(wished)}' and actual value '{actual}'.",
    }


def branch_skip(name: str) -> dict[str, Any]:
    return {
        "code": "ActionBranchingConditionNotSatisfied",
        "message": f"The execution of template action '{name}' skipped: the branching condition for this action is not "
        "satisfied.",
    }


def dependency_skip(name: str, container: str, status: str, code: str) -> dict[str, Any]:
    return {
        "code": "ActionDependencyFailed",
        "message": f"The execution of template action '{name}' is skipped: dependant action '{container}' completed with "
        f"status '{status}' and code '{code}'.",
    }


def response_skip(name: str) -> dict[str, Any]:
    return {
        "code": "ActionResponseSkipped",
        "message": f"The execution of template action '{name}' is skipped: the client application is not waiting for a "
        "response from service.",
    }


def ended_skip(name: str, code: str) -> dict[str, Any]:
    """Why an action never began: the run was terminated or cancelled, or the container timed out."""
    why = {
        "Terminated": "the workflow run was terminated",
        "WorkflowRunCancelled": "the workflow run was cancelled",
        "WorkflowRunTimedOut": "the workflow run reached its duration limit",
        "ActionTimedOut": "the action around it timed out",
    }.get(code, "the workflow run has ended")
    return {"code": code, "message": f"The execution of template action '{name}' is skipped: {why}."}


def template_message(name: str, inner: str) -> str:
    return f"Unable to process template language expressions in action '{name}' inputs at line '0' and column '0': '{inner}'."


def evaluation_message(name: str, inner: str) -> str:
    """The wording for the expression of an If, Switch, Foreach or Until."""
    return f"Unable to process template language expressions for action '{name}' at line '0' and column '0': '{inner}'."


HIDDEN = "The details are hidden, because the action's inputs or outputs are secured."


def type_name(value: Any) -> str:
    """Return the platform's name of a JSON value's type."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer"
    if isinstance(value, float):
        return "Float"
    if isinstance(value, str):
        return "String"
    if isinstance(value, list):
        return "Array"
    return "Object"
