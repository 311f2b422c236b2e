from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import calls_in
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.part import Part

_WORDS = (
    "idempot", "if-none-match", "messageid", "message-id", "client-request-id", "repeatability", "deduplic", "correlation",
    "uniquekey", "externalid", "requestid", "transactionid",
)  # fmt: skip


class WriteWithoutIdempotencyKey(Rule):
    """A create is repeated on failure, and nothing lets the other side recognise the repetition.

    Why: the first attempt may have been carried out although its answer was lost. The second one creates a duplicate.
    Instead: send a key made from the run and the item (`workflow()['run']['name']`, the item's id) in a field with a unique
    constraint, or create with the key as the id; otherwise switch retries off and handle the failure.
    Safe when: duplicates do no harm; waive with that reason.
    Source: draft-ietf-httpapi-idempotency-key-header; Microsoft Learn, "Retry pattern" (idempotency).
    """

    code = "RTY003"
    severity = "note"
    family = "retry"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            policy = flow.retry_of(site)
            if call.kind != "create" or call.is_idempotent or policy is None or policy.count == 0:
                continue
            if _has_key(site.part.get("inputs")):
                continue
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} ({call.title}) is tried up to {policy.count + 1} times and sends no key: "
                "a lost answer makes a duplicate",
                sites=(site,),
                remedies=[
                    Remedy(text="send a key from the run and the item", cost="a unique field in the store"),
                    Remedy(text="look for the record before creating it again", cost="one call"),
                    Remedy(text='switch retries off: "retryPolicy": {"type": "none"}', cost="a throttled call fails"),
                ],
            )


def _has_key(inputs: Part | None) -> bool:
    if inputs is None:
        return False
    text = repr(inputs.value).casefold().replace("_", "").replace(" ", "")
    return any(word.replace("_", "") in text for word in _WORDS) or any(
        call.name.casefold() == "workflow" for call in calls_in(inputs)
    )
