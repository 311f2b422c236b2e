"""Who may see an item, who has a file checked out, what was approved: kept beside the item, enforced nowhere.

Paths after Microsoft's azure-connectors client; answers from experience of the platform, not verified against a page.
"""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import Refused, connector_failure, ok
from runafter.connectors.packs.sharepointonline.lists import Lists
from runafter.connectors.spec import Call, Row
from runafter.protocol.events import Outcome

STATE = "$sharing"
_STATUSES = {"1": "Approved", "2": "Pending", "3": "Rejected"}


def _place(call: Call) -> tuple[str, Row]:
    key = f"{call.text('dataset').lower()}|{call.text('table')}|{call.text('id')}"
    return key, call.store.get(STATE, key) or {"shared": [], "checkedOutBy": None, "approval": None}


def _kept(call: Call, **fields: Any) -> Outcome:
    key, row = _place(call)
    call.store.put(STATE, key, {**row, **fields})
    return ok(None)


def _of_list(call: Call) -> None:
    """Refuse an item that a known list lacks; a library's files are not looked up."""
    lists = Lists(call.store, call.around, call.now, call.user, call.text("dataset"))
    try:
        of = lists.named(call.text("table"))
    except Refused:
        return
    lists.item(of, call.text("id"))


def grant_access(call: Call) -> Outcome:
    _of_list(call)
    given = call.record("parameter")
    entry = {"recipients": given.get("recipients"), "role": given.get("roleValue"), "at": call.now}
    return _kept(call, shared=[*_place(call)[1]["shared"], entry])


def unshare_item(call: Call) -> Outcome:
    _of_list(call)
    return _kept(call, shared=[])


def check_out_file(call: Call) -> Outcome:
    _, row = _place(call)
    holder = row["checkedOutBy"]
    if holder is not None and holder != call.user:
        return connector_failure(
            423, f"The file is checked out for editing by {holder}.", source="sharepointonline.emulated"
        )
    return _kept(call, checkedOutBy=call.user)


def check_in_file(call: Call) -> Outcome:
    _, row = _place(call)
    if row["checkedOutBy"] is None:
        return connector_failure(400, "The file is not checked out.", source="sharepointonline.emulated")
    return _kept(call, checkedOutBy=None, comment=call.record("parameter").get("comments"))


def discard_file_check_out(call: Call) -> Outcome:
    return _kept(call, checkedOutBy=None)


def set_approval_status(call: Call) -> Outcome:
    _of_list(call)
    action = call.text("approvalAction")
    return _kept(call, approval=_STATUSES.get(action, action), comment=call.text("comments"))
