"""What an expression may ask of the run it is evaluated in.

The engine, `runafter.evaluate` and `explain` each bring a scope of their own.
Names arrive as the author spelled them; a scope compares them without regard
to case. A scope raises `EvaluationError` in the platform's words for a name it
does not know. Shapes are those of wdl-reference: an action is `{name, inputs,
outputs, startTime, endTime, trackingId, clientTrackingId, code?, status, error?}`.
"""

from __future__ import annotations

from typing import Any, Protocol


class Scope(Protocol):
    """Values that only a run can give."""

    def now_ticks(self) -> int:
        """Return the time of the event being handled, in 100 ns ticks since 0001-01-01 UTC."""
        ...

    def random(self) -> float:
        """Return the next draw in [0, 1); for `rand` and `guid`."""
        ...

    def variable(self, name: str) -> Any: ...

    def parameter(self, name: str) -> Any: ...

    def app_setting(self, name: str) -> Any: ...

    def action(self, name: str) -> dict[str, Any]:
        """`actions('name')`: the action's record as the platform shows it."""
        ...

    def outputs(self, name: str) -> Any:
        """`outputs('name')`: null for an action that was skipped; an array after a Foreach, in item order."""
        ...

    def body(self, name: str) -> Any:
        """`body('name')`: `outputs('name')?['body']`, null when outputs is a scalar."""
        ...

    def result(self, name: str) -> list[Any]: ...

    def trigger(self) -> dict[str, Any]:
        """`trigger()`: the trigger's record, with `outputs`."""
        ...

    def item(self) -> Any:
        """`item()`: the item at hand of the innermost Foreach, Query or Select."""
        ...

    def items(self, loop: str) -> Any: ...

    def iteration_index(self, loop: str) -> int:
        """`iterationIndexes('loop')`: 0-based index of the Until (or Foreach) iteration at hand."""
        ...

    def workflow(self) -> dict[str, Any]: ...

    def this_action(self) -> dict[str, Any]:
        """`action()`: only in webhook unsubscribe, tracked properties and the `until` of some actions."""
        ...

    def list_callback_url(self) -> str: ...

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Any other function that needs a host (`multipartBody`-like ones do not come here); raise `NotSupported` by name."""
        ...
