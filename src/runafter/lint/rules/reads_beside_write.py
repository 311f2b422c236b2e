from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.effects import Record
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class ReadsBesideWrite(Rule):
    """A branch reads from a store what a branch beside it writes there at the same time.

    Why: nothing orders the two. Today the read comes second, under load it comes first and finds nothing or the old value.
    Instead: let the reading action run after the writing one, or hand the value over from the writer's outputs.
    Safe when: the records are different ones for certain.
    Source: Microsoft Learn, "Run actions based on group status" and "Create parallel branches" (no order between branches).
    """

    code = "RAC005"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        reads = [
            (s, c.record) for s, c in flow.calling if c.kind == "read" and c.record is not None and c.api != "http"
        ]
        writes = [(s, c.record, c) for s, c in flow.calling if c.changes_data and c.record is not None]
        for reader, read in reads:
            for writer, record, call in writes:
                if record is None or not _meet(read, record, call.kind):
                    continue
                if flow.order.are_siblings_at_once(reader, writer):
                    yield self.issue(
                        flow,
                        reader.part,
                        f"{reader.name!r} reads what {writer.name!r} writes at the same time: nothing orders the two",
                        sites=(reader, writer),
                        evidence=[at(f"{writer.name!r} writes there", writer)],
                        remedies=[Remedy(text=f"run {reader.name!r} after {writer.name!r}", cost="time")],
                    )
                    break


def _meet(read: Record, written: Record, kind: str) -> bool:
    if read.store != written.store or len(read.store) < 2:
        return False
    if read.key is None or written.key is None:
        return kind == "create" or read.key == written.key
    return read.key == written.key
