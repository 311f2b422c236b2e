"""Statuses, codes and error objects, worded as the platform words them.

A code of None is the platform's `NotSpecified`, which its records leave out.
"""

from __future__ import annotations

from typing import Any

BLOCK_FAILED = "An action failed. No dependent actions succeeded."
BLOCK_TIMED_OUT = "An action timed out. No dependent actions succeeded."

_NAMES = {
    100: "Continue",
    101: "SwitchingProtocols",
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "NonAuthoritativeInformation",
    204: "NoContent",
    205: "ResetContent",
    206: "PartialContent",
    300: "MultipleChoices",
    301: "MovedPermanently",
    302: "Found",
    303: "SeeOther",
    304: "NotModified",
    305: "UseProxy",
    307: "TemporaryRedirect",
    400: "BadRequest",
    401: "Unauthorized",
    402: "PaymentRequired",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    407: "ProxyAuthenticationRequired",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    411: "LengthRequired",
    412: "PreconditionFailed",
    413: "RequestEntityTooLarge",
    414: "RequestUriTooLong",
    415: "UnsupportedMediaType",
    416: "RequestedRangeNotSatisfiable",
    417: "ExpectationFailed",
    426: "UpgradeRequired",
    500: "InternalServerError",
    501: "NotImplemented",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
    505: "HttpVersionNotSupported",
}
"""The names of the .NET Framework's HttpStatusCode, which has none for 422 and 429: those are recorded as digits.

Source: FlowForger (tomdam/flowforger), tests named after its measured HTTP flows, read 2026-11-21.
"""


def status_name(status_code: int) -> str:
    """Return `NotFound` for 404; a number that has no name as its digits."""
    return _NAMES.get(status_code) or str(status_code)


def block_error() -> dict[str, Any]:
    return {"code": "ActionFailed", "message": BLOCK_FAILED, "messageTemplate": BLOCK_FAILED}


def block_timed_out_error() -> dict[str, Any]:
    return {"code": "ActionTimedOut", "message": BLOCK_TIMED_OUT, "messageTemplate": BLOCK_TIMED_OUT}


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


def choice_failed(name: str, inner: str) -> dict[str, Any]:
    """Why an action in a branch has Failed although it never began: no case could be compared (measured)."""
    return {
        "code": "ActionConditionFailed",
        "message": f"The execution of template action '{name}' failed: an unexpected exception encountered when evaluating "
        f"branching condition. '{inner}'",
        "messageTemplate": "ActionConditionFailed",
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
