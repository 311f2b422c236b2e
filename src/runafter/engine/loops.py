"""Foreach and Until.

A Foreach keeps a sliding window: as soon as one iteration ends the next one
starts. It holds the frames of its window and, of past iterations, only the
records that a later expression can read, in item order.
"""

from __future__ import annotations

import math
from typing import Any

from runafter.engine.blocks import block_verdict, quoted_source, wrong_type
from runafter.engine.failing import fail_choice, fail_container
from runafter.engine.faults import FAULTS
from runafter.engine.instants import ticks
from runafter.engine.machine import Machine
from runafter.engine.outcome import type_name
from runafter.engine.plan import Node
from runafter.engine.state import Collected, Env, Frame, LoopActivity
from runafter.errors import EvaluationError
from runafter.expressions.template import Template
from runafter.program.steps import ForeachStep, UntilStep
from runafter.values.time import duration_s
from runafter.values.wholes import whole


def start_foreach(machine: Machine, frame: Frame, node: Node) -> None:
    step = node.step
    assert isinstance(step, ForeachStep)
    try:
        items = machine.evaluate(step.source, frame, node)
    except FAULTS as fault:
        fail_choice(machine, frame, node, fault)
        return
    if not isinstance(items, list):
        message = (
            f"The execution of template action '{node.name}' failed: the result of the evaluation of 'foreach' expression "
            f"{quoted_source(step.source)}is of type '{type_name(items)}'. The result must be a valid array."
        )
        fail_container(machine, frame, node, "ExpressionEvaluationFailed", message)
        return
    limit = machine.program.profile.limits.get("foreach_items")
    if limit is not None and len(items) > limit.value:
        message = (
            f"The execution of template action '{node.name}' failed: it has {len(items)} items, more than the maximum of "
            f"{limit.value}."
        )
        fail_container(machine, frame, node, "ActionRepetitionLimitExceeded", message)
        return
    loop = _new_loop(machine, frame, node)
    loop.items = items
    loop.on_end = _on_item_end
    loop.is_secure = machine.scope.is_tainted
    machine.begin(loop, of=len(items))
    if items:
        _fill_window(machine, loop)
    else:
        _finish_foreach(machine, loop)


def _new_loop(machine: Machine, frame: Frame, node: Node) -> LoopActivity:
    tracking = machine.tracking_id()
    return LoopActivity(machine.serial, frame, node, machine.now, tracking)


def _fill_window(machine: Machine, loop: LoopActivity) -> None:
    step = loop.node.step
    assert isinstance(step, ForeachStep)
    items, block = loop.items, loop.node.blocks[0]
    while loop.running < step.concurrency and loop.next_index < len(items):
        index = loop.next_index
        loop.next_index = index + 1
        loop.running += 1
        machine.budget -= 1
        env = Env(loop.frame.env, loop.node.name, index, items[index], is_secure=loop.is_secure)
        machine.open_frame(block, env, loop)


def _on_item_end(machine: Machine, loop: LoopActivity, frame: Frame, status: str) -> None:
    loop.running -= 1
    loop.finished += 1
    if status != "Succeeded":
        # A time-out in an item fails the loop: public flows catch it with `runAfter: {loop: ["Failed"]}`.
        loop.worst = "Failed"
    _collect(machine, loop, frame.env)
    if loop.finished == len(loop.items):
        _finish_foreach(machine, loop)
    else:
        _fill_window(machine, loop)


def _collect(machine: Machine, loop: LoopActivity, env: Env) -> None:
    """Take from an iteration what a later expression can read."""
    steps = machine.program.steps
    for name, kept in env.records.items():
        if not steps[name].is_read_after_loop:
            continue
        entries = loop.collected.get(name)
        if entries is None:
            entries = loop.collected[name] = [None] * len(loop.items)
        entries[env.index] = kept


def keep_records(machine: Machine, loop: LoopActivity) -> None:
    """Let later expressions read what a loop did that was cut short, the iterations under way with it."""
    if isinstance(loop.node.step, ForeachStep):
        for frame in loop.frames:
            _collect(machine, loop, frame.env)
        _lay_down(machine, loop)
    else:
        for frame in loop.frames:
            loop.frame.env.records.update(frame.env.records)


