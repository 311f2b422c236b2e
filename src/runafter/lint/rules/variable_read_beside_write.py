from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import variable_writes, variables_read
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class VariableReadBesideWrite(Rule):
    """A branch reads a variable that a branch beside it changes at the same time.

    Why: the value that is read depends on which branch is quicker.
    Instead: read it after both branches, or keep the value in a Compose that the reader waits for.
    Safe when: the branches never both run. An Until that waits for the variable to be set is not reported.
    Source: Microsoft Learn, "Store and manage values by using variables" (variables are global to the run).
    """

    code = "RAC006"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        writes = variable_writes(flow)
        if not writes:
            return
        wrote = {site.key: variable for site, variable, _ in writes}
        for reader in flow.sites:
            if reader.folded == "until":
                continue  # it waits for the other branch to set it
            read = variables_read(use.expression for use in flow.uses_of(reader))
            for writer, variable, _ in writes:
                if variable not in read or wrote.get(reader.key) == variable:
                    continue
                if flow.order.are_siblings_at_once(reader, writer):
                    yield self.issue(
                        flow,
                        reader.part,
                        f"{reader.name!r} reads the variable {variable!r} while {writer.name!r} may be changing it",
                        sites=(reader, writer),
                        evidence=[at(f"{writer.name!r} changes it in a branch beside", writer)],
                        remedies=[Remedy(text=f"run {reader.name!r} after {writer.name!r}", cost="time")],
                    )
                    break
