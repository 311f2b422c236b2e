"""A live run as expressions see it: the engine's implementation of `expressions.scope.Scope`."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol, cast
from urllib.parse import quote

from runafter.engine.plan import Plan
from runafter.engine.records import action_view, body_view, is_secure, outputs_view, record_view, repeated_view
from runafter.engine.settings import read
from runafter.engine.state import Collected, Env, Kept, Record, Variable
from runafter.errors import EvaluationError, NotSupported
from runafter.program.steps import ForeachStep, Program, UntilStep
from runafter.protocol.ids import callback_signature, repetition_name

_DRAWS = 2.0**53


class Source(Protocol):
    """What a scope asks of the live run."""

    program: Program
    plan: Plan
    now: int
    client_tracking_id: str
    has_secure_trigger: bool
    secure_parameters: frozenset[str]
    variables: dict[str, Variable]
    parameters: dict[str, Any]
    app_settings: dict[str, str]
    workflow: dict[str, Any]
    trigger: dict[str, Any]

    def draw(self, text: str) -> float: ...

    def callback_url(self, action: str, repetition: tuple[int, ...]) -> str: ...

    def is_inside(self, action: str, container: str) -> bool: ...

    def running_record(self, name: str) -> Record | None: ...


class RunScope:
    """One per run; `enter` points it at the action whose expressions are evaluated next.

    `is_tainted` tells whether anything secured was read since `enter`.
    """

    __slots__ = ("_draws", "_key", "_machine", "action_name", "current", "env", "is_tainted", "local_items")

    def __init__(self, machine: Source, env: Env) -> None:
        self._machine = machine
        self._draws = 0
        self._key = ""
        self.env = env
        self.action_name = ""
        self.current: Record | None = None
        self.local_items: list[Any] = []
        self.is_tainted = False

    def enter(self, env: Env, name: str, key: str = "") -> RunScope:
        """Begin to evaluate for an action; `key` keeps the draws of several evaluations of one action apart."""
        self.env = env
        self.action_name = name
        self.current = None
        self.is_tainted = False
        self._draws = 0
        self._key = key
        if self.local_items:
            self.local_items.clear()
        return self

    def now_ticks(self) -> int:
        return self._machine.now

    def random(self) -> float:
        self._draws += 1
        text = f"{self.action_name}\x00{repetition_name(self.env.repetition)}\x00{self._key}\x00{self._draws}"
        return self._machine.draw(text)

    def variable(self, name: str) -> Any:
        found = self._machine.variables.get(name.casefold())
        if found is None:
            raise EvaluationError(f"The variable '{name}' is not defined or has not been initialized.")
        found.is_shared = True
        if found.is_secure:
            self.is_tainted = True
        return found.value

    def parameter(self, name: str) -> Any:
        parameters = self._machine.parameters
        folded = name.casefold()
        if folded not in parameters:
            raise EvaluationError(f"The workflow parameter '{name}' is not found.")
        value = read(parameters[folded], self)
        # An empty one hides nothing: every Power Automate call passes the SecureObject `$authentication`.
        if folded in self._machine.secure_parameters and value not in ({}, "", None):
            self.is_tainted = True
        return value

    def app_setting(self, name: str) -> Any:
        settings = self._machine.app_settings
        if name.casefold() not in settings:
            raise EvaluationError(f"The app setting '{name}' is not found.")
        return settings[name.casefold()]

    def action(self, name: str) -> dict[str, Any]:
        kept = self._find(name, inputs=True)
        return cast("dict[str, Any]", action_view(kept, self._machine.client_tracking_id))

    def outputs(self, name: str) -> Any:
        return outputs_view(self._find(name))

    def body(self, name: str) -> Any:
        return body_view(self._find(name))

    def result(self, name: str) -> list[Any]:
        known = self._known(name)
        machine = self._machine
        children = machine.plan.children.get(known)
        if children is None:
            raise EvaluationError(f"The template function 'result' expects a scope; the action '{known}' is none.")
        if machine.is_inside(self.action_name, known):
            raise EvaluationError(
                f"The template function 'result' cannot be used on '{known}' from an action inside it."
            )
        settled = self.env.find(known)
        is_loop = isinstance(machine.program.steps[known], ForeachStep | UntilStep)
        iterations = settled.iterations if isinstance(settled, Record) else None
        found: list[Any] = []
        for child in children:
            kept = self.env.find(child)
            if kept is None:
                if is_loop and settled is not None:
                    found.append(repeated_view(child, Collected([]), machine.client_tracking_id))
                continue
            if is_secure(kept, inputs=True):
                self.is_tainted = True
            if is_loop and not (isinstance(kept, Record) and iterations is None):
                view = repeated_view(child, kept, machine.client_tracking_id)
                if iterations is not None:
                    view["repetitionCount"] = iterations
                found.append(view)
            else:
                found.append(action_view(kept, machine.client_tracking_id))
        return found

    def trigger(self) -> dict[str, Any]:
        if self._machine.has_secure_trigger:
            self.is_tainted = True
        return self._machine.trigger

    def item(self) -> Any:
        if self.local_items:
            return self.local_items[-1]
        env: Env | None = self.env
        while env is not None:
            if env.loop is not None and isinstance(self._machine.program.steps[env.loop], ForeachStep):
                if env.is_secure:
                    self.is_tainted = True
                return env.item
            env = env.parent
        raise EvaluationError("The template function 'item' is not expected at this location.")

    def items(self, loop: str) -> Any:
        env = self._loop("items", loop)
        if env.is_secure:
            self.is_tainted = True
        return env.item

    def iteration_index(self, loop: str) -> int:
        return self._loop("iterationIndexes", loop).index

    def workflow(self) -> dict[str, Any]:
        return self._machine.workflow

    def this_action(self) -> dict[str, Any]:
        if self.current is None:
            raise EvaluationError("The template function 'action' is not expected at this location.")
        return record_view(self.current, self._machine.client_tracking_id)

    def list_callback_url(self) -> str:
        return self._machine.callback_url(self.action_name, self.env.repetition)

    def call(self, name: str, arguments: list[Any]) -> Any:
        raise NotSupported(f"the function '{name}' needs a service that this run does not have")

    def _known(self, name: str) -> str:
        known = self._machine.program.names.get(name.casefold())
        if known is None:
            raise EvaluationError(f"The template action '{name}' is not defined at current scope.")
        return known

    def _find(self, name: str, *, inputs: bool = False) -> Kept:
        known = self._machine.program.names.get(name.casefold())
        kept = self.env.find(known) if known is not None else None
        if kept is None:
            known = self._known(name)
            kept = self._machine.running_record(known)
            if kept is None:
                raise EvaluationError(
                    f"The template action '{name}' has not run yet, so that its result cannot be referenced here."
                )
        if is_secure(kept, inputs=inputs):
            self.is_tainted = True
        return kept

    def _loop(self, function: str, name: str) -> Env:
        folded = name.casefold()
        env: Env | None = self.env
        while env is not None:
            if env.loop is not None and env.loop.casefold() == folded:
                return env
            env = env.parent
        raise EvaluationError(
            f"The template function '{function}' refers to the loop '{name}', which is not around this action."
        )


def draw(seed: int, text: str) -> float:
    """Return a number in [0, 1) that depends on the seed and the text alone."""
    digest = hashlib.blake2b(f"{seed}\x00{text}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / _DRAWS


def callback_url(base: str, action: str, repetition: tuple[int, ...]) -> str:
    """Return where an action is called back. `base#SEED` has each address signed, so that none opens another's."""
    prefix, _, seed = base.partition("#")
    path = prefix.rstrip("/") + (f"/{callback_signature(seed, action, repetition)}" if seed else "")
    path = f"{path}/{quote(action, safe='')}"
    return f"{path}/{repetition_name(repetition)}" if repetition else path
