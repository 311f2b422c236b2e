"""The moving parts of a live run: worklist, frames, records, slots and timers.

Rules. A finished action costs its successors, never a scan. Nothing recurses
over actions or iterations: what follows goes to the worklist, first in, first
out. Nothing iterates over a set. What action types *do* lives in the modules
beside this one; they change a run through this class alone.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, cast

from runafter.engine import outcome
from runafter.engine.faults import FAULTS, message_of
from runafter.engine.instants import ticks
from runafter.engine.plan import BlockPlan, Node, Plan
from runafter.engine.scope import RunScope, callback_url, draw
from runafter.engine.state import UNSTARTED, Activity, CallActivity, Env, Frame, LoopActivity, Record, Variable
from runafter.expressions.template import Template
from runafter.program.steps import AnyStep, Program
from runafter.protocol.commands import (
    ActionStatus,
    CancelCall,
    CancelTimer,
    Command,
    NoteStarted,
    Proceed,
    RecordAction,
    Repetition,
    RunStatus,
    StartTimer,
)
from runafter.protocol.ids import repetition_name

EVALUATIONS_PER_STEP = 2_000
"""After so many evaluations a step asks for `Proceeded`, so that one long loop does not hold up other runs."""

Work = tuple[Callable[["Machine", Any, Any], None], Any, Any]


class Machine:
    """The state of one run. `commands` collects what the event at hand leads to."""

    def __init__(self, program: Program, plan: Plan) -> None:
        self.program = program
        self.plan = plan
        self.steps: Mapping[str, AnyStep] = program.steps
        self.now = 0
        self.started_at = 0
        self.run_id = ""
        self.seed = 0
        self.status: RunStatus = "Running"
        self.is_started = False
        self.is_finished = False
        self.caller_waits = False
        self.is_racy = False
        self.variable_window_s = 0.0
        self.racing: dict[int, tuple[Any, ...]] = {}
        self.slots = 50
        self.reuse: dict[str, Any] = {}
        self.callback_base = ""
        self.client_tracking_id = ""
        self.parameters: dict[str, Any] = {}
        self.app_settings: dict[str, str] = {}
        self.workflow: dict[str, Any] = {}
        self.trigger: dict[str, Any] = {}
        self.has_secure_trigger = False
        self.secure_parameters = frozenset(
            name.casefold()
            for name, parameter in program.parameters.items()
            if parameter.type.casefold() in {"securestring", "secureobject"}
        )
        self.key_headers: dict[str, str] = {}
        self.variables: dict[str, Variable] = {}
        self.root = Env(None, None, 0, None)
        self.scope = RunScope(self, self.root)
        self.root_frame: Frame | None = None
        self.commands: list[Command] = []
        self.work: deque[Work] = deque()
        self.writes: list[Work] = []
        self.live: dict[int, Activity] = {}
        self.calls: dict[str, CallActivity] = {}
        self.queue: deque[CallActivity | tuple[Frame, Node]] = deque()
        self.timers: dict[str, tuple[str, Activity | None]] = {}
        self.signals: dict[tuple[str, Repetition], CallActivity] = {}
        self.serial = 0
        self.started_timers = 0
        self.settled_actions = 0
        self.budget = EVALUATIONS_PER_STEP
        self.proceeds = 0
        self.is_proceeding = False
        self.on_root_end: Callable[[Machine, str], None] | None = None
        self.on_give_up: Callable[[Machine, CallActivity], None] | None = None
        self._tracking = ""

    def close(self) -> None:
        """Cut the one circle there is: the scope of expressions reads the machine."""
        del self.scope

    # -- names, chance -----------------------------------------------------------------------------------------

    def identify(self, run_id: str, seed: int) -> None:
        self.run_id = run_id
        self.seed = seed
        text = hashlib.blake2b(f"{run_id}\x00{seed}".encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
        self._tracking = f"{text[:8]}-{text[8:12]}-4{text[12:15]}-a{text[15:18]}-"

    def tracking_id(self) -> str:
        self.serial += 1
        return f"{self._tracking}{self.serial:012x}"

    def draw(self, text: str) -> float:
        return draw(self.seed, text)

    def callback_url(self, action: str, repetition: Repetition) -> str:
        return callback_url(self.callback_base, action, repetition)

    def is_inside(self, action: str, container: str) -> bool:
        step = self.steps.get(action)
        while step is not None and step.container is not None:
            if step.container == container:
                return True
            step = self.steps.get(step.container)
        return action == container

    def running_record(self, name: str) -> Record | None:
        """Return what is known of an action under way, for expressions inside it."""
        for activity in self.live.values():
            if activity.node.name == name:
                record = Record(name, "Running", activity.started_at, self.now, activity.tracking_id)
                record.inputs, record.has_inputs = activity.inputs, activity.has_inputs
                record.secure_inputs = activity.is_secure
                return record
        return None

    # -- the worklist ------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Do what is ready, until nothing is or the step's budget is used up."""
        self.budget = EVALUATIONS_PER_STEP
        work, writes = self.work, self.writes
        while work or writes:
            if self.budget <= 0:
                self.is_proceeding = True
                self.proceeds += 1
                self.commands.append(Proceed(id=self.proceeds))
                return
            if writes and (not work or self.draw(f"racy {self.serial} {len(work)} {self.settled_actions}") < 0.5):
                chosen = int(self.draw(f"write {self.serial} {len(writes)} {self.settled_actions}") * len(writes))
                function, first, second = writes.pop(chosen)
            else:
                function, first, second = work.popleft()
            function(self, first, second)

    # -- frames ------------------------------------------------------------------------------------------------

    def open_frame(self, plan: BlockPlan, env: Env, owner: Activity | None) -> Frame:
        frame = Frame(plan, env, owner)
        if owner is not None:
            owner.frames.append(frame)
        if not frame.left:
            self.work.append((_frame_ended, frame, 0))
        for index in plan.roots:
            self.work.append((_ready, frame, index))
        return frame

    def frame_status(self, frame: Frame) -> str:
        """Return the status of a settled block: its leaves decide, a skipped leaf stands for its predecessors."""
        statuses = frame.statuses
        waiting = list(frame.plan.leaves)
        seen = 0
        worst = "Succeeded"
        while waiting:
            index = waiting.pop()
            status = statuses[index]
            if status == "Succeeded":
                continue
            if status == "Failed":
                return "Failed"
            if status == "TimedOut":
                worst = "TimedOut"
            elif status == "Skipped":
                if seen >> index & 1:
                    continue
                seen |= 1 << index
                waiting.extend(other for other, _ in frame.plan.nodes[index].predecessors)
        return worst

    # -- activities --------------------------------------------------------------------------------------------

    def begin(self, activity: Activity, *, of: int | None = None, status: ActionStatus = "Running") -> None:
        """Register a started action and its time limit."""
        node, frame = activity.node, activity.frame
        self.live[activity.serial] = activity
        frame.statuses[node.index] = "Running"
        activity.note = status
        timeout = node.step.timeout_s
        if timeout is not None:
            self.start_timer(activity, "timeout", activity.started_at + ticks(timeout))
        self.commands.append(
            NoteStarted(action=node.name, at=activity.started_at, repetition=frame.env.repetition, of=of, status=status)
        )

    def new_activity(self, frame: Frame, node: Node) -> Activity:
        tracking = self.tracking_id()
        return Activity(self.serial, frame, node, self.now, tracking)

    def record_of(self, activity: Activity, status: str, code: str | None = None, error: Any = None) -> Record:
        record = Record(activity.node.name, status, activity.started_at, self.now, activity.tracking_id)
        record.code = code
        record.error = error
        record.inputs, record.has_inputs = activity.inputs, activity.has_inputs
        record.secure_inputs = activity.is_secure or activity.node.step.secure_inputs
        record.secure_outputs = activity.node.step.secure_outputs
        return record

    def complete(self, activity: Activity, record: Record) -> None:
        """Settle a started action: its timers end, its successors may start."""
        self.live.pop(activity.serial, None)
        if activity.timers:
            self.cancel_timers(activity)
        self.settle(activity.frame, activity.node, record)

    def settle(self, frame: Frame, node: Node, record: Record) -> None:
        self.settled_actions += 1
        self.write_record(frame, node, record)
        index = node.index
        frame.statuses[index] = record.status
        frame.codes[index] = record.code
        frame.left -= 1
        unmet = frame.unmet
        work = self.work
        for successor in node.successors:
            unmet[successor] -= 1
            if not unmet[successor]:
                work.append((_ready, frame, successor))
        if not frame.left:
            work.append((_frame_ended, frame, 0))

    def write_record(self, frame: Frame, node: Node, record: Record) -> None:
        """Tell history, and keep the record where a later expression can read it."""
        step = node.step
        env = frame.env
        if step.is_read:
            env.records[node.name] = record
        tracked = self._tracked(step, env, record) if step.tracked is not None else None
        hides_inputs, hides_outputs = record.secure_inputs, record.secure_outputs
        self.commands.append(
            RecordAction(
                action=node.name,
                type=step.type,
                status=cast("ActionStatus", record.status),
                order=step.order,
                repetition=env.repetition,
                loops=step.loops,
                code=record.code,
                error=record.error,
                failure=record.failure,
                inputs=None if hides_inputs else record.inputs,
                outputs=None if hides_outputs else record.outputs,
                has_inputs=record.has_inputs,
                has_outputs=record.has_outputs,
                started_at=record.started_at,
                ended_at=record.ended_at,
                tracking_id=record.tracking_id,
                attempts=record.attempts,
                iterations=record.iterations,
                tracked=tracked,
                secure_inputs=hides_inputs,
                secure_outputs=hides_outputs,
                because=record.because,
            )
        )

    def _tracked(self, step: AnyStep, env: Env, record: Record) -> Any:
        assert step.tracked is not None
        scope = self.scope.enter(env, step.name, "tracked")
        scope.current = record
        try:
            value = step.tracked.evaluate(scope)
        except FAULTS as fault:
            return {"error": {"code": "TrackedPropertiesEvaluationFailed", "message": message_of(fault)}}
        if scope.is_tainted or record.secure_inputs or record.secure_outputs:
            return {"error": {"code": "Secured", "message": outcome.HIDDEN}}
        limit = self.program.profile.limits.get("tracked_chars")
        if limit is not None and len(repr(value)) > limit.value:
            message = f"The tracked properties of action '{step.name}' exceed {limit.value} characters."
            return {"error": {"code": "TrackedPropertiesSizeLimitExceeded", "message": message}}
        return value

    # -- skipping ----------------------------------------------------------------------------------------------

    def skip(self, frame: Frame, node: Node, error: dict[str, Any], because: tuple[str, str, str], code: str) -> None:
        record = self._unrun(frame, node, "Skipped", code, error, because)
        self.settle(frame, node, record)
        if node.blocks:
            self.skip_inside(frame.env, node, "Skipped", code)

    def skip_inside(self, env: Env, node: Node, status: str, code: str) -> None:
        """Record everything inside a container that never opened its blocks."""
        waiting: deque[tuple[Node, str, str]] = deque([(node, status, code)])
        while waiting:
            container, its_status, its_code = waiting.popleft()
            for block in container.blocks:
                shut = Frame(block, env, None)
                for inner in block.nodes:
                    error = outcome.dependency_skip(inner.name, container.name, its_status, its_code)
                    because = (container.name, its_status, its_code)
                    self.write_record(shut, inner, self._unrun(shut, inner, "Skipped", "ActionSkipped", error, because))
                    self.budget -= 1
                    if inner.blocks:
                        waiting.append((inner, "Skipped", "ActionSkipped"))

    def skip_branch(self, env: Env, owner: Node, block: BlockPlan) -> None:
        """Record the actions of a branch that was not taken."""
        shut = Frame(block, env, None)
        for inner in block.nodes:
            error = outcome.branch_skip(inner.name)
            because = (owner.name, "Succeeded", "ActionBranchingConditionNotSatisfied")
            self.write_record(shut, inner, self._unrun(shut, inner, "Skipped", "ActionSkipped", error, because))
            self.budget -= 1
            if inner.blocks:
                self.skip_inside(env, inner, "Skipped", "ActionSkipped")

    def fail_branch(self, env: Env, block: BlockPlan, why: str) -> None:
        """Record the actions of a branch whose choice itself failed."""
        shut = Frame(block, env, None)
        for inner in block.nodes:
            error = outcome.choice_failed(inner.name, why)
            record = self._unrun(shut, inner, "Failed", "InternalServerError", error, None)
            self.write_record(shut, inner, record)
            if inner.blocks:
                self.skip_inside(env, inner, "Failed", "InternalServerError")

    def end_frame(self, frame: Frame, code: str) -> None:
        """Shut a frame whose run or container has ended: what never began is skipped with this code."""
        frame.is_dead = True
        for node in frame.plan.nodes:
            if frame.statuses[node.index] in UNSTARTED:
                frame.statuses[node.index] = "Skipped"
                because = (node.step.container or "", "Cancelled", code)
                error = outcome.ended_skip(node.name, code)
                self.write_record(frame, node, self._unrun(frame, node, "Skipped", code, error, because))
                if node.blocks:
                    self.skip_inside(frame.env, node, "Skipped", code)

    def _unrun(
        self,
        frame: Frame,
        node: Node,
        status: str,
        code: str,
        error: dict[str, Any],
        because: tuple[str, str, str] | None,
    ) -> Record:
        record = Record(node.name, status, self.now, self.now, self.tracking_id())
        record.code = code
        record.error = error
        record.because = because
        return record

    def abort(self, activity: Activity, code: str) -> None:
        """Cancel a started action and everything started inside it; the caller settles or ends its frame."""
        inner = [each for each in self.live.values() if each is not activity and _is_around(activity, each)]
        for each in reversed(inner):
            self._cancel(each, code)
        for frame in activity.frames:
            self.end_frame(frame, code)
        self._release(activity)

    def loops_within(self, activity: Activity) -> list[LoopActivity]:
        """Return the loops under way that are or are inside this activity, the innermost first."""
        within = [each for each in self.live.values() if each is activity or _is_around(activity, each)]
        return [each for each in reversed(within) if isinstance(each, LoopActivity)]

    def cancel_all(self, code: str) -> None:
        """Cancel whatever is under way and skip what never began: the run is over."""
        self.work.clear()
        self.writes.clear()
        self.racing.clear()
        for each in reversed(list(self.live.values())):
            self._cancel(each, code)
        if self.root_frame is not None:
            self.end_frame(self.root_frame, code)
        self.queue.clear()

    def _cancel(self, activity: Activity, code: str) -> None:
        for frame in activity.frames:
            self.end_frame(frame, code)
        self._release(activity)
        activity.frame.statuses[activity.node.index] = "Cancelled"
        error = {"code": code, "message": f"The action '{activity.node.name}' was cancelled."}
        record = self.record_of(activity, "Cancelled", code, error)
        if isinstance(activity, LoopActivity):
            record.iterations = activity.finished
        if isinstance(activity, CallActivity):
            record.attempts = tuple(activity.attempts)
        self.write_record(activity.frame, activity.node, record)

    def _release(self, activity: Activity) -> None:
        """Let go of what an activity holds outside: its call, its signal, its timers."""
        self.live.pop(activity.serial, None)
        self.cancel_timers(activity)
        if isinstance(activity, CallActivity):
            if activity.call_id is not None and self.calls.pop(activity.call_id, None) is not None:
                self.commands.append(CancelCall(id=activity.call_id))
            if self.signals.pop((activity.node.name, activity.frame.env.repetition), None) is not None:
                assert self.on_give_up is not None
                self.on_give_up(self, activity)

    # -- timers ------------------------------------------------------------------------------------------------

    def start_timer(self, activity: Activity, kind: str, due: int) -> None:
        self.started_timers += 1
        repetition = repetition_name(activity.frame.env.repetition)
        timer = f"{self.run_id}/{activity.node.name}/{repetition}/{kind}/{self.started_timers}"
        activity.timers[kind] = timer
        self.timers[timer] = (kind, activity)
        self.commands.append(StartTimer(id=timer, due=due))

    def cancel_timers(self, activity: Activity) -> None:
        for timer in activity.timers.values():
            if self.timers.pop(timer, None) is not None:
                self.commands.append(CancelTimer(id=timer))
        activity.timers.clear()

    # -- evaluating --------------------------------------------------------------------------------------------

    def evaluate(self, template: Template, frame: Frame, node: Node, key: str = "") -> Any:
        """Evaluate for an action; `scope.is_tainted` afterwards says whether the value comes from something secured."""
        self.budget -= 1
        return template.evaluate(self.scope.enter(frame.env, node.name, key))


def _is_around(outer: Activity, inner: Activity) -> bool:
    owner = inner.frame.owner
    while owner is not None:
        if owner is outer:
            return True
        owner = owner.frame.owner
    return False


def _ready(machine: Machine, frame: Frame, index: int) -> None:
    """All predecessors are settled: run, or skip for the first whose status was not wished."""
    if frame.is_dead:
        return
    node = frame.plan.nodes[index]
    statuses = frame.statuses
    for other, wished in node.predecessors:
        status = statuses[other]
        if status not in wished:
            name = frame.plan.nodes[other].name
            assert status is not None
            error = outcome.condition_skip(node.name, name, wished, status)
            machine.budget -= 1
            machine.skip(frame, node, error, (name, status, frame.codes[other] or ""), "ActionSkipped")
            return
    node.starter(machine, frame, node)


def _frame_ended(machine: Machine, frame: Frame, _: Any) -> None:
    if frame.is_dead:
        return
    frame.is_dead = True
    status = machine.frame_status(frame)
    owner = frame.owner
    if owner is None:
        assert machine.on_root_end is not None
        machine.on_root_end(machine, status)
        return
    owner.frames.remove(frame)
    assert owner.on_end is not None
    owner.on_end(machine, owner, frame, status)
