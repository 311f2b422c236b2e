"""What will be run, fully resolved: the few shapes that some thirty action types become.

The engine knows these shapes only. `Template` is a compiled WDL value. Names
keep the author's spelling; compare them with `str.casefold`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from runafter.errors import Finding
from runafter.protocol.commands import Target

if TYPE_CHECKING:
    from runafter.definition.nodes import Definition
    from runafter.expressions.template import Template
    from runafter.profiles.profile import Profile
    from runafter.program.recurrence import Recurrence
    from runafter.program.retry import RetryPolicy

STATUSES = ("Succeeded", "Failed", "Skipped", "TimedOut")


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticResult:
    """The answer an action gives instead of doing its work."""

    status: str
    code: str | None = None
    error: Any = None
    outputs: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What all actions have.

    `order` is the place in definition order over the whole program.
    `run_after` lists (sibling, wished statuses) in the author's order. `loops`
    names the enclosing Foreach and Until actions, outermost first; `container`
    the nearest enclosing action. `is_read` is False when no expression of the
    program can read this action's record, so that it may leave memory;
    `is_read_after_loop` is False when none outside its innermost Foreach can,
    so that it may leave memory with its iteration.
    """

    name: str
    type: str
    kind: str | None = None
    pointer: str
    order: int
    run_after: tuple[tuple[str, tuple[str, ...]], ...] = ()
    loops: tuple[str, ...] = ()
    container: str | None = None
    timeout_s: float | None = None
    secure_inputs: bool = False
    secure_outputs: bool = False
    tracked: Template | None = None
    static_result: StaticResult | None = None
    is_read: bool = True
    is_read_after_loop: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateStep(Step):
    """Compose, ParseJson, Query, Select, Join, Table, Expression: values in, value out.

    `fields` holds the parts that are evaluated once (`from`, `content`,
    `schema`, `joinWith`, `format`, ...); `each` what is evaluated per item
    (`where`, `select`, a column's value), `columns` the (header, value)
    templates of a Table. `inputs` is the whole of inputs, used by Compose and
    where the author wrote inputs as one expression.
    """

    operation: Literal["compose", "parse_json", "query", "select", "join", "table", "expression"]
    inputs: Template
    fields: Mapping[str, Template] = field(default_factory=dict)
    each: Template | None = None
    columns: tuple[tuple[Template, Template], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableStep(Step):
    """InitializeVariable (`declarations`: name, type, value) and the five that change one variable."""

    operation: Literal["initialize", "set", "increment", "decrement", "append_array", "append_string"]
    variable: str = ""
    value: Template | None = None
    declarations: tuple[tuple[str, str, Template | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep(Step):
    """Everything that goes outside: Http, connectors of all dialects, child flows, functions, webhooks.

    `inputs` are evaluated whole and handed over. `waits_for_signal` is true for
    webhook actions: after the subscribing call the action waits for its callback;
    `unsubscribe` is then the template of the closing call. `refusal` says why
    Runafter cannot perform this type unless a handler is configured.
    `retry_template` is set where the author computes the policy when the flow
    runs: evaluate it and hand it to `retry.parse_policy`; `retry` is then the default.
    An HttpWebhook's `inputs` are those of its subscribing call.
    """

    target: Target
    inputs: Template
    retry: RetryPolicy
    retry_template: Template | None = None
    waits_for_signal: bool = False
    unsubscribe: Template | None = None
    async_pattern: bool = True
    minimum_items: int | None = None
    chunked: bool = False
    refusal: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One graph of sibling actions: a run's root, a scope, a branch, a loop body.

    `predecessors[name]` and `successors[name]` are in definition order.
    """

    names: tuple[str, ...]
    predecessors: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]
    successors: Mapping[str, tuple[str, ...]]
    roots: tuple[str, ...]
    leaves: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeStep(Step):
    """A Scope: one block."""

    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class IfStep(Step):
    """A condition with two branches. `condition` evaluates to a real boolean or the action fails."""

    condition: Template
    then: Block
    otherwise: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchStep(Step):
    """`cases` are (case name, wished value template, block); compared strictly, case-sensitive."""

    expression: Template
    cases: tuple[tuple[str, Template, Block], ...]
    default: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeachStep(Step):
    """A loop over items with a sliding window of `concurrency` iterations (1 to 50), dialect default applied."""

    source: Template
    concurrency: int
    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilStep(Step):
    """A loop whose condition is read after the body. `limit_timeout_s` is its own limit, default by profile."""

    condition: Template
    limit_count: Template | int
    limit_timeout_s: Template | float
    fails_at_limit: bool
    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep(Step):
    """Wait: either `count` and `unit`, or `until` (a timestamp)."""

    inputs: Template
    count: Template | None = None
    unit: Template | None = None
    until: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RespondStep(Step):
    """Response: answers the caller; `asynchronous` as the author chose."""

    inputs: Template
    asynchronous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateStep(Step):
    """Terminate: ends the run; `inputs` evaluate to {runStatus, runError?}."""

    inputs: Template


AnyStep = (
    EvaluateStep
    | VariableStep
    | CallStep
    | ScopeStep
    | IfStep
    | SwitchStep
    | ForeachStep
    | UntilStep
    | WaitStep
    | RespondStep
    | TerminateStep
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger, resolved. `concurrency` is (runs, maximum waiting runs) where switched on."""

    name: str
    type: str
    kind: str | None = None
    pointer: str
    inputs: Template
    target: Target | None = None
    conditions: tuple[Template, ...] = ()
    split_on: Template | None = None
    concurrency: tuple[int, int] | None = None
    recurrence: Recurrence | None = None
    schema: Any = None
    validates_schema: bool = False
    method: str | None = None
    relative_path: str | None = None
    correlation: Template | None = None
    retry: RetryPolicy | None = None
    tracked: Template | None = None
    secure_inputs: bool = False
    secure_outputs: bool = False
    operation_options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A declared parameter; `default` is plain JSON, `has_default` tells null from absent."""

    name: str
    type: str
    default: Any = None
    has_default: bool = False
    allowed: tuple[Any, ...] = ()
    schema_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A definition that can be run.

    `steps` and `triggers` are keyed by the author's names; `names` maps folded
    names to them. `hash` identifies the definition's content (hex).
    """

    name: str
    hash: str
    profile: Profile
    definition: Definition
    root: Block
    steps: Mapping[str, AnyStep]
    names: Mapping[str, str]
    triggers: Mapping[str, Trigger]
    parameters: Mapping[str, Parameter]
    outputs: Mapping[str, Template]
    variables: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
