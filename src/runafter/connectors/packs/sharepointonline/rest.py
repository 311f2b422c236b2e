"""SharePoint's REST interface (`_api`): lists, items with ETag and MERGE, files, sites; verbose and JSON light.

Shapes after learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from runafter.connectors import odata
from runafter.connectors.answers import Refused, content, data_of, ok
from runafter.connectors.folders import Entry, Folders, ident_of
from runafter.connectors.instants import iso
from runafter.connectors.packs.sharepointonline.lists import Lists, SharePointList, etag, site_key, site_path
from runafter.connectors.spec import Row, Store, Surroundings
from runafter.protocol.events import Outcome

PAGE_SIZE = 100
"""Items that SharePoint's REST returns without $top."""
_LIST = r"_api/web/lists(?:/getbytitle\('(?P<title>(?:[^']|'')+)'\)|\((?:guid)?'(?P<guid>[^']+)'\))"


@dataclass(slots=True, kw_only=True)
class RestCall:
    """One REST request below a site."""

    site: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    data: bytes
    store: Store
    around: Surroundings
    now: int
    user: str
    reached_at: str = ""
    """Where the caller reached the site, so that it can follow links; empty: at the site's own address."""

    @property
    def lists(self) -> Lists:
        return Lists(self.store, self.around, self.now, self.user, self.site)

    @property
    def mode(self) -> str:
        accept = self.headers.get("accept", "").replace(" ", "").lower()
        for mode in ("verbose", "nometadata", "fullmetadata"):
            if f"odata={mode}" in accept:
                return mode
        return "minimalmetadata"

    @property
    def verb(self) -> str:
        override = self.headers.get("x-http-method", "").upper()
        return override if self.method == "POST" and override else self.method


def answer(call: RestCall) -> Outcome:
    """Answer one request; errors come in the shape that the Accept header asks for."""
    try:
        for pattern, handle in _ROUTES:
            found = re.fullmatch(pattern, call.path.strip("/"), re.IGNORECASE)
            if found is not None:
                return handle(call, {k: v.replace("''", "'") for k, v in found.groupdict().items() if v is not None})
    except Refused as refused:
        return _error(call, refused.outcome)
    text = f"Cannot find resource for the request {call.path}."
    return _error(
        call, Outcome(status_code=404, code="-1, Microsoft.SharePoint.Client.ResourceNotFoundException", message=text)
    )


def _error(call: RestCall, outcome: Outcome) -> Outcome:
    inner = {"code": outcome.code, "message": {"lang": "en-US", "value": outcome.message}}
    body = {"error": inner} if call.mode == "verbose" else {"odata.error": inner}
    return Outcome(
        status_code=outcome.status_code,
        headers={"Content-Type": _type(call)},
        body=body,
        code=outcome.code,
        message=outcome.message,
    )


def _type(call: RestCall) -> str:
    return f"application/json;odata={call.mode};charset=utf-8"


def _one(
    call: RestCall, value: dict[str, Any], *, kind: str, uri: str, tag: str | None = None, status: int = 200
) -> Outcome:
    headers = {"Content-Type": _type(call)} | ({"ETag": tag} if tag else {})
    return ok(_wrapped(call, value, kind, uri, tag), status=status, headers=headers)


def _wrapped(
    call: RestCall, value: dict[str, Any], kind: str, uri: str, tag: str | None, *, inner: bool = False
) -> dict[str, Any]:
    if call.mode == "verbose":
        meta: dict[str, Any] = {"id": uri, "uri": uri, "type": kind}
        if tag:
            meta["etag"] = tag
        entry = {"__metadata": meta, **value}
        return entry if inner else {"d": entry}
    if call.mode == "nometadata":
        return value
    meta = {"odata.type": kind, "odata.id": uri, "odata.editLink": uri.rsplit("/_api/", maxsplit=1)[-1]}
    if tag:
        meta["odata.etag"] = tag
    return {**({} if inner else {"odata.metadata": f"{call.site}/_api/$metadata"}), **meta, **value}


def _many(call: RestCall, values: list[dict[str, Any]], next_link: str | None) -> Outcome:
    headers = {"Content-Type": _type(call)}
    if call.mode == "verbose":
        verbose: dict[str, Any] = {"results": values}
        if next_link:
            verbose["__next"] = next_link
        return ok({"d": verbose}, headers=headers)
    light: dict[str, Any] = {"value": values}
    if next_link:
        light["odata.nextLink"] = next_link
    return ok(light, headers=headers)


