"""Approvals: created, answered by people or rules, reminded, expired; whoever waits is told once.

Types: `Basic` (first to respond), `BasicAwaitAll` (everyone must approve), `CustomResponse` (one response),
`CustomResponseAwaitAll`. Outcomes: Approve or Reject; several custom responses are joined by ", ".
Shapes after learn.microsoft.com/connectors/approvals (WebhookApprovalResult).
"""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import failure, ok, refuse
from runafter.connectors.instants import TICKS_PER_SECOND, iso_fraction
from runafter.connectors.seedshape import NUMBER, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

APPROVALS = "approvals"
TYPES = ("Basic", "BasicAwaitAll", "CustomResponse", "CustomResponseAwaitAll")


def _people(text: Any) -> list[dict[str, Any]]:
    mails = [part.strip() for part in str(text or "").replace(",", ";").split(";") if part.strip()]
    return [
        {
            "id": mail,
            "displayName": mail.split("@")[0].replace(".", " ").title(),
            "email": mail,
            "tenantId": "",
            "userPrincipalName": mail,
        }
        for mail in mails
    ]


def _create(call: Call, given: dict[str, Any]) -> Row | Outcome:
    kind = call.text("approvalType", "Basic")
    if kind not in TYPES:
        return failure(400, "InvalidApprovalType", f"The approval type '{kind}' is not one of {', '.join(TYPES)}.")
    approvers = _people(given.get("assignedTo"))
    if not approvers:
        return failure(400, "InvalidApprovalCreateRequestAssignedToMissing", "The 'assignedTo' property is missing.")
    options = given.get("responseOptions")
    options = [str(option) for option in options] if isinstance(options, list) and options else ["Approve", "Reject"]
    ident = call.around.new_id()
    row: Row = {
        "name": ident,
        "type": kind,
        "title": str(given.get("title") or ""),
        "details": given.get("details"),
        "itemLink": given.get("itemLink"),
        "itemLinkDescription": given.get("itemLinkDescription"),
        "approvers": approvers,
        "requestor": (_people(given.get("requestor")) or _people(call.user))[0],
        "options": options,
        "created": call.now,
        "responses": [],
        "status": "Pending",
        "outcome": None,
        "completed": None,
        "callbacks": [],
        "reminders": 0,
    }
    call.store.put(APPROVALS, ident, row)
    _notify(call, row, "waits for your answer")
    _arrange(call, row)
    return row


def _notify(call: Call, row: Row, what: str) -> None:
    number = call.store.next_number("notification")
    for person in row["approvers"]:
        mail = {"to": person["email"], "subject": f"'{row['title']}' {what}", "approval": row["name"]}
        call.store.put("notifications", f"{number}/{person['email']}", mail)


def _arrange(call: Call, row: Row) -> None:
    """Let the seed's rules answer, remind and expire by the clock."""
    store, around, name, start = call.store, call.around, row["name"], call.now
    expiry = store.get("settings", "expiry")
    reminder = store.get("settings", "reminder")
    for person in row["approvers"]:
        rule = store.get("rules", person["email"].lower()) or store.get("rules", "*")
        if rule is not None and rule.get("answer") is not None:
            mail, answer, comment = person["email"], str(rule["answer"]), str(rule.get("comments", ""))
            delay = float(rule.get("after_s", 0))
            if answer not in row["options"]:
                text = (
                    f"The seed's rule answers '{answer}' for {mail}; the approval offers {', '.join(row['options'])}."
                )
                raise refuse(400, "InvalidApprovalResponse", text)

            def respond_later(
                mail: str = mail, answer: str = answer, comment: str = comment, delay: float = delay
            ) -> None:
                held = store.get(APPROVALS, name)
                if held is None or held["status"] != "Pending" or _answered(held, mail):
                    return  # the first answer settled it, or a person was quicker
                respond(store, around, name, mail, answer, comment, start + round(delay * TICKS_PER_SECOND))

            around.later(delay, respond_later)
    if reminder is not None:
        every = float(reminder["every_s"])

        def remind() -> None:
            held = store.get(APPROVALS, name)
            if held is None or held["status"] != "Pending":
                return
            changed = {**held, "reminders": held["reminders"] + 1}
            store.put(APPROVALS, name, changed)
            _notify(call, changed, "still waits for your answer")
            if changed["reminders"] < int(reminder.get("times", 3)):
                around.later(every, remind)

        around.later(every, remind)
    if expiry is not None:
        around.later(float(expiry["after_s"]), lambda: _expire(store, name))


def _answered(row: Row, mail: str) -> bool:
    return any(each["responder"]["email"].lower() == mail.lower() for each in row["responses"])


def _expire(store: Store, name: str) -> None:
    held = store.get(APPROVALS, name)
    if held is not None and held["status"] == "Pending":
        store.put(APPROVALS, name, {**held, "status": "Expired"})


