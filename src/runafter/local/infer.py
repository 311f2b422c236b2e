"""What a flow expects of the outside: shapes of trigger, parameters and every call's answer, from how the flow uses them.

A flow's variables, Compose, Select and Query outputs pass shapes on, so that
what is read far from a call is known where the call is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runafter.engine.settings import reads_settings
from runafter.errors import ExpressionError
from runafter.local.expression_shapes import ExpressionReader
from runafter.local.function_shapes import json_text, settle
from runafter.local.schema_shapes import from_schema
from runafter.local.shapes import Shape
from runafter.program.steps import (
    AnyStep,
    Block,
    CallStep,
    EvaluateStep,
    ForeachStep,
    IfStep,
    Program,
    RespondStep,
    ScopeStep,
    SwitchStep,
    TerminateStep,
    UntilStep,
    VariableStep,
    WaitStep,
)

_TIME_FIELDS = {"basetime", "startdate", "enddate", "timestamp"}


class Inference(ExpressionReader):
    """The shapes of one program. `trigger`, `parameter(name)` and `outputs(action)` are what a run needs."""

    def __init__(self, program: Program, *, given_parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.program = program
        self._declared: dict[str, str] = {}
        self._parsed: list[tuple[Shape, Shape]] = []
        for name, parameter in program.parameters.items():
            shape = Shape(name, kind=parameter.type.casefold() if parameter.type else None)
            shape.kind = {"securestring": "string", "secureobject": "object", "int": "integer", "bool": "boolean"}.get(
                shape.kind or "", shape.kind
            )
            values = given_parameters or {}
            if name in values:
                self._fix(shape, values[name])
            elif parameter.has_default:
                self._fix(shape, parameter.default)
            elif parameter.allowed:
                shape.candidates.extend(parameter.allowed)
            self._parameters[name.casefold()] = shape
        for name, value in (given_parameters or {}).items():
            if name.casefold() not in self._parameters and reads_settings(value):
                self._fix(self.parameter(name), value)
        self._read_trigger()
        for step in program.steps.values():
            self._read_step(step)
        for template in program.outputs.values():
            self.value(template.source)
        for content, body in self._parsed:
            known = content.find()
            is_text = (
                (known.schema or {}).get("type") == "string"
                or known.kind in {"string", "numeric"}
                or known.base64_of is not None
            )
            if is_text:
                json_text(content, body)
            else:
                content.unite(body)

    def _fix(self, shape: Shape, value: Any) -> None:
        """Take what a parameter is given; where app settings are in it, their shapes are its own."""
        try:
            known = self.value(value) if reads_settings(value) else None
        except ExpressionError:
            known = None
        if known is None:
            shape.constant = value
        else:
            shape.unite(known)

    @property
    def parameters(self) -> Mapping[str, Shape]:
        """Shapes of declared and undeclared parameters, by folded name."""
        return self._parameters

    @property
    def app_settings(self) -> Mapping[str, Shape]:
        return self._settings

    def _read_trigger(self) -> None:
        for trigger in self.program.triggers.values():
            if trigger.schema is not None:
                self.trigger.property("body").unite(from_schema(trigger.schema, "body"))
            if trigger.split_on is not None:
                self._here.append(Shape("item"))
                self._here.pop()
            for template in (trigger.inputs, *trigger.conditions):
                self.condition(template.source, wanted=True) if template in trigger.conditions else self.value(
                    template.source
                )
            if trigger.correlation is not None:
                self.value(trigger.correlation.source)

    def _read_step(self, step: AnyStep) -> None:
        self._here = [self.item_of(step.loops[-1])] if step.loops else []
        outputs = self.outputs(step.name)
        match step:
            case EvaluateStep():
                self._read_evaluate(step, outputs)
            case VariableStep():
                self._read_variable(step)
            case CallStep():
                self.value(step.inputs.source)
                if step.unsubscribe is not None:
                    self.value(step.unsubscribe.source)
            case IfStep():
                self.condition(
                    step.condition.source, wanted=not (self._ends(step.then) and not self._ends(step.otherwise))
                )
            case SwitchStep():
                value = self.value(step.expression.source)
                for _, case, _ in step.cases:
                    wished = self.value(case.source)
                    if wished.is_known:
                        value.compare(wished.find().constant, wanted=True)
            case ForeachStep():
                source = self.value(step.source.source)
                source.find().kind = "array"
                source.item().unite(self.item_of(step.name))
            case UntilStep():
                self.condition(step.condition.source, wanted=True)
            case WaitStep():
                self.value(step.inputs.source)
                if step.count is not None:
                    self.value(step.count.source).want("integer")
                if step.until is not None:
                    self.value(step.until.source).want("timestamp")
            case RespondStep() | TerminateStep():
                self.value(step.inputs.source)
        if step.tracked is not None:
            self.value(step.tracked.source)

    def _ends(self, block: Block) -> bool:
        """Tell whether a branch ends the run: an early exit, which a sample run should not take."""
        for name in block.names:
            step = self.program.steps[name]
            if isinstance(step, TerminateStep) or (isinstance(step, ScopeStep) and self._ends(step.block)):
                return True
            if isinstance(step, IfStep) and self._ends(step.then) and self._ends(step.otherwise):
                return True
        return False

    def _read_evaluate(self, step: EvaluateStep, outputs: Shape) -> None:
        fields = {name: template.source for name, template in step.fields.items()}
        if step.operation == "compose":
            outputs.find().name = ""
            outputs.unite(self.value(step.inputs.source))
            return
        body = outputs.property("body")
        match step.operation:
            case "parse_json":
                content = self.value(fields.get("content"))
                schema = fields.get("schema")
                if isinstance(schema, dict):
                    body.unite(from_schema(schema, "body"))
                self._parsed.append((content, body))
            case "query":
                source = self.value(fields.get("from"))
                source.find().kind = "array"
                self._here.append(source.item())
                if step.each is not None:
                    self._is_filter = True
                    self.condition(step.each.source, wanted=True)
                    self._is_filter = False
                self._here.pop()
                body.find().kind = "array"
                body.item().unite(source.item())
            case "select" | "table":
                source = self.value(fields.get("from"))
                source.find().kind = "array"
                self._here.append(source.item())
                made = self.value(step.each.source) if step.each is not None else None
                for header, cell in step.columns or ():
                    self.value(header.source)
                    self.value(cell.source)
                self._here.pop()
                if step.operation == "select":
                    body.find().kind = "array"
                    if made is not None:
                        body.item().unite(made)
                else:
                    body.want("string")
            case "join":
                source = self.value(fields.get("from"))
                source.find().kind = "array"
                body.want("string")
            case "expression":
                for key, source in fields.items():
                    made = self.value(source)
                    if key.casefold() in _TIME_FIELDS and not made.is_known:
                        made.want("timestamp")
                body.want("timestamp")
            case _:
                self.value(step.inputs.source)

    def _read_variable(self, step: VariableStep) -> None:
        for name, kind, template in step.declarations:
            shape = self.variable(name)
            wanted = kind.casefold()
            if template is not None:
                value = self.value(template.source)
                if not (value.is_known and value.find().constant in ("", [], {}, None)):
                    shape.unite(value)
            self._declared[name.casefold()] = {"float": "number"}.get(wanted, wanted)
            settle(shape, self._declared[name.casefold()])
        if step.value is None:
            return
        value = self.value(step.value.source)
        shape = self.variable(step.variable)
        match step.operation:
            case "set":
                if not value.is_known:
                    shape.unite(value)
                settle(shape, self._declared.get(step.variable.casefold()))
            case "append_array":
                shape.find().kind = "array"
                if not value.is_known:
                    shape.item().unite(value)
            case "increment" | "decrement":
                value.want("number")
