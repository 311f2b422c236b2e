from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.part import Part

_NEEDED = ("Name", "ContentBytes")


class AttachmentIncomplete(Rule):
    """An attachment of a mail lacks its name or its content.

    Why: the connector refuses the mail, or it arrives without the attachment.
    Instead: both `Name` and `ContentBytes` for each attachment.
    Safe when: never.
    Source: Power Apps checker, rule `flow-outlook-attachment-missing-info` (include all required attachment information),
    as listed in a published rule table, read 2026-11-21; Microsoft Learn, Office 365 Outlook connector.
    """

    code = "VAL005"
    severity = "error"
    family = "validation"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            if not call.api.startswith(
                ("office365", "shared_office365", "outlook", "shared_outlook", "smtp", "shared_smtp")
            ):
                continue
            for attachments in _attachments(site.part):
                for item in attachments.items():
                    if not item.is_object:
                        continue
                    have = {key.casefold() for key, part in item.members() if part.value not in ("", None)}
                    missing = [name for name in _NEEDED if name.casefold() not in have]
                    if missing and have & {"name", "contentbytes", "contenttype", "size"}:
                        yield self.issue(
                            flow,
                            item,
                            f"an attachment of {site.name!r} has no {' and no '.join(missing)}",
                            sites=(site,),
                        )


def _attachments(part: Part) -> Iterator[Part]:
    for holder in (part.at("inputs", "parameters"), part.at("inputs", "body")):
        for key, value in holder.members() if holder is not None and holder.is_object else ():
            if key.rsplit("/", 1)[-1].casefold() == "attachments":
                yield value