def _finish_foreach(machine: Machine, loop: LoopActivity) -> None:
    _lay_down(machine, loop)
    _complete(machine, loop, loop.worst)


def _lay_down(machine: Machine, loop: LoopActivity) -> None:
    env = loop.frame.env
    for name in _readable_inside(machine, loop.node):
        env.records[name] = Collected(loop.collected.get(name) or [None] * len(loop.items))


def _readable_inside(machine: Machine, node: Node) -> list[str]:
    """Return the actions inside a loop whose records an expression can read, in definition order."""
    found: list[str] = []
    waiting = list(reversed(node.blocks))
    while waiting:
        block = waiting.pop()
        for inner in block.nodes:
            if inner.step.is_read and inner.step.is_read_after_loop:
                found.append(inner.name)
            waiting.extend(reversed(inner.blocks))
    return found


def _complete(machine: Machine, loop: LoopActivity, status: str) -> None:
    record = machine.record_of(loop, status, *block_verdict(status))
    record.iterations = loop.finished
    machine.complete(loop, record)


# -- Until -----------------------------------------------------------------------------------------------------


def start_until(machine: Machine, frame: Frame, node: Node) -> None:
    step = node.step
    assert isinstance(step, UntilStep)
    try:
        count = _limit(machine, step.limit_count, frame, node, _whole)
        timeout_s = _limit(machine, step.limit_timeout_s, frame, node, _seconds)
    except FAULTS as fault:
        fail_choice(machine, frame, node, fault)
        return
    loop = _new_loop(machine, frame, node)
    loop.on_end = _on_round_end
    loop.limit_count = count
    loop.limit_until = machine.now + ticks(timeout_s)
    machine.begin(loop, of=count)
    _next_round(machine, loop)


def _limit(machine: Machine, limit: Template | float, frame: Frame, node: Node, read: Any) -> Any:
    if isinstance(limit, int | float):
        return limit
    return read(machine.evaluate(limit, frame, node, "limit"))


def _whole(value: Any) -> int:
    value = whole(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise EvaluationError(f"The count limit of an Until is a whole number above 0, not {value!r}.")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    try:
        return duration_s(str(value))
    except ValueError as fault:
        raise EvaluationError(f"The timeout limit of an Until is no duration: {fault}.") from None


def _next_round(machine: Machine, loop: LoopActivity) -> None:
    index = loop.next_index
    loop.next_index = index + 1
    machine.budget -= 1
    machine.open_frame(loop.node.blocks[0], Env(loop.frame.env, loop.node.name, index, None), loop)


def _on_round_end(machine: Machine, loop: LoopActivity, frame: Frame, status: str) -> None:
    """Read the condition in the iteration that just ended. Its limits are checked here: a round is never cut short.

    Source: Microsoft Learn, "Add loops to repeat actions", Until limits: when an action takes longer than the
        timeout, the current cycle does not stop, but the next one does not start.
    """
    step = loop.node.step
    assert isinstance(step, UntilStep)
    loop.finished += 1
    is_done: Any
    try:
        machine.budget -= 1
        scope = machine.scope.enter(frame.env, loop.node.name, f"round {loop.finished}")
        is_done = step.condition.evaluate(scope)
    except FAULTS as fault:
        loop.frame.env.records.update(frame.env.records)
        fail_choice(machine, loop.frame, loop.node, fault, loop)
        return
    if not isinstance(is_done, bool):
        loop.frame.env.records.update(frame.env.records)
        message = wrong_type(loop.node.name, "Until", step.condition, is_done, "Boolean")
        fail_container(machine, loop.frame, loop.node, "ExpressionEvaluationFailed", message, None, loop)
        return
    by_count = loop.finished >= loop.limit_count
    if not is_done and not by_count and machine.now < loop.limit_until:
        _next_round(machine, loop)
        return
    loop.frame.env.records.update(frame.env.records)
    if not is_done and step.fails_at_limit:
        code = "CountLimitReached" if by_count else "TimeLimitReached"
        what = f"{loop.limit_count} iterations" if by_count else "its time limit"
        message = f"The Until action '{loop.node.name}' reached {what} before its condition was met."
        fail_container(machine, loop.frame, loop.node, code, message, None, loop)
        return
    _complete(machine, loop, status)
