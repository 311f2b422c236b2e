"""Every error that Runafter raises, and the one shape of everything it finds.

Errors are sorted by whose fault they are: the author's file (`DefinitionError`,
with a place), the caller (plain `ValueError` and `TypeError`), the environment
(`EnvironmentFault`). A failed *action* is no exception: it is an `Outcome`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, or might be, at one place of a file.

    `code` is three letters of the family and three digits (`EXP003`); the same
    code stands in exceptions, `inspect`, `check`, SARIF and the docs.
    `pointer` is a JSON pointer into the file; `line` and `column` count from 1,
    0 where unknown.
    """

    code: str
    severity: Severity
    message: str
    pointer: str = ""
    line: int = 0
    column: int = 0
    hint: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        place = self.pointer or "/"
        if self.file:
            place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{self.code} at {place}: {self.message}"
        return f"{text}  hint: {self.hint}" if self.hint else text


class RunafterError(Exception):
    """Base of all errors that Runafter raises on purpose.

    `code` is stable; `hint` says what to do next.
    """

    code: str = "RUN000"

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message}  hint: {self.hint}" if self.hint else self.message


class DefinitionError(RunafterError):
    """The author's file is at fault; carries the place."""

    code = "DEF000"

    def __init__(
        self,
        message: str,
        *,
        pointer: str = "",
        line: int = 0,
        column: int = 0,
        file: str | None = None,
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.pointer = pointer
        self.line = line
        self.column = column
        self.file = file

    def finding(self) -> Finding:
        """Return this error as a finding of severity `error`."""
        return Finding(
            code=self.code,
            severity="error",
            message=self.message,
            pointer=self.pointer,
            line=self.line,
            column=self.column,
            hint=self.hint,
            file=self.file,
        )


class UnreadableSource(DefinitionError):
    """The bytes are no readable flow: broken JSON, a bomb, an unsafe archive, an unknown container."""

    code = "DEF001"


class InvalidDefinition(DefinitionError):
    """A definition has findings of severity `error`, so it cannot be built."""

    code = "DEF100"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        errors = [f for f in findings if f.severity == "error"]
        first = errors[0] if errors else findings[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(
            f"{first.code}: {first.message}{more}",
            pointer=first.pointer,
            line=first.line,
            column=first.column,
            file=first.file,
            hint=first.hint,
        )


class ExpressionError(RunafterError):
    """An expression cannot be parsed or evaluated.

    `message` is worded as the platform words it. `start` and `end` are offsets
    of the faulty part in `text`, the expression as written.
    """

    code = "EXP000"

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        start: int = 0,
        end: int = 0,
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.text = text
        self.start = start
        self.end = end

    def caret(self) -> str:
        """Return the expression with a caret line under the faulty part."""
        width = max(1, min(self.end, len(self.text)) - self.start)
        return f"{self.text}\n{' ' * self.start}{'^' * width}"


class ExpressionSyntaxError(ExpressionError):
    """The text is no expression of the language."""

    code = "EXP001"


class EvaluationError(ExpressionError):
    """The expression is well formed, but cannot be evaluated with these values.

    `platform_code` is the platform's error code, e.g. `InvalidTemplate`.
    """

    code = "EXP100"
    platform_code = "InvalidTemplate"


class EnvironmentFault(RunafterError):
    """Database, network, disk or configuration of the machine is at fault."""

    code = "ENV000"


class NotSupported(RunafterError):
    """Something that Runafter cannot do yet, refused by name."""

    code = "SUP000"


def finding_fields(value: Finding) -> dict[str, Any]:
    """Return a finding as plain JSON, absent fields left out."""
    names = ("code", "severity", "message", "pointer", "line", "column", "hint", "file")
    return {name: getattr(value, name) for name in names if getattr(value, name) not in (None, "", 0)}
