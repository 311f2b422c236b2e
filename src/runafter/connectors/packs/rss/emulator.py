"""RSS feeds as a seed describes them. Shapes after learn.microsoft.com/connectors/rss (FeedItem)."""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import iso, parse_iso
from runafter.connectors.seedshape import SCALAR, TEXT
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome


def list_feed_items(call: Call) -> Outcome:
    url = call.text("feedUrl")
    rows = [row for _, row in call.store.rows(f"feed|{url}")]
    if not rows and call.store.tables():
        return failure(404, "NotFound", f"The feed '{url}' cannot be read.")
    since = parse_iso(call.text("since")) if call.text("since") else None
    name = "updatedOn" if call.text("sinceProperty").lower().startswith("updated") else "publishDate"
    if since is not None:
        rows = [row for row in rows if (parse_iso(row[name]) or 0) > since]
    return ok(sorted(rows, key=lambda row: str(row[name]), reverse=True))


_ITEM = {
    "id": SCALAR,
    "title": TEXT,
    "link": TEXT,
    "summary": TEXT,
    "publishDate": SCALAR,
    "updatedOn": SCALAR,
    "categories": [TEXT],
}
SEED = {"feeds": {"*": [_ITEM]}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `feeds: {url: [{title, link, summary, publishDate}]}`."""
    for url, items in (value.get("feeds") or {}).items():
        for number, entry in enumerate(items):
            link = str(entry.get("link", f"{url}#{number}"))
            row = {"id": str(entry.get("id", link)), "title": entry.get("title", ""), "primaryLink": link, "links": [link], "summary": entry.get("summary", ""),
                   "publishDate": str(entry.get("publishDate", iso(now))), "updatedOn": str(entry.get("updatedOn", iso(now))), "copyright": "", "categories": entry.get("categories", [])}  # fmt: skip
            store.put(f"feed|{url}", str(row["id"]), row)
