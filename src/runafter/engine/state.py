"""What a live run holds: environments, records, frames, activities.

An *environment* is the root or one loop iteration; scopes and branches share
the one around them. It maps action names to records; lookups walk up. A
*frame* is one instantiation of a block: counters of unmet predecessors, so
that a finished action costs its successors and never a scan. An *activity* is
one started action that is not settled yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runafter.program.retry import NO_RETRY
from runafter.protocol.commands import Attempt, Repetition

if TYPE_CHECKING:
    from runafter.engine.plan import BlockPlan, Node

UNSTARTED = (None, "Waiting")
"""Slots of `Frame.statuses` before an action starts: predecessors unmet, or ready and queued for a free slot."""


class Record:
    """One settled repetition of an action, as later expressions may read it."""

    __slots__ = (
        "attempts",
        "because",
        "code",
        "ended_at",
        "error",
        "failure",
        "has_inputs",
        "has_outputs",
        "inputs",
        "iterations",
        "name",
        "outputs",
        "secure_inputs",
        "secure_outputs",
        "started_at",
        "status",
        "tracking_id",
    )

    def __init__(self, name: str, status: str, started_at: int, ended_at: int, tracking_id: str) -> None:
        self.name = name
        self.status = status
        self.started_at = started_at
        self.ended_at = ended_at
        self.tracking_id = tracking_id
        self.code: str | None = None
        self.error: Any = None
        self.failure: Any = None
        self.inputs: Any = None
        self.outputs: Any = None
        self.has_inputs = False
        self.has_outputs = False
        self.secure_inputs = False
        self.secure_outputs = False
        self.attempts: tuple[Attempt, ...] = ()
        self.iterations: int | None = None
        self.because: tuple[str, str, str] | None = None


class Collected:
    """What an action inside a finished Foreach left behind: one entry per item, in item order; None where it never ran."""

    __slots__ = ("entries",)

    def __init__(self, entries: list[Record | Collected | None]) -> None:
        self.entries = entries


Kept = Record | Collected


class Env:
    """An iteration environment; `loop` is None for the root."""

    __slots__ = ("index", "is_secure", "item", "loop", "parent", "records", "repetition")

    def __init__(self, parent: Env | None, loop: str | None, index: int, item: Any, *, is_secure: bool = False) -> None:
        self.parent = parent
        self.loop = loop
        self.index = index
        self.item = item
        self.is_secure = is_secure
        self.repetition: Repetition = () if parent is None else (*parent.repetition, index)
        self.records: dict[str, Kept] = {}

    def find(self, name: str) -> Kept | None:
        """Return the nearest record of the action, walking outwards."""
        env: Env | None = self
        while env is not None:
            found = env.records.get(name)
            if found is not None:
                return found
            env = env.parent
        return None


class Frame:
    """One instantiation of a block."""

    __slots__ = ("codes", "env", "is_dead", "left", "owner", "plan", "statuses", "unmet")

    def __init__(self, plan: BlockPlan, env: Env, owner: Activity | None) -> None:
        self.plan = plan
        self.env = env
        self.owner = owner
        size = len(plan.nodes)
        self.unmet = plan.counts.copy()
        self.statuses: list[str | None] = [None] * size
        self.codes: list[str | None] = [None] * size
        self.left = size
        self.is_dead = False


class Activity:
    """A started action that is not settled yet; this class alone for scopes, branches and waits."""

    __slots__ = (
        "frame",
        "frames",
        "has_inputs",
        "inputs",
        "is_secure",
        "node",
        "note",
        "on_end",
        "serial",
        "started_at",
        "timers",
        "tracking_id",
    )

    def __init__(self, serial: int, frame: Frame, node: Node, started_at: int, tracking_id: str) -> None:
        self.serial = serial
        self.frame = frame
        self.node = node
        self.started_at = started_at
        self.tracking_id = tracking_id
        self.inputs: Any = None
        self.has_inputs = False
        self.is_secure = False
        self.frames: list[Frame] = []
        self.timers: dict[str, str] = {}
        """Kind of timer -> its id; each kind at most once."""
        self.note = "Running"
        self.on_end: Callable[[Any, Any, Frame, str], None] | None = None


class CallActivity(Activity):
    """A call under way: waiting for its answer, for a retry, for a poll or for a signal."""

    __slots__ = ("attempt", "attempts", "call_id", "due", "is_subscribed", "location", "policy", "polls", "sent_at")

    def __init__(self, serial: int, frame: Frame, node: Node, started_at: int, tracking_id: str) -> None:
        super().__init__(serial, frame, node, started_at, tracking_id)
        self.attempt = 0
        self.attempts: list[Attempt] = []
        self.call_id: str | None = None
        self.due: int | None = None
        self.sent_at = started_at
        self.policy = NO_RETRY
        self.polls = 0
        self.location: str | None = None
        self.is_subscribed = False


class LoopActivity(Activity):
    """A Foreach or Until under way. It holds its window's frames, and of past iterations only what can be read."""

    __slots__ = ("collected", "finished", "items", "limit_count", "limit_until", "next_index", "running", "worst")

    def __init__(self, serial: int, frame: Frame, node: Node, started_at: int, tracking_id: str) -> None:
        super().__init__(serial, frame, node, started_at, tracking_id)
        self.items: list[Any] = []
        self.next_index = 0
        self.running = 0
        self.finished = 0
        self.worst = "Succeeded"
        self.collected: dict[str, list[Record | Collected | None]] = {}
        self.limit_count = 0
        self.limit_until = 0


class Variable:
    """A variable of the run. `is_shared` means a reader may hold `value`: copy before changing it in place."""

    __slots__ = ("is_secure", "is_shared", "name", "type", "value")

    def __init__(self, name: str, type_: str, value: Any, *, is_secure: bool = False) -> None:
        self.name = name
        self.type = type_
        self.value = value
        self.is_secure = is_secure
        self.is_shared = True
