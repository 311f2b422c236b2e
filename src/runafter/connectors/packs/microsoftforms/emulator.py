"""Forms and their responses. Shapes after azure.github.io/connectors-python-sdk/api/connectors/microsoft_forms.

What the trigger brings is from experience of the platform, not verified against a page.
"""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import iso
from runafter.connectors.seedshape import ANY, NUMBER, SCALAR, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome


def _missing(what: str, ident: str) -> Outcome:
    return failure(404, "NotFound", f"The {what} '{ident}' is not found.")


def create_form_webhook(call: Call) -> Outcome:
    """Subscribe; seeded responses with `after_s` are submitted that much later."""
    form, ident, store = call.text("form_id"), call.around.new_id(), call.store
    if store.rows("forms") and store.get("forms", form) is None:
        return _missing("form", form)
    address = call.callback_url or call.text("notificationUrl")
    store.put("subscriptions", ident, {"form": form, "callback_url": address})
    for _, row in store.rows(f"responses|{form}"):
        if row.get("$after_s") is not None:
            outputs = {"body": {"resourceData": {"responseId": row["responseId"]}}}
            call.around.later(float(row["$after_s"]), _submitted(call.around, address, outputs))
    return ok({"id": ident}, status=201)


def _submitted(around: Surroundings, address: str, outputs: dict[str, Any]) -> Any:
    return lambda: around.signal(address, outputs)


def get_form_response_by_id(call: Call) -> Outcome:
    row = call.store.get(f"responses|{call.text('form_id')}", call.text("response_id"))
    if row is None:
        return _missing("response", call.text("response_id"))
    return ok({name: value for name, value in row.items() if not name.startswith("$")})


def get_form_details_by_id(call: Call) -> Outcome:
    row = call.store.get("forms", call.text("form_id"))
    return _missing("form", call.text("form_id")) if row is None else ok(row)


_RESPONSE = {"answers": {"*": ANY}, "responder": TEXT, "submitDate": SCALAR, "after_s": NUMBER}
SEED = {"forms": {"*": {"title": TEXT, "createdBy": TEXT, "responses": [_RESPONSE]}}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `forms: {id: {title, responses: [{answers: {question id: answer}, responder, after_s}]}}`."""
    for ident, form in (value.get("forms") or {}).items():
        row = {"title": form.get("title", ""), "status": "Active", "createdDate": iso(now), "modifiedDate": iso(now),
               "createdBy": form.get("createdBy", "")}  # fmt: skip
        store.put("forms", str(ident), row)
        for number, entry in enumerate(form.get("responses") or [], start=1):
            response: Row = {"responseId": number, "responder": entry.get("responder", "anonymous"),
                             "submitDate": str(entry.get("submitDate", iso(now))), **(entry.get("answers") or {})}  # fmt: skip
            if "after_s" in entry:
                response["$after_s"] = entry["after_s"]
            store.put(f"responses|{ident}", str(number), response)
