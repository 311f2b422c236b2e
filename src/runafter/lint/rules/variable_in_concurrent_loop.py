from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import is_same_constant, variable_writes, variables_read
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site


class VariableInConcurrentLoop(Rule):
    """A loop that runs iterations at once changes a variable.

    Why: variables belong to the run, not to the iteration. Iterations that run together overwrite each other's
    value, read what another one set, and append in an order that differs from run to run.
    Instead: keep the value in a Compose inside the loop; collect results after it with Select over the loop's
    source, or from `outputs('Action')`, which is an array after the loop.
    Safe when: the loop runs one iteration at a time (repetitions 1, or Sequential). A flag that every iteration sets to
    the same constant, and none reads, is not reported.
    Source: Microsoft Learn, "Loops in workflows" (concurrency and variables) and "Store and manage values by using
    variables".
    """

    code = "RAC001"
    severity = "error"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        writes = variable_writes(flow)
        for site, variable, operation in writes:
            loop = flow.order.concurrent_loop(site)
            if loop is None or _is_flag(flow, site, variable, loop, writes):
                continue
            name = site.part.at("inputs", "name")
            shown = name.value if name is not None else variable
            count = flow.repetitions[loop.key]
            verb = {"set": "sets", "append": "appends to"}.get(operation, f"{operation}s")
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} {verb} the variable {shown!r} in {loop.name!r}, which runs {count} iterations at once",
                sites=(site, loop),
                evidence=[at(f"the loop {loop.name!r} runs {count} iterations at once", loop)],
                remedies=[
                    Remedy(text="keep the value in a Compose inside the loop and collect after it", cost="no cost at run time"),
                    Remedy(text="write to a store that appends or increments by itself", cost="one call an iteration"),
                    Remedy(text="run one iteration at a time", cost="the loop takes as long as all iterations in a row"),
                ],
            )  # fmt: skip


def _is_flag(flow: Flow, site: Site, variable: str, loop: Site, writes: list[tuple[Site, str, str]]) -> bool:
    """Tell whether all that the loop does with a variable is to set it to one constant: then order does not matter."""
    inside = list(flow.inside(loop))
    keys = {each.key for each in inside}
    ours = [each for each, name, _ in writes if name == variable and each.key in keys]
    if not all(is_same_constant(site, each) for each in ours):
        return False
    return not any(variable in variables_read(use.expression for use in flow.uses_of(each)) for each in inside)
