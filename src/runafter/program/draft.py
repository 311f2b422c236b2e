"""The work in hand while a program is made: findings so far, compiled values, expressions and where they stand.

Everything that turns JSON into templates goes through `Draft.template`, so that
each expression is parsed once, faults become findings with their place, and
the later checks see every expression of the flow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from runafter.definition.nodes import Definition
from runafter.errors import EvaluationError, ExpressionError, Finding, Severity
from runafter.expressions.ast import Expression
from runafter.expressions.scope import Scope
from runafter.expressions.template import Template, compile_template
from runafter.profiles.profile import Profile
from runafter.program.codes import CODES
from runafter.program.faults import expression_findings
from runafter.program.outline import Outline, Site
from runafter.program.part import Part

Role = Literal["inputs", "each", "loop_condition", "tracked", "closing", "trigger", "output"]
"""Where an expression is evaluated: `each` per item, `loop_condition` after an Until's body,
`tracked` after the action, `closing` when a webhook is given up."""

_BARE_NAME = re.compile(r"@(?!(?i:true|false|null)$)[A-Za-z_][\w-]*")

BLANK: Template = compile_template(None)


@dataclass(frozen=True, slots=True)
class Use:
    """One expression of the flow: who evaluates it (None outside actions), where it stands."""

    expression: Expression
    text: str
    part: Part
    owner: Site | None
    role: Role


@dataclass(slots=True, kw_only=True)
class Draft:
    """A definition on its way to a program."""

    definition: Definition
    profile: Profile
    root: Part
    outline: Outline
    findings: list[Finding] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    _seen: set[tuple[str, str, str]] = field(default_factory=set)

    def report(
        self,
        code: str,
        message: str,
        part: Part,
        *,
        hint: str | None = None,
        severity: Severity | None = None,
    ) -> None:
        """Add a finding at this part; the same one twice counts once."""
        key = (code, part.pointer, message)
        if key in self._seen:
            return
        self._seen.add(key)
        self.findings.append(
            Finding(
                code=code,
                severity=severity or CODES[code].severity,
                message=message,
                pointer=part.pointer,
                line=part.line,
                column=part.column,
                hint=hint,
                file=self.definition.file or None,
            )
        )

    def template(self, part: Part | None, owner: Site | None, role: Role = "inputs") -> Template:
        """Compile a value; its faults become findings, and a faulty value the constant null."""
        if part is None:
            return BLANK
        return self.compile(part.value, [part], owner, role)

    def without(self, part: Part | None, owner: Site | None, *keys: str, role: Role = "inputs") -> Template:
        """Compile an object without some of its members, which are never evaluated or elsewhere."""
        if part is None or not part.is_object:
            return self.template(part, owner, role)
        left_out = {key.casefold() for key in keys}
        kept = [(key, member) for key, member in part.members() if key.casefold() not in left_out]
        return self.compile({key: member.value for key, member in kept}, [member for _, member in kept], owner, role)

    def compile(self, value: Any, parts: Iterable[Part], owner: Site | None, role: Role = "inputs") -> Template:
        """Compile a value whose strings stand in these parts."""
        parts = list(parts)
        faulty = False
        literals: set[str] = set()
        for part in parts:
            for place, text in part.strings():
                if "@" not in text:
                    continue
                if self._is_unresolved(place, text):
                    self.report("REF007", f"template expression is not resolved: {text[:200]}", place)
                    literals.add(text)
                elif _BARE_NAME.fullmatch(text):
                    self.report("EXP006", f"{text!r} is no call and is taken as text", place)
                    literals.add(text)
                else:
                    faulty = self._note(place, text, owner, role) or faulty
        if faulty:
            return BLANK
        try:
            return compile_template(_as_literals(value, literals) if literals else value)
        except ExpressionError as error:
            if error.code in CODES and CODES[error.code].severity != "error":
                return failing(value, error)
            first = parts[0] if parts else self.root
            self.report(error.code if error.code in CODES else "EXP001", error.message, first, hint=error.hint)
            return BLANK

    def compile_text(self, text: str, part: Part) -> Template:
        """Compile an expression that was made from `part`, whose own strings are noted already."""
        try:
            return compile_template(text)
        except ExpressionError as error:
            if error.code in CODES and CODES[error.code].severity != "error":
                return failing(text, error)
            self.report(error.code if error.code in CODES else "EXP001", error.message, part, hint=error.hint)
            return BLANK

    def _is_unresolved(self, place: Part, text: str) -> bool:
        """Say whether a string is an ARM template expression that reading left as it is."""
        if self.definition.container != "arm" or place.node is None or place.path:
            return False
        return text[0] == "[" and text[1:2] != "[" and text[-1] == "]" and place.node.value == text

    def _note(self, place: Part, text: str, owner: Site | None, role: Role) -> bool:
        """Record the expressions of one string; True when it has a fault that stops compiling."""
        found = expression_findings(text)
        for fault in found.faults:
            self.report(fault.code, fault.message, place, hint=fault.hint, severity=fault.severity)
        self.uses.extend(Use(expression, text, place, owner, role) for expression in found.expressions)
        return any(fault.severity == "error" for fault in found.faults)


def failing(value: Any, error: ExpressionError) -> Template:
    """Return a template that fails whenever it is evaluated.

    The platform saves a call with a wrong number of arguments and fails the
    action; flows do it on purpose, to raise an error.
    """

    def fail(scope: Scope) -> Any:
        raise EvaluationError(
            error.message, text=error.text, start=error.start, end=error.end, hint=error.hint, code=error.code
        )

    return Template(value, fail, [])


def in_tool(site: Site) -> bool:
    """Say whether an action belongs to a tool of an Agent."""
    return any(each.level.branch[0] == "tool" for each in site.chain())


def _as_literals(value: Any, texts: set[str]) -> Any:
    """Return a value in which these strings are no templates."""
    if isinstance(value, str):
        if value not in texts:
            return value
        return value.replace("@{", "@@{") if value[0] == "[" else f"@{value}"
    if isinstance(value, dict):
        return {_as_literals(key, texts): _as_literals(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_literals(item, texts) for item in value]
    return value