# -- items -----------------------------------------------------------------------------------------------------------------


def _list(call: RestCall, found: Mapping[str, str]) -> SharePointList:
    return call.lists.named(found.get("title") or found.get("guid") or "")


def _item_fields(row: Row) -> dict[str, Any]:
    hidden = ("$version", "Author", "Editor")
    out = {name: value for name, value in row.items() if name not in hidden}
    return {"Id": row["ID"], **out, "AuthorId": 1, "EditorId": 1, "Attachments": False}


def _item_uri(call: RestCall, of: SharePointList, row: Row) -> str:
    return f"{call.site}/_api/Web/Lists(guid'{of.ident}')/Items({row['ID']})"


def _items(call: RestCall, found: Mapping[str, str]) -> Outcome:
    of = _list(call, found)
    if call.verb == "POST":
        row = call.lists.add(of, call.body if isinstance(call.body, dict) else {})
        fields = _item_fields(row)
        return _one(call, fields, kind=of.entity_type, uri=_item_uri(call, of, row), tag=etag(row), status=201)
    token = re.search(r"p_ID=(\d+)", call.query.get("$skiptoken", ""))
    options = dict(call.query)
    size = min(odata.query_of({"$top": options.pop("$top", None)}).top or PAGE_SIZE, 5000)
    page = call.lists.page(of, {**options, "$skip": token[1] if token else None}, size)
    select = call.query.get("$select", "")
    values = [
        _wrapped(
            call,
            odata.selected(_item_fields(dict(row)), select),
            of.entity_type,
            _item_uri(call, of, dict(row)),
            etag(dict(row)),
            inner=True,
        )
        for row in page.rows
    ]
    link = None
    if page.next_skip is not None:
        token_text = f"Paged=TRUE&p_ID={page.next_skip}"
        kept = {name: value for name, value in call.query.items() if name not in ("$skiptoken", "$top")}
        address = urlencode({**kept, "$skiptoken": token_text, "$top": size}, safe="$,()'")
        link = f"{call.reached_at or call.site}/_api/web/lists/getbytitle('{quote(of.title)}')/items?{address}"
    return _many(call, values, link)


def _item(call: RestCall, found: Mapping[str, str]) -> Outcome:
    of = _list(call, found)
    ident, tag = found["id"], call.headers.get("if-match")
    match call.verb:
        case "GET":
            row = call.lists.item(of, ident)
            fields = odata.selected(_item_fields(row), call.query.get("$select", ""))
            return _one(call, fields, kind=of.entity_type, uri=_item_uri(call, of, row), tag=etag(row))
        case "MERGE" | "PATCH" | "PUT":
            row = call.lists.change(of, ident, call.body if isinstance(call.body, dict) else {}, if_match=tag)
            return ok(None, status=204, headers={"ETag": etag(row)})
        case "DELETE":
            call.lists.remove(of, ident, if_match=tag)
            return ok(None)
        case _:
            return _error(
                call,
                Outcome(
                    status_code=405, code="-1, InvalidClientQueryException", message=f"{call.verb} is not allowed."
                ),
            )


def _list_fields(call: RestCall, of: SharePointList) -> dict[str, Any]:
    return {
        "Id": of.ident,
        "Title": of.title,
        "ItemCount": len(call.store.rows(of.table)),
        "ListItemEntityTypeFullName": of.entity_type,
        "EntityTypeName": of.entity_type.removeprefix("SP.Data.").removesuffix("ListItem") + "List",
        "BaseTemplate": 100,
        "Hidden": False,
    }


def _one_list(call: RestCall, found: Mapping[str, str]) -> Outcome:
    of = _list(call, found)
    if call.verb == "DELETE":
        for key, _ in call.store.rows(of.table):
            call.store.delete(of.table, key)
        call.store.delete("$lists", f"{of.site}|{of.title.lower()}")
        return ok(None)
    uri = f"{call.site}/_api/Web/Lists(guid'{of.ident}')"
    return _one(call, _list_fields(call, of), kind="SP.List", uri=uri)


