"""What an expression tells of the values it reads: abstract interpretation over shapes; nothing is evaluated.

Reading a property grows a shape, a function's parameter says what kind it
needs, two things that must be equal are united. A condition is read with the
wish that it holds (or does not), so that a sample run takes that way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal
from runafter.expressions.template import parse_text
from runafter.local.function_shapes import RULES, kind_of
from runafter.local.shapes import Shape

_STRING_ARGUMENTS = {
    "tolower", "toupper", "trim", "replace", "encodeuricomponent", "decodeuricomponent", "uricomponent", "uricomponenttostring",
    "base64", "startswith", "endswith", "indexof", "lastindexof", "nthindexof", "slice", "encodexmlvalue", "datauri", "binary",
}  # fmt: skip
_SAME_TEXT = {"tolower", "toupper", "trim"}
"""Functions whose result is compared as their argument would be, in another letter case."""
_TIME_ARGUMENTS = {
    "formatdatetime", "adddays", "addhours", "addminutes", "addseconds", "addtotime", "subtractfromtime", "dayofmonth", "dayofweek",
    "dayofyear", "startofday", "startofhour", "startofmonth", "ticks", "convertfromutc", "converttoutc", "converttimezone",
    "datedifference",
}  # fmt: skip
_WAY = re.compile(r"(?!https?:)[^/ ]+(/[^/ ]+)+")
_ZONE = re.compile(r"[zZ]|[+-]\d\d:\d\d")
_NUMBER_ARGUMENTS = {"add", "sub", "mul", "div", "mod", "min", "max", "rand", "formatnumber"}
_BOOLEAN_ARGUMENTS = {"and", "or", "not"}
_TIME_RESULTS = _TIME_ARGUMENTS - {"dayofmonth", "dayofweek", "dayofyear", "ticks", "datedifference"} | {
    "utcnow", "getfuturetime", "getpasttime", "parsedatetime",
}  # fmt: skip
_COMPUTED_INDEX = 10
"""Items of a list that is read at an index computed when the flow runs."""
_ORDER = {"greater", "greaterorequals", "less", "lessorequals"}


_THE_CLOCK = Shape("clock", kind="timestamp")
"""The instant at which the flow runs: what `utcNow()` gives, and what is computed of it."""


def _instant(shape: Shape) -> Shape | None:
    """Return the instant that a value is, or was computed of; the shape itself where it may be one."""
    found = shape.find()
    if found.time_of is not None:
        return found.time_of if found.time_of is _THE_CLOCK else found.time_of.find()
    return None if found.is_known or found.kind not in {None, "string", "timestamp"} else found


class ExpressionReader:
    """The shapes that expressions name: trigger, outputs of actions, variables, parameters, settings, items of loops."""

    def __init__(self) -> None:
        self.trigger = Shape("trigger")
        self._outputs: dict[str, Shape] = {}
        self._variables: dict[str, Shape] = {}
        self._parameters: dict[str, Shape] = {}
        self._settings: dict[str, Shape] = {}
        self._items: dict[str, Shape] = {}
        self._here: list[Shape] = []
        self._is_filter = False

    def outputs(self, name: str) -> Shape:
        """Return the shape of `outputs('name')`."""
        return self._outputs.setdefault(name.casefold(), Shape(name))

    def parameter(self, name: str) -> Shape:
        return self._parameters.setdefault(name.casefold(), Shape(name))

    def app_setting(self, name: str) -> Shape:
        return self._settings.setdefault(name.casefold(), Shape(name, kind="string"))

    def variable(self, name: str) -> Shape:
        return self._variables.setdefault(name.casefold(), Shape(name))

    def item_of(self, loop: str) -> Shape:
        return self._items.setdefault(loop.casefold(), Shape("item"))

    def value(self, template: Any) -> Shape:
        """Return the shape of a template: JSON with expressions in its strings and keys."""
        if isinstance(template, str):
            parsed = parse_text(template)
            return Shape(constant=parsed) if isinstance(parsed, str) else self.expression(parsed)
        if isinstance(template, dict):
            shape = Shape(kind="object")
            for key, item in template.items():
                parsed = parse_text(key)
                if not isinstance(parsed, str):
                    self.expression(parsed)
                shape.properties[key] = self.value(item)
            return shape
        if isinstance(template, list):
            shape = Shape(kind="array")
            for item in template:
                shape.item().unite(self.value(item))
            return shape
        return Shape(constant=template)

    def condition(self, template: Any, *, wanted: bool) -> None:
        """Read a condition: a string expression or an object tree of and, or, not and comparisons."""
        if isinstance(template, str):
            parsed = parse_text(template)
            if not isinstance(parsed, str):
                self._truth(parsed, wanted=wanted)
            return
        if isinstance(template, list):
            for item in template:
                self.condition(item, wanted=wanted)
            return
        if not isinstance(template, dict):
            return
        for word, operands in template.items():
            folded = word.casefold()
            if folded == "not":
                self.condition(operands, wanted=not wanted)
            elif folded in {"and", "or"}:
                self.condition(operands, wanted=wanted)
            elif isinstance(operands, list):
                self._comparison(folded, [self.value(item) for item in operands], wanted=wanted)

    def _truth(self, expression: Expression, *, wanted: bool) -> None:
        if isinstance(expression, Call):
            name = expression.name.casefold()
            if name == "not" and expression.arguments:
                self._truth(expression.arguments[0], wanted=not wanted)
                return
            if name in {"and", "or"}:
                for argument in expression.arguments:
                    self._truth(argument, wanted=wanted)
                return
            if name in {"equals", "contains", "startswith", "endswith"} or name in _ORDER:
                self._comparison(name, [self.expression(argument) for argument in expression.arguments], wanted=wanted)
                return
        shape = self.expression(expression)
        if isinstance(expression, Access) or (
            isinstance(expression, Call) and name in {"variables", "parameters", "items", "item"}
        ):
            shape.want("boolean")
            shape.compare(wanted, wanted=True)

    def _comparison(self, name: str, operands: list[Shape], *, wanted: bool) -> None:
        if len(operands) != 2:
            return
        left, right = operands
        if self._beside_clock(name, left, right, wanted=wanted):
            return
        if name == "equals":
            if wanted and self._is_filter and not left.is_known and not right.is_known:
                left.unite(right)
            elif left.is_known != right.is_known:
                known, open_ = (left, right) if left.is_known else (right, left)
                value = known.find().constant
                open_.compare(value, wanted=wanted)
                if open_.find().kind is None and value is not None and value != "":
                    open_.want(kind_of(value))
            return
        if name in _ORDER:
            texts = {"string", "timestamp", "guid", "uri"}
            if not left.is_known and not right.is_known and left.find().kind is None and right.find().kind is None:
                left.unite(right)
                return
            for shape, other in ((left, right), (right, left)):
                if shape.is_known:
                    continue
                like = other.find()
                is_text = isinstance(like.constant, str) if like.is_known else like.kind in texts
                shape.want(("timestamp" if like.kind == "timestamp" else "string") if is_text else "number")
            if (
                right.is_known
                and isinstance(right.find().constant, (int, float))
                and not isinstance(right.find().constant, bool)
            ):
                bound = right.find().constant
                up = name.startswith("greater") == wanted
                left.compare(bound + 1 if up else bound - 1, wanted=True)
            return
        if name in {"startswith", "endswith", "contains"} and right.is_known and isinstance(right.find().constant, str):
            if left.find().kind in {"array", "object"} or left.find().element is not None or left.find().properties:
                return
            found = left.find()
            if wanted and name == "startswith" and not found.starts:
                found.starts = right.find().constant
            elif wanted and name == "endswith" and not found.ends:
                found.ends = right.find().constant
            else:
                left.compare(right.find().constant, wanted=wanted)

    def _beside_clock(self, name: str, left: Shape, right: Shape, *, wanted: bool) -> bool:
        """Note on which side of the clock an instant is wished; False where none is compared with the clock."""
        times = _instant(left), _instant(right)
        if _THE_CLOCK not in times or times[0] is times[1]:
            return False
        shape = times[1] if times[0] is _THE_CLOCK else times[0]
        if shape is None or shape.is_known or (name not in _ORDER and name != "equals"):
            return False
        if name == "equals":
            side = "at" if wanted else "before"
        else:
            later = name.startswith("greater") == (times[1] is _THE_CLOCK)
            side = "after" if later == wanted else "before"
        shape.want("timestamp")
        shape.find().beside_clock.add(side)
        return True

    def expression(self, expression: Expression) -> Shape:
        """Return the shape of an expression, noting what its parts need."""
        match expression:
            case Literal():
                return Shape(constant=expression.value)
            case Interpolation():
                for part in expression.parts:
                    if not isinstance(part, str):
                        self.expression(part)
                return Shape(kind="string")
            case Access():
                target = self.expression(expression.target)
                key = self.expression(expression.key)
                if not key.is_known:
                    if key.find().kind in {"integer", "number"}:
                        target.find().kind = "array"
                        target.find().least_items = max(target.find().least_items, _COMPUTED_INDEX)
                    return target.item() if target.find().kind == "array" else Shape()
                name = key.find().constant
                if isinstance(name, int):
                    return target.item(name)
                if isinstance(name, str):
                    if isinstance(target.find().constant, (dict, list)) or not target.is_known:
                        return self._path(target, name)
                return Shape(str(name))
            case Call():
                return self._call(expression)

    def _path(self, target: Shape, name: str) -> Shape:
        """Return the shape at a key; `a/b` is a way through objects, as the designer writes it, unless it is a key."""
        if _WAY.fullmatch(name) and name not in target.find().properties:
            head, tail = name.split("/", 1)
            return self._path(target.property(head), tail)
        return target.property(name)

    def _call(self, call: Call) -> Shape:
        name = call.name.casefold()
        root = self._root(name, call)
        if root is not None:
            return root
        if name in {"equals", "contains", "startswith", "endswith", *_ORDER}:
            self._truth(call, wanted=True)
            return Shape(kind="boolean")
        arguments = [self.expression(argument) for argument in call.arguments]
        if name in _TIME_ARGUMENTS and call.arguments:
            self._zoned(call.arguments[0])
        rule = RULES.get(name)
        if rule is not None:
            return rule(arguments)
        if name in _STRING_ARGUMENTS:
            for argument in arguments[:1]:
                argument.want("string")
            if name in {"indexof", "lastindexof", "nthindexof"} and len(arguments) > 1 and arguments[1].is_known:
                fragment = arguments[1].find().constant
                known = arguments[0].find()
                if isinstance(fragment, str) and fragment and not known.is_known and fragment not in known.fragments:
                    known.fragments.append(fragment)
            if name in _SAME_TEXT and arguments and not arguments[0].is_known:
                return arguments[0]
            return Shape(kind="integer" if "indexof" in name else "string")
        if name in _NUMBER_ARGUMENTS:
            for argument in arguments[:1] if name == "formatnumber" else arguments:
                if not argument.is_known:
                    argument.want("number")
            return Shape(kind="string" if name == "formatnumber" else "number")
        if name in _TIME_ARGUMENTS or name in _TIME_RESULTS:
            if name in _TIME_ARGUMENTS and arguments:
                arguments[0].want("timestamp")
                if name == "datedifference" and len(arguments) > 1:
                    arguments[1].want("timestamp")
                for zone in arguments[1:3] if name.startswith("convert") else ():
                    if not zone.is_known:
                        zone.want("zone")
            made = Shape(kind="timestamp" if name in _TIME_RESULTS else "integer")
            made.time_of = _instant(arguments[0]) if name in _TIME_ARGUMENTS and arguments else _THE_CLOCK
            return made
        if name in _BOOLEAN_ARGUMENTS:
            for argument in arguments:
                argument.want("boolean")
            return Shape(kind="boolean")
        if name == "empty":
            return Shape(kind="boolean")
        if name == "length":
            return Shape(kind="integer")
        return Shape(kind="string" if name in {"concat", "join", "guid", "uriquery", "urihost", "string"} else None)

    def _zoned(self, instant: Expression) -> None:
        """Note that the text before a zone's letter is a time without one: `concat(x, 'Z')`, `@{x}Z`."""
        parts: Sequence[Any] = ()
        if isinstance(instant, Interpolation):
            parts = instant.parts
        elif isinstance(instant, Call) and instant.name.casefold() == "concat":
            parts = [part.value if isinstance(part, Literal) else part for part in instant.arguments]
        texts = [part for part in parts if isinstance(part, str)]
        open_ = [part for part in parts if isinstance(part, Expression)]
        if len(open_) == 1 and parts[0] is open_[0] and _ZONE.fullmatch("".join(texts)):
            self.expression(open_[0]).find().kind = "local time"

    def _root(self, name: str, call: Call) -> Shape | None:
        first = call.arguments[0].value if call.arguments and isinstance(call.arguments[0], Literal) else None
        text = first if isinstance(first, str) else None
        match name:
            case "triggerbody":
                return self.trigger.property("body")
            case "triggeroutputs":
                return self.trigger
            case "trigger":
                shape = Shape("trigger")
                shape.properties["outputs"] = self.trigger
                return shape
            case "triggerformdatavalue":
                return self.trigger.property("body").property(text or "value")
            case "item":
                return self._here[-1] if self._here else Shape("item")
        if text is None:
            return (
                Shape()
                if name in {"outputs", "body", "actions", "items", "variables", "parameters", "appsetting", "result"}
                else None
            )
        match name:
            case "outputs":
                return self.outputs(text)
            case "body":
                return self.outputs(text).property("body")
            case "actions":
                shape = Shape(text)
                shape.properties["outputs"] = self.outputs(text)
                return shape
            case "items":
                return self.item_of(text)
            case "variables":
                return self.variable(text)
            case "parameters":
                return self.parameter(text)
            case "appsetting":
                return self.app_setting(text)
            case "result":
                return Shape(kind="array")
        return None
