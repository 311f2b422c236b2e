"""Inferred mocks: everything that a run needs and nobody gave, made from how the flow uses it."""

from __future__ import annotations

from typing import Any

from runafter.definition.nodes import Definition
from runafter.local.infer import Inference
from runafter.local.mocks import Answer
from runafter.program.steps import CallStep, Program
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome


class Auto:
    """Answers of one program. Calls of other programs (child flows) get an empty success.

    Every call succeeds with status 200 and a body that has each property the
    flow reads; webhook actions get their callback at once; inferred lists have
    two items.
    """

    def __init__(self, program: Program, definition: Definition) -> None:
        self.program = program
        self._inference = Inference(program, given_parameters=definition.parameter_values)
        self._answers: dict[str, Answer] = {}

    def trigger_outputs(self) -> dict[str, Any]:
        """Return outputs for the trigger; always with a body."""
        outputs = self._inference.trigger.sample()
        outputs = dict(outputs) if isinstance(outputs, dict) else {}
        outputs.setdefault("headers", {})
        outputs.setdefault("body", {})
        return outputs

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return values for the parameters that are read or declared and have neither a value nor a default."""
        known = {name.casefold() for name in given} | {"$connections", "$authentication"}
        found: dict[str, Any] = {}
        for name, parameter in self.program.parameters.items():
            if name.casefold() not in known and not parameter.has_default:
                found[name] = _typed(self._inference.parameter(name).sample(), parameter.type)
        declared = {name.casefold() for name in self.program.parameters}
        for folded, shape in self._inference.parameters.items():
            if folded not in known and folded not in declared:
                found[shape.name or folded] = shape.sample()
        return found

    def app_settings(self, given: dict[str, str]) -> dict[str, str]:
        """Return values for the application settings that are read and not given."""
        known = {name.casefold() for name in given}
        return {
            shape.name or name: str(shape.sample())
            for name, shape in self._inference.app_settings.items()
            if name not in known
        }

    def answer(self, call: CallOperation) -> Answer:
        """Return the success that the flow expects of this call."""
        known = self._answers.get(call.action)
        if known is None:
            step = self.program.steps.get(call.action)
            known = self._make(step) if isinstance(step, CallStep) else Answer(outcome=Outcome(status_code=200))
            self._answers[call.action] = known
        return known

    def _make(self, step: CallStep) -> Answer:
        outputs = self._inference.outputs(step.name).sample()
        outputs = outputs if isinstance(outputs, dict) else {}
        body = outputs.get("body")
        headers = outputs.get("headers") if isinstance(outputs.get("headers"), dict) else {}
        status = outputs.get("statusCode")
        code = status if isinstance(status, int) and 200 <= status < 400 and status != 202 else 200
        extra = {key: value for key, value in outputs.items() if key not in {"body", "headers", "statusCode"}}
        whole = {"statusCode": code, "headers": headers, "body": body, **extra}
        if step.waits_for_signal:
            return Answer(outcome=Outcome(status_code=200), signal=whole, has_signal=True)
        outcome = Outcome(
            status_code=code,
            headers=headers or {},
            body=body,
            outputs=whole if extra else None,
            has_outputs=bool(extra),
        )
        return Answer(outcome=outcome)


def _typed(value: Any, kind: str) -> Any:
    match kind.casefold():
        case "string" | "securestring":
            return value if isinstance(value, str) else str(value)
        case "int":
            return value if isinstance(value, int) and not isinstance(value, bool) else 1
        case "float":
            return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 1.0
        case "bool":
            return value if isinstance(value, bool) else True
        case "array":
            return value if isinstance(value, list) else [value]
        case "object" | "secureobject":
            return value if isinstance(value, dict) else {}
    return value