_FIELD_KINDS = {"text": ("Text", 2), "note": ("Note", 3), "number": ("Number", 9), "date": ("DateTime", 4),
                "boolean": ("Boolean", 8), "choice": ("Choice", 6), "person": ("User", 20), "lookup": ("Lookup", 7)}  # fmt: skip


def _fields(call: RestCall, found: Mapping[str, str]) -> Outcome:
    of = _list(call, found)
    columns = {"ID": {"type": "number"}, "Title": {"type": "text"}, **of.columns}
    rows = list[dict[str, Any]]()
    for name, column in columns.items():
        kind, code = _FIELD_KINDS.get(str(column.get("type", "text")), _FIELD_KINDS["text"])
        required = bool(column.get("required"))
        row = {"InternalName": name, "Title": name, "TypeAsString": kind, "FieldTypeKind": code, "Required": required}
        if column.get("choices"):
            choices = list(column["choices"])
            row["Choices"] = {"results": choices} if call.mode == "verbose" else choices
        rows.append(row)
    page = odata.page(rows, odata.query_of(call.query), page_size=PAGE_SIZE)
    select = call.query.get("$select", "")
    return _many(call, [odata.selected(row, select) for row in page.rows], None)


def _all_lists(call: RestCall, found: Mapping[str, str]) -> Outcome:
    if call.verb == "POST":
        body = call.body if isinstance(call.body, dict) else {}
        of = call.lists.make(str(body.get("Title") or "List"), open=True)
        return _one(
            call,
            _list_fields(call, of),
            kind="SP.List",
            uri=f"{call.site}/_api/Web/Lists(guid'{of.ident}')",
            status=201,
        )
    return _many(call, [_list_fields(call, of) for of in call.lists.all()], None)


# -- web, files, sites --------------------------------------------------------------------------------------------------------


def _web(call: RestCall, found: Mapping[str, str]) -> Outcome:
    row = call.store.get("$sites", site_key(call.site)) or {}
    value = {
        "Id": row.get("id", ident_of(call.site)),
        "Title": row.get("title", call.site.rsplit("/", 1)[-1]),
        "Url": call.site,
    }
    return _one(call, value, kind="SP.Web", uri=f"{call.site}/_api/Web")


def _context(call: RestCall, found: Mapping[str, str]) -> Outcome:
    digest = f"0x{ident_of(call.user)},{iso(call.now)}"
    value = {
        "FormDigestTimeoutSeconds": 1800,
        "FormDigestValue": digest,
        "WebFullUrl": call.site,
        "SiteFullUrl": call.site,
    }
    if call.mode == "verbose":
        return ok({"d": {"GetContextWebInformation": value}}, headers={"Content-Type": _type(call)})
    return ok(value, headers={"Content-Type": _type(call)})


def _folders(call: RestCall) -> Folders:
    return Folders(call.store, call.now, f"files|{site_key(call.site)}")


def _file_fields(call: RestCall, entry: Entry) -> dict[str, Any]:
    return {
        "Name": entry.name,
        "ServerRelativeUrl": f"{site_path(call.site)}{entry.path}",
        "Length": str(len(entry.data)),
        "TimeLastModified": entry.row.get("modified"),
        "UniqueId": ident_of(entry.path),
        "Exists": True,
    }


def _file_path(call: RestCall, text: str) -> str:
    """Return a server-relative path below the site: with or without the site's own path before it."""
    path = unquote(text)
    for prefix in (site_path(call.reached_at), site_path(call.site)):
        if prefix and path.lower().startswith(f"{prefix.lower()}/"):
            return path[len(prefix) :]
    return path


def _add_file(call: RestCall, found: Mapping[str, str]) -> Outcome:
    entry = _folders(call).write(f"{_file_path(call, found['folder'])}/{unquote(found['name'])}", call.data)
    return _one(
        call,
        _file_fields(call, entry),
        kind="SP.File",
        uri=f"{call.site}/_api/Web/GetFileByServerRelativeUrl('{site_path(call.site)}{entry.path}')",
    )


def _folder_files(call: RestCall, found: Mapping[str, str]) -> Outcome:
    children = _folders(call).children(_file_path(call, found["folder"]))
    return _many(call, [_file_fields(call, entry) for entry in children if not entry.is_folder], None)


