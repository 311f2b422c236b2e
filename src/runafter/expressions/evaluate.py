"""`runafter.evaluate`: the value of a template without a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from runafter.errors import EvaluationError, NotSupported
from runafter.expressions.scope import Scope
from runafter.expressions.template import compile_template
from runafter.values.json import json_numbers
from runafter.values.size import MAX_JSON_DEPTH

PROFILES = ("power-automate", "logic-apps-consumption", "logic-apps-standard")


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


_ABSENT: Any = _Absent()
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


class ClockNotGiven(EvaluationError):
    """The expression needs the time now, and the caller gave none: `utcNow()`, or a date without its year."""


def evaluate(
    template: Any,
    *,
    variables: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    item: Any = _ABSENT,
    outputs: Mapping[str, Any] | None = None,
    now: str | datetime | None = None,
    profile: str = "power-automate",
    trigger: Any = None,
    seed: int = 0,
) -> Any:
    """Return the value of an expression, of text with `@{...}` in it, or of JSON that holds such strings.

    `item` is what `item()` and `items()` return, null (None) too; left out, there is no loop around the template.
    `outputs` maps action names to their outputs, `trigger` is the trigger's outputs (`{"body": ...}`). `now` is an ISO
    timestamp or a datetime; a naive one counts as UTC. `seed` decides what `rand` and `guid` give. Numbers come out as
    JSON holds them: a decimal is a float, NaN the text 'NaN'.

    Raises:
        ExpressionError: the template cannot be parsed or evaluated, or reads the clock and `now` is not given; it
            carries code, message and place.
        ValueError: the profile is unknown.
        TypeError: a given value is no JSON.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; one of: {', '.join(PROFILES)}")
    scope = scope_for(
        variables=variables, parameters=parameters, item=item, outputs=outputs, now=now, trigger=trigger, seed=seed
    )
    value = compile_template(template).evaluate(scope)
    try:
        return json_numbers(value)
    except RecursionError:
        raise EvaluationError("The value is nested too deeply to be handed out.") from None


def scope_for(
    *,
    variables: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    item: Any = _ABSENT,
    outputs: Mapping[str, Any] | None = None,
    now: str | datetime | None = None,
    trigger: Any = None,
    seed: int = 0,
) -> Scope:
    """Return a scope that knows the given values and nothing else."""
    return GivenScope(
        variables=variables, parameters=parameters, item=item, outputs=outputs, now=now, trigger=trigger, seed=seed
    )


class GivenScope:
    """A scope made from plain values; names are found in any case."""

    def __init__(
        self,
        *,
        variables: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        item: Any = _ABSENT,
        outputs: Mapping[str, Any] | None = None,
        now: str | datetime | None = None,
        trigger: Any = None,
        seed: int = 0,
    ) -> None:
        self._variables = _folded(variables, "variables")
        self._parameters = _folded(parameters, "parameters")
        self._outputs = _folded(outputs, "outputs")
        self._item = item if item is _ABSENT else checked(item, "item")
        self._trigger = checked(trigger, "trigger")
        self._now = _ticks(now)
        self._state = (seed * 0x9E3779B97F4A7C15 + 0x1234567) & (2**64 - 1)

    def now_ticks(self) -> int:
        if self._now is None:
            raise ClockNotGiven("the expression reads the clock: give the time with now='2026-03-29T01:30:00Z'")
        return self._now

    def random(self) -> float:
        # splitmix64: small, and equal on every machine.
        self._state = (self._state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        mixed = self._state
        mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & (2**64 - 1)
        return ((mixed ^ mixed >> 31) >> 11) / 2.0**53

    def variable(self, name: str) -> Any:
        return _find(
            self._variables,
            name,
            f"The template language function 'variables' cannot be evaluated: the variable '{name}' does not exist.",
            "variables",
        )

    def parameter(self, name: str) -> Any:
        return _find(self._parameters, name, f"The workflow parameter '{name}' is not found.", "parameters")

    def app_setting(self, name: str) -> Any:
        raise EvaluationError(f"The app setting '{name}' is not found.")

    def action(self, name: str) -> dict[str, Any]:
        found = self.outputs(name)
        return {"name": name, "inputs": None, "outputs": found, "status": "Succeeded"}

    def outputs(self, name: str) -> Any:
        return _find(
            self._outputs,
            name,
            f"The template action '{name}' is not defined at current scope.",
            "outputs",
        )

    def body(self, name: str) -> Any:
        found = self.outputs(name)
        return found.get("body") if isinstance(found, dict) else None

    def result(self, name: str) -> list[Any]:
        raise EvaluationError(f"The template action '{name}' is not defined at current scope.")

    def trigger(self) -> dict[str, Any]:
        return {"outputs": {"body": {}} if self._trigger is None else self._trigger}

    def item(self) -> Any:
        if self._item is _ABSENT:
            raise EvaluationError("The template function 'item' is not expected at this location.")
        return self._item

    def items(self, loop: str) -> Any:
        return self.item()

    def iteration_index(self, loop: str) -> int:
        raise EvaluationError(f"The loop '{loop}' is not defined at current scope.")

    def workflow(self) -> dict[str, Any]:
        return {}

    def this_action(self) -> dict[str, Any]:
        raise EvaluationError("The template function 'action' is not expected at this location.")

    def list_callback_url(self) -> str:
        raise EvaluationError("The template function 'listCallbackUrl' is not expected at this location.")

    def call(self, name: str, arguments: list[Any]) -> Any:
        raise NotSupported(f"the function '{name}' needs a host")


def checked(value: Any, what: str, depth: int = 0) -> Any:
    """Return a value as the language holds it: mappings and sequences become plain dicts and lists.

    Raises:
        TypeError: something in it is no JSON.
        ValueError: it is nested too deeply.
    """
    if value is None or type(value) in (str, bool, int, float, Decimal):
        return value
    if depth > MAX_JSON_DEPTH:
        raise ValueError(f"{what} is nested more than {MAX_JSON_DEPTH} levels deep")
    if isinstance(value, Mapping):
        return {str(key): checked(each, what, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [checked(each, what, depth + 1) for each in value]
    raise TypeError(f"{what} holds a {type(value).__name__}, which is no JSON")


def _folded(values: Mapping[str, Any] | None, what: str) -> dict[str, Any]:
    if values is not None and not isinstance(values, Mapping):
        raise TypeError(f"{what} is a {type(values).__name__}, not a mapping of names and values")
    return {name.casefold(): checked(value, what) for name, value in (values or {}).items()}


def _find(values: dict[str, Any], name: str, message: str, what: str) -> Any:
    found = values.get(name.casefold(), _ABSENT)
    if found is _ABSENT:
        raise EvaluationError(message, hint=f"Give it a value in {what}.")
    return found


def _ticks(now: str | datetime | None) -> int | None:
    if now is None:
        return None
    try:
        moment = datetime.fromisoformat(now) if isinstance(now, str) else now
    except ValueError as error:
        raise ValueError(f"now is no ISO timestamp: {now!r}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10
