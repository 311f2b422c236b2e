"""ARM template expressions (`[concat(parameters('a'), '-x')]`): parsed and, where the template knows enough, evaluated.

Only what decides a workflow's content is done here; a function that asks Azure
(`reference`, `listKeys`) stays unresolved, and its text stays visible.
Source: Azure Resource Manager template functions reference, read 2026-11-21.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from runafter.definition.read.arm_functions import CONTEXT, FUNCTIONS, MAX_TEXT, Deployment, lookup

_TOKEN = re.compile(
    r"\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?=\s*\())|([A-Za-z_]\w*)|(.))",
    re.DOTALL,
)
_MAX_DEPTH = 100
_MAX_COPIES = 800
_COPY = {"name", "count", "input"}


class Unresolved(Exception):
    """The template alone does not decide this expression; the message says what it asks for."""


@dataclass(slots=True)
class Budget:
    """What all expressions of a file may cost together, so that no few lines of variables fill the memory."""

    left: int = 2_000_000

    def spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise Unresolved("more template expressions than are evaluated")


@dataclass(slots=True)
class Template:
    """What expressions of one template may read. Values given for parameters go before defaults."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Any] = field(default_factory=dict)
    place: Deployment = field(default_factory=Deployment)
    budget: Budget = field(default_factory=Budget)
    unresolved: dict[str, tuple[str | int, ...]] = field(default_factory=dict)
    """Why something stays as written, with the keys of the first place in the value that was resolved."""
    _busy: set[str] = field(default_factory=set)
    _loops: dict[str, int] = field(default_factory=dict)
    _way: list[str | int] = field(default_factory=list)

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """Return a value with every expression in it resolved; what cannot be stays as written and is listed."""
        if depth > _MAX_DEPTH:
            return value
        if isinstance(value, str):
            if is_expression(value):
                try:
                    return self.evaluate(value)
                except Unresolved as reason:
                    self.unresolved.setdefault(str(reason), tuple(self._way))
                    return value
            return value[1:] if value.startswith("[[") else value
        if self._loops:
            self.budget.spend(1)
        if isinstance(value, dict):
            found: dict[str, Any] = {}
            for key, item in value.items():
                if key == "copy" and _is_copy(item):
                    found.update({str(row["name"]): self.copies(row) for row in item})
                else:
                    found[self._key(key)] = self._inside(key, item, depth)
            return found
        if isinstance(value, list):
            return [self._inside(index, item, depth) for index, item in enumerate(value)]
        return value

    def _inside(self, key: str | int, item: Any, depth: int) -> Any:
        self._way.append(key)
        try:
            return self.resolve(item, depth + 1)
        finally:
            self._way.pop()

    def _key(self, key: str) -> str:
        resolved = self.resolve(key)
        return resolved if isinstance(resolved, str) else key

    def evaluate(self, text: str) -> Any:
        """Return the value of `[...]`.

        Raises:
            Unresolved: the expression is faulty, or the template does not decide it.
        """
        try:
            return _Parser(text[1:-1], self).whole()
        except Unresolved:
            raise
        except RecursionError as fault:
            raise Unresolved("an expression nested too deeply") from fault
        except (ValueError, TypeError, KeyError, IndexError, ZeroDivisionError, AttributeError, OverflowError) as fault:
            raise Unresolved(f"a faulty expression: {text[:120]}") from fault

    def parameter(self, name: str) -> Any:
        found = lookup(self.given, name)
        if found is not None:
            return found[1]
        declared = lookup(self.parameters, name)
        if declared is None or not isinstance(declared[1], dict):
            raise Unresolved(f"parameters('{name}')")
        if declared[1].get("nullable") is True and "defaultValue" not in declared[1]:
            return None
        if "defaultValue" not in declared[1]:
            raise Unresolved(f"parameters('{name}')")
        return self._guarded(f"parameters('{name}')", declared[1]["defaultValue"])

    def variable(self, name: str) -> Any:
        label = f"variables('{name}')"
        found = lookup(self.variables, name)
        if found is not None:
            return self._guarded(label, found[1])
        loops = lookup(self.variables, "copy")
        for row in loops[1] if loops is not None and _is_copy(loops[1]) else ():
            if str(row["name"]).casefold() == name.casefold():
                return [self._guarded(f"{label}[{index}]", row["input"]) for index in self.looped(row)]
        raise Unresolved(label)

    def looped(self, row: Mapping[str, Any]) -> Iterator[int]:
        """Count through a copy loop (`{"name", "count"}`); meanwhile `copyIndex()` gives the number.

        Raises:
            Unresolved: the count is not known, or too large.
        """
        count = row.get("count")
        count = self.evaluate(count) if isinstance(count, str) and is_expression(count) else count
        if not isinstance(count, int) or not 0 <= count <= _MAX_COPIES:
            raise Unresolved(f"a copy loop of {count} turns")
        for index in range(count):
            self.budget.spend(100)
            with self._counting(str(row.get("name", "")), index):
                yield index

    @contextmanager
    def _counting(self, name: str, index: int) -> Iterator[None]:
        before = dict(self._loops)
        self._loops.update({"": index, name.casefold(): index})
        try:
            yield
        finally:
            self._loops.clear()
            self._loops.update(before)

    def copies(self, row: Mapping[str, Any]) -> Any:
        """Return the array that a property's copy loop makes, or its input where the count is not known."""
        try:
            return [self.resolve(row["input"]) for _ in self.looped(row)]
        except Unresolved as reason:
            self.unresolved.setdefault(str(reason), tuple(self._way))
            return row["input"]

    def copy_index(self, arguments: list[Any]) -> int:
        name = str(arguments[0]).casefold() if arguments and isinstance(arguments[0], str) else ""
        if name not in self._loops:
            raise Unresolved("copyIndex() outside of a copy loop")
        offset = arguments[-1] if arguments and isinstance(arguments[-1], int) else 0
        return self._loops[name] + offset

    def custom(self, name: str, arguments: list[Any]) -> Any:
        """Call a function that the template declares."""
        found = lookup(self.functions, name)
        if found is None:
            shown = ", ".join(json.dumps(argument) for argument in arguments)
            raise Unresolved(f"{name}({shown[:80]})")
        declared = [str(row.get("name")) for row in found[1].get("parameters") or ()]
        inner = Template(
            given=dict(zip(declared, arguments, strict=True)),
            functions=self.functions,
            place=self.place,
            budget=self.budget,
        )
        inner._busy = {*self._busy, name}
        if len(inner._busy) > _MAX_DEPTH:
            raise Unresolved(f"{name}, nested too deeply")
        return inner._guarded(f"{name}()", found[1]["output"]["value"])

    def _guarded(self, label: str, value: Any) -> Any:
        if label in self._busy:
            raise Unresolved(f"{label}, which refers to itself")
        self._busy.add(label)
        try:
            return self._strict(value)
        finally:
            self._busy.discard(label)

    def _strict(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.evaluate(value) if is_expression(value) else (value[1:] if value.startswith("[[") else value)
        if isinstance(value, (dict, list)):
            self.budget.spend(len(value))
        if isinstance(value, dict):
            found: dict[str, Any] = {}
            for key, item in value.items():
                if key == "copy" and _is_copy(item):
                    found.update(
                        {str(row["name"]): [self._strict(row["input"]) for _ in self.looped(row)] for row in item}
                    )
                else:
                    found[key] = self._strict(item)
            return found
        if isinstance(value, list):
            return [self._strict(item) for item in value]
        return value


def _is_copy(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) and set(row) >= _COPY for row in value)


