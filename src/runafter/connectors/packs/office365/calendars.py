"""Calendars and their events. Shapes after learn.microsoft.com/connectors/office365 (calendar event)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import failure, no_content, ok
from runafter.connectors.instants import TICKS_PER_SECOND, iso, moment, parse_iso, ticks_of
from runafter.connectors.spec import Call, Row
from runafter.protocol.events import Outcome

EVENTS = "events"


def _missing() -> Outcome:
    return failure(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def calendar_get_tables_v2(call: Call) -> Outcome:
    rows = call.store.rows("calendars") or [("Calendar", {"name": "Calendar"})]
    owner = {"name": call.user.split("@")[0], "address": call.user}
    return ok(
        {
            "value": [
                {"id": key, "name": row["name"], "owner": owner, "canEdit": True, "color": "auto"} for key, row in rows
            ]
        }
    )


def v4_calendar_post_item(call: Call) -> Outcome:
    item = call.record("item")
    ident = f"AAMkEvent{call.around.new_id().replace('-', '')}"
    row = {"id": ident, "calendar": call.text("table", "Calendar"), "organizer": call.user, **item}
    row |= {"createdDateTime": iso(call.now), "lastModifiedDateTime": iso(call.now), "responseType": "organizer"}
    call.store.put(EVENTS, ident, row)
    return ok(shown(row), status=201)


def shown(row: Row) -> dict[str, Any]:
    """Return an event as `GraphCalendarEventClientReceive`."""
    defaults: dict[str, Any] = {
        "subject": None, "start": None, "end": None, "timeZone": "UTC", "body": "", "isHtml": True, "requiredAttendees": "",
        "optionalAttendees": "", "resourceAttendees": "", "location": "", "importance": "normal", "isAllDay": False,
        "recurrence": "none", "reminderMinutesBeforeStart": 15, "isReminderOn": True, "showAs": "busy",
        "responseRequested": True, "sensitivity": "normal", "categories": [], "webLink": "", "iCalUId": row["id"],
    }  # fmt: skip
    out = defaults | {key: value for key, value in row.items() if key != "calendar"}
    for side in ("start", "end"):
        ticks = parse_iso(str(out[side] or ""))
        out[f"{side}WithTimeZone"] = None if ticks is None else moment(ticks).isoformat()
    return out


def event_of(call: Call, *names: str) -> Row | None:
    """Return the event whose id the first of these parameters that is given holds."""
    ident = next((call.text(name) for name in names if call.text(name)), "")
    return call.store.get(EVENTS, ident)


def v4_calendar_patch_item(call: Call) -> Outcome:
    row = event_of(call, "id")
    if row is None:
        return _missing()
    changed = {**row, **call.record("item"), "lastModifiedDateTime": iso(call.now)}
    call.store.put(EVENTS, row["id"], changed)
    return ok(shown(changed))


def v3_calendar_get_item(call: Call) -> Outcome:
    row = event_of(call, "id")
    return _missing() if row is None else ok(shown(row))


def v4_calendar_get_items(call: Call) -> Outcome:
    rows = [shown(row) for _, row in call.store.rows(EVENTS) if row["calendar"] == call.text("table", "Calendar")]
    page = odata.page(rows, odata.query_of(call.arguments), page_size=256, field=_event_field)
    return ok({"value": page.rows})


def on_upcoming_events(call: Call) -> Outcome:
    """Return the events of a calendar that begin within the look-ahead, 15 minutes where none is given."""
    ahead_s = (call.number("lookAheadTimeInMinutes") or 15) * 60
    rows = []
    for _, row in call.store.rows(EVENTS):
        begins = parse_iso(str(row.get("start") or ""))
        if row["calendar"] == call.text("table", "Calendar") and begins is not None:
            if call.now <= begins <= call.now + ahead_s * TICKS_PER_SECOND:
                rows.append(shown(row))
    return ok({"value": rows})


def _event_field(row: Mapping[str, Any], path: str) -> Any:
    return odata.plain_field(row, path.removesuffix("/dateTime"))


def get_events_calendar_view_v3(call: Call) -> Outcome:
    start, end = parse_iso(call.text("startDateTimeUtc")), parse_iso(call.text("endDateTimeUtc"))
    if start is None or end is None:
        return failure(400, "ErrorInvalidParameter", "The start and the end of the view must be times.")
    rows = list[dict[str, Any]]()
    for _, row in call.store.rows(EVENTS):
        begins, ends = parse_iso(str(row.get("start") or "")), parse_iso(str(row.get("end") or ""))
        if (
            row["calendar"] == call.text("calendarId")
            and begins is not None
            and ends is not None
            and begins < end
            and ends > start
        ):
            rows.append(shown(row))
    rows.sort(key=lambda row: str(row["start"]))
    page = odata.page(rows, odata.query_of(call.arguments), page_size=256, field=_event_field)
    return ok({"value": page.rows})


def calendar_delete_item_v2(call: Call) -> Outcome:
    row = event_of(call, "event", "id")
    if row is None:
        return _missing()
    call.store.delete(EVENTS, row["id"])
    return no_content()


def _whole(value: Any, default: int) -> int | None:
    try:
        return int(value or default)
    except (TypeError, ValueError):
        return None


def find_meeting_times_v2(call: Call) -> Outcome:
    """Suggest slots on the half hour in which no known event of the calendar lies."""
    given = call.record("body")
    minutes, most = _whole(given.get("MeetingDuration"), 30), _whole(given.get("MaxCandidates"), 20)
    if minutes is None or most is None:
        return failure(400, "BadRequest", "MeetingDuration and MaxCandidates must be whole numbers.")
    start = parse_iso(str(given.get("Start") or "")) or call.now
    end = parse_iso(str(given.get("End") or "")) or ticks_of(moment(start) + timedelta(days=5))
    busy = [
        (parse_iso(str(r.get("start") or "")) or 0, parse_iso(str(r.get("end") or "")) or 0)
        for _, r in call.store.rows(EVENTS)
    ]
    length = ticks_of(moment(start) + timedelta(minutes=minutes)) - start
    step, at, found = ticks_of(moment(start) + timedelta(minutes=30)) - start, start, list[dict[str, Any]]()
    while at + length <= end and len(found) < most:
        if 8 <= moment(at).hour < 17 and not any(b < at + length and e > at for b, e in busy):
            slot = {
                "start": {"dateTime": iso(at)[:-1], "timeZone": "UTC"},
                "end": {"dateTime": iso(at + length)[:-1], "timeZone": "UTC"},
            }
            found.append(
                {
                    "confidence": 100,
                    "organizerAvailability": "free",
                    "meetingTimeSlot": slot,
                    "attendeeAvailability": [],
                    "locations": [],
                }
            )
        at += step
    reason = "" if found else "AttendeesUnavailable"
    return ok({"emptySuggestionsReason": reason, "meetingTimeSuggestions": found})