def _file(call: RestCall, found: Mapping[str, str]) -> Outcome:
    entry = _folders(call).find(_file_path(call, found["path"]))
    if entry is None:
        return _error(
            call,
            Outcome(status_code=404, code="-2130575338, Microsoft.SharePoint.SPException", message="File Not Found."),
        )
    if call.verb == "DELETE":
        _folders(call).remove(entry)
        return ok(None)
    if found.get("value"):
        return ok(content(entry.data, entry.row["content"]["$content-type"]))
    return _one(
        call,
        _file_fields(call, entry),
        kind="SP.File",
        uri=f"{call.site}/_api/Web/GetFileByServerRelativeUrl('{site_path(call.site)}{entry.path}')",
    )


def _create_site(call: RestCall, found: Mapping[str, str]) -> Outcome:
    """Create a site as `SPSiteManager/create` does: SiteStatus 2 is ready; the same URL again is given back."""
    body = call.body if isinstance(call.body, dict) else {}
    request = body.get("request", body)
    url = site_key(str(request.get("Url") or ""))
    row = call.store.get("$sites", url)
    if row is None:
        row = {
            "url": url,
            "title": request.get("Title"),
            "owner": request.get("Owner") or call.user,
            "id": call.around.new_id(),
            "created": iso(call.now),
        }
        call.store.put("$sites", url, row)
    value = {"SiteId": row["id"], "SiteStatus": 2, "SiteUrl": request.get("Url")}
    return ok({"d": {"Create": value}} if call.mode == "verbose" else value, headers={"Content-Type": _type(call)})


def _ensure_user(call: RestCall, found: Mapping[str, str]) -> Outcome:
    body = call.body if isinstance(call.body, dict) else {}
    return _user(call, str(body.get("logonName") or "").rsplit("|", 1)[-1])


def _current_user(call: RestCall, found: Mapping[str, str]) -> Outcome:
    return _user(call, call.user)


def _user(call: RestCall, mail: str) -> Outcome:
    value = {
        "Id": 1 + sum(map(ord, mail)) % 9999,
        "Email": mail,
        "LoginName": f"i:0#.f|membership|{mail}",
        "Title": mail.split("@", maxsplit=1)[0],
    }
    return _one(call, value, kind="SP.User", uri=f"{call.site}/_api/Web/GetUserById({value['Id']})")


_ROUTES: tuple[tuple[str, Callable[[RestCall, Mapping[str, str]], Outcome]], ...] = (
    (_LIST + r"/items", _items),
    (_LIST + r"/items\((?P<id>\d+)\)", _item),
    (_LIST + r"/getitembyid\((?P<id>\d+)\)", _item),
    (_LIST + r"/(?:items|getitembyid)\((?:\d+)\)/parentlist", _one_list),
    (_LIST + r"/fields", _fields),
    (_LIST, _one_list),
    (r"_api/web/lists", _all_lists),
    (r"_api/web/getfolderbyserverrelative(?:url|path)\((?:decodedurl=)?'(?P<folder>[^']+)'\)/files/add\(.*?url='(?P<name>[^']+)'.*\)", _add_file),
    (r"_api/web/getfolderbyserverrelative(?:url|path)\((?:decodedurl=)?'(?P<folder>[^']+)'\)/files", _folder_files),
    (r"_api/web/getfilebyserverrelative(?:url|path)\((?:decodedurl=)?'(?P<path>[^']+)'\)(?P<value>/\$value)?", _file),
    (r"_api/contextinfo", _context),
    (r"_api/web/ensureuser(?:\(.*\))?", _ensure_user),
    (r"_api/web/currentuser", _current_user),
    (r"_api/spsitemanager/create", _create_site),
    (r"_api/web", _web),
)  # fmt: skip


def split_address(uri: str) -> tuple[str, str, dict[str, str]]:
    """Return (what stands before `_api`, the path from it, the queries) of an address."""
    path, _, query = uri.partition("?")
    before, mark, after = path.partition("_api")
    return before.rstrip("/"), f"{mark}{unquote(after)}", dict(parse_qsl(query, keep_blank_values=True))


def body_of(value: Any) -> tuple[Any, bytes]:
    """Return a request body as JSON (None when it is none) and as bytes."""
    data = data_of(value)
    if isinstance(value, dict | list) and not (isinstance(value, dict) and "$content" in value):
        return value, data
    try:
        return json.loads(data), data
    except ValueError:
        return None, data