def is_expression(text: str) -> bool:
    """Tell whether a string is a template expression."""
    return len(text) > 2 and text[0] == "[" and text[1] != "[" and text[-1] == "]"


class _Parser:
    def __init__(self, text: str, template: Template) -> None:
        self.template = template
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                break
            position = match.end()
            kinds = ("string", "number", "call", "name", "sign")
            kind, token = next(
                (kind, group) for kind, group in zip(kinds, match.groups(), strict=True) if group is not None
            )
            if not (kind == "sign" and token.isspace()):
                self.tokens.append((kind, token))
        self.position = 0
        self.depth = 0

    def whole(self) -> Any:
        value = self.value()
        if self.position != len(self.tokens):
            raise ValueError("text after the expression")
        return value

    def peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def take(self, sign: str | None = None) -> tuple[str, str]:
        token = self.tokens[self.position]
        if sign is not None and token[1] != sign:
            raise ValueError(f"{sign} expected")
        self.position += 1
        return token

    def value(self) -> Any:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise Unresolved("an expression nested too deeply")
        kind, token = self.take()
        value: Any
        if kind == "string":
            value = token[1:-1].replace("''", "'")
        elif kind == "number":
            value = float(token) if "." in token else int(token)
        elif kind == "call":
            value = self.call(token)
        else:
            raise ValueError(f"unexpected {token}")
        while self.peek() in {".", "["}:
            if self.take()[1] == ".":
                value = _property(value, self.take()[1])
            else:
                key = self.value()
                self.take("]")
                value = value[key] if isinstance(key, int) else _property(value, key)
        self.depth -= 1
        return value

    def call(self, name: str) -> Any:
        self.take("(")
        folded = name.casefold()
        if folded == "if":
            return self.choose()
        arguments = []
        while self.peek() != ")":
            arguments.append(self.value())
            if self.peek() == ",":
                self.take()
            elif self.peek() != ")":
                raise ValueError("',' or ')' expected")
        self.take(")")
        self.template.budget.spend(10)
        if folded == "parameters":
            return self.template.parameter(arguments[0])
        if folded == "variables":
            return self.template.variable(arguments[0])
        if folded == "copyindex":
            return self.template.copy_index(arguments)
        context = CONTEXT.get(folded)
        if context is not None:
            return context(self.template.place, arguments)
        function = FUNCTIONS.get(folded)
        value = function(*arguments) if function is not None else self.template.custom(name, arguments)
        return self.sized(value)

    def sized(self, value: Any) -> Any:
        """Let a result through that a deployment would: texts and lists of some size, integers of 64 bits."""
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise OverflowError
        size = len(value) if isinstance(value, (str, list, dict)) else 0
        if size > MAX_TEXT:
            raise Unresolved("a value that is too large")
        self.template.budget.spend(1 + size // 16)
        return value

    def choose(self) -> Any:
        """Evaluate the chosen branch of `if` alone; the other may ask for what is not known."""
        condition = self.value()
        self.take(",")
        if condition:
            value = self.value()
            self.take(",")
            self.skip()
        else:
            self.skip()
            self.take(",")
            value = self.value()
        self.take(")")
        return value

    def skip(self) -> None:
        level = 0
        while self.position < len(self.tokens):
            token = self.tokens[self.position][1]
            if level == 0 and token in {",", ")"}:
                return
            level += (token in {"(", "["}) - (token in {")", "]"})
            self.position += 1


def _property(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise TypeError("no object")
    found = lookup(value, name)
    if found is None:
        raise Unresolved(f"the property {name!r}")
    return found[1]