def respond(
    store: Store, around: Surroundings, name: str, mail: str, answer: str, comments: str = "", now: int = 0
) -> str:
    """Record a person's answer; return the approval's status afterwards.

    Raises:
        KeyError: there is no such approval.
        ValueError: the person is no approver, answered already, the approval is over, or the answer is no option.
    """
    row = store.get(APPROVALS, name)
    if row is None:
        raise KeyError(name)
    if row["status"] != "Pending":
        raise ValueError(f"the approval is {row['status'].lower()}")
    if answer not in row["options"]:
        raise ValueError(f"the answer must be one of {', '.join(row['options'])}")
    person = next((p for p in row["approvers"] if p["email"].lower() == mail.lower()), None)
    if person is None or any(r["responder"]["email"] == person["email"] for r in row["responses"]):
        raise ValueError(f"{mail} has nothing to answer here")
    at = now or row["created"]
    response = {
        "responder": person,
        "requestDate": iso_fraction(row["created"]),
        "responseDate": iso_fraction(at),
        "approverResponse": answer,
        "comments": comments,
    }
    changed = {**row, "responses": [*row["responses"], response]}
    waits_for_all = row["type"].endswith("AwaitAll")
    rejected = answer == "Reject" and row["type"] == "BasicAwaitAll"
    if not waits_for_all or rejected or len(changed["responses"]) == len(row["approvers"]):
        answers = [r["approverResponse"] for r in changed["responses"]]
        outcome = ", ".join(answers) if row["type"] == "CustomResponseAwaitAll" else ("Reject" if rejected else answer)
        changed |= {"status": "Completed", "outcome": outcome, "completed": at}
    store.put(APPROVALS, name, changed)
    if changed["status"] == "Completed":
        for callback in changed["callbacks"]:
            around.signal(callback, {"headers": {}, "body": result(changed)})
    return str(changed["status"])


def result(row: Row) -> dict[str, Any]:
    """Return a settled approval as those who waited get it."""
    return {
        "responses": row["responses"],
        "responseSummary": "\n".join(
            f"Approver: {r['responder']['displayName']}, {r['responder']['email']}\nResponse: {r['approverResponse']}\n"
            f"Request Date: {r['requestDate']}\nResponse Date: {r['responseDate']}\nComments: {r['comments']}"
            for r in row["responses"]
        ),
        "completionDate": iso_fraction(row["completed"]) if row["completed"] else None,
        "outcome": row["outcome"],
        "name": row["name"],
        "title": row["title"],
        "details": row["details"],
        "requestDate": iso_fraction(row["created"]),
        "expirationDate": None,
    }


def _wait(call: Call, row: Row) -> Outcome:
    if row["status"] == "Completed" and call.callback_url:
        call.around.signal(call.callback_url, {"headers": {}, "body": result(row)})
    elif call.callback_url:
        held = call.store.get(APPROVALS, row["name"]) or row
        call.store.put(APPROVALS, row["name"], {**held, "callbacks": [*held["callbacks"], call.callback_url]})
    return ok({"name": row["name"]}, status=201, headers={"Location": f"/approvals/{row['name']}/subscriptions/1"})


def start_and_wait_for_an_approval(call: Call) -> Outcome:
    created = _create(call, call.record("WebhookApprovalCreationInput"))
    return created if isinstance(created, Outcome) else _wait(call, created)


def create_an_approval(call: Call) -> Outcome:
    created = _create(call, call.record("ApprovalCreationInput"))
    if isinstance(created, Outcome):
        return created
    link = f"https://make.powerautomate.com/approvals/{created['name']}"
    base = {"name": created["name"], "id": f"/approvals/{created['name']}", "title": created["title"]}
    more = {"respondLink": link, "assignedTo": created["approvers"], "requestDate": iso_fraction(call.now)}
    return ok({**base, **more, "allowCancel": True, "creationDate": iso_fraction(call.now)}, status=201)


def wait_for_an_approval(call: Call) -> Outcome:
    row = call.store.get(APPROVALS, call.text("approvalName").rsplit("/", 1)[-1])
    if row is None:
        return failure(404, "ApprovalNotFound", f"The approval '{call.text('approvalName')}' was not found.")
    return _wait(call, row)


SEED = {
    "rules": {"*": {"answer": TEXT, "after_s": NUMBER, "comments": TEXT}},
    "expiry": {"after_s!": NUMBER},
    "reminder": {"every_s!": NUMBER, "times": NUMBER},
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `rules: {address or "*": {answer, after_s, comments}}`, `expiry: {after_s}`, `reminder: {every_s, times}`."""
    for address, rule in (value.get("rules") or {}).items():
        store.put("rules", str(address).lower(), rule)
    for name in ("expiry", "reminder"):
        if value.get(name):
            store.put("settings", name, value[name])
