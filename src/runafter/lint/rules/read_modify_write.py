from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.changing import changed_by
from runafter.lint.analysis.flowing import calls_read, derives
from runafter.lint.analysis.locks import locks_of
from runafter.lint.analysis.reading import expressions_in, runs_overlap
from runafter.lint.analysis.sharing import iterations_share, key_expressions, runs_share
from runafter.lint.effects import Call
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site
from runafter.program.part import Part

_GUARDS = frozenset({"if-match", "etag", "@odata.etag", "rowversion"})


class ReadModifyWrite(Rule):
    """A record is read, changed and written back where another iteration or run can do the same in between.

    The record may be named, or be a row that a search found; a number made from the highest one of a list counts too,
    and so does text added to the text that was read. The way from reading to writing may lead over variables, loops
    and Compose actions.

    Why: both read the same value, both add to it, the second write hides the first. Nothing fails; the number is wrong.
    Instead: let the store change the value in one step (increment, SQL `set n = n + 1`), or send the ETag with the
    update (`If-Match`) and repeat the whole cycle on 412, or let only one at a time do it.
    Safe when: every iteration, and every run, works on a record of its own.
    Source: Microsoft Learn, "Optimistic concurrency and conditional updates"; RFC 9110, section 13.1.1.
    """

    code = "RAC002"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        reads = [(site, call) for site, call in flow.calling if call.kind == "read" and call.record is not None]
        overlap = runs_overlap(flow)
        locks = list(locks_of(flow))
        for site, call in flow.calling:
            if call.kind not in {"update", "create"} or call.record is None or _is_guarded(site.part):
                continue
            stores = [(reader, read) for reader, read in reads if _share_a_store(read, call)]
            fed = calls_read(flow, site, expressions_in(site.part.get("inputs"))) if stores else set()
            for reader, read in stores:
                if (
                    reader.key not in fed
                    or not flow.order.is_before(reader, site)
                    or not _is_read_back(flow, reader, read, site, call)
                ):
                    continue
                computed = changed_by(flow, site, reader)
                if computed is None:
                    continue
                region = _region(flow, site, reader, overlap)
                if region is None or any(reader in lock.inside and site in lock.inside for lock in locks):
                    continue
                middle = f", {computed.name!r}" if computed is not site else ""
                what = (
                    f"read, change and write the record {call.record.key!r}"
                    if call.kind == "update"
                    else "read the last value and create the next one from it"
                )
                yield self.issue(
                    flow,
                    site.part,
                    f"{reader.name!r}{middle} and {site.name!r} {what} while {region}",
                    sites=(site, reader),
                    evidence=[
                        at(f"{reader.name!r} reads the record", reader),
                        at(f"{site.name!r} writes it back", site),
                    ],
                    remedies=_REMEDIES if call.kind == "update" else _OF_NUMBERS,
                )
                break


_REMEDIES = (
    Remedy(text="do not share the record: one for each item, summed up later", cost="a change of the data model"),
    Remedy(text="change the value in one step in the store (SQL update, stored procedure)", cost="needs such a store"),
    Remedy(text="send the ETag with If-Match and repeat read and write on 412", cost="more calls under contention"),
    Remedy(text="one at a time: loop repetitions 1, trigger concurrency 1", cost="throughput"),
)
_OF_NUMBERS = (
    Remedy(text="let the store number its rows (autonumber, identity, the item's own ID)", cost="a column"),
    Remedy(text="one at a time: loop repetitions 1, trigger concurrency 1", cost="throughput"),
)


def _share_a_store(read: Call, write: Call) -> bool:
    return (
        read.api == write.api
        and read.record is not None
        and write.record is not None
        and read.record.store == write.record.store
    )


def _is_read_back(flow: Flow, reader: Site, read: Call, site: Site, write: Call) -> bool:
    """Tell whether a call writes what another read: the same record, a row of the list that was read, or, where rows
    are made, a row beside those.
    """
    if read.record is None or write.record is None:
        return False
    if write.kind == "update" and write.record.key is not None and read.record == write.record:
        return True
    if read.record.key is not None or len(read.record.store) < 2:
        return False
    return write.kind == "create" or derives(flow, site, key_expressions(site.part), reader)


def _is_guarded(part: Part) -> bool:
    inputs = part.get("inputs")
    text = repr(inputs.value).casefold() if inputs is not None else ""
    return any(word in text for word in _GUARDS)


def _region(flow: Flow, site: Site, reader: Site, overlap: bool) -> str | None:
    """Say what else may do the same at the same time; None where each works on a record of its own."""
    loop = flow.order.concurrent_loop(site)
    if loop is not None and loop in reader.around() and iterations_share(flow, site, loop):
        return f"{loop.name!r} runs {flow.repetitions[loop.key]} iterations at once"
    if overlap and runs_share(flow, site):
        return "several runs may do so at once"
    return None
