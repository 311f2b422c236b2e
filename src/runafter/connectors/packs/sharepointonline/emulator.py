"""SharePoint as its connector reaches it: items, files, attachments, raw requests.

Shapes after learn.microsoft.com/connectors/sharepointonline.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from runafter.connectors import odata
from runafter.connectors.answers import Refused, connector_failure, content, data_of, ok
from runafter.connectors.folders import Entry, Folders, clean, ident_of, unzipped
from runafter.connectors.packs.sharepointonline import history, sharing
from runafter.connectors.packs.sharepointonline.batch import answer
from runafter.connectors.packs.sharepointonline.lists import COLUMN_TYPES, Lists, SharePointList, person, site_key
from runafter.connectors.packs.sharepointonline.rest import RestCall, body_of, split_address
from runafter.connectors.seedshape import ANY, NUMBER, TEXT, YES_NO
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome

PAGE_SIZE = 100

grant_access = sharing.grant_access
unshare_item = sharing.unshare_item
check_out_file = sharing.check_out_file
check_in_file = sharing.check_in_file
discard_file_check_out = sharing.discard_file_check_out
set_approval_status = sharing.set_approval_status
items_deleted = history.items_deleted
files_deleted = history.files_deleted
get_item_changes = history.get_item_changes


def lists_of(call: Call) -> Lists:
    return Lists(call.store, call.around, call.now, call.user, call.text("dataset"))


def list_of(call: Call) -> SharePointList:
    return lists_of(call).named(call.text("table"))


def wrapped(outcome: Outcome) -> Outcome:
    """Return a REST failure as the connector shows it."""
    return connector_failure(outcome.status_code or 500, outcome.message or "", source="sharepointonline.emulated")


# -- items ---------------------------------------------------------------------------------------------------------------


def get_items(call: Call) -> Outcome:
    """List items: 100 a page, more with $top (up to 5,000) or pagination."""
    lists, of = lists_of(call), list_of(call)
    wanted = call.settings.get("minimum_items")
    top = odata.query_of({"$top": call.arguments.get("$top")}).top
    size = wanted if isinstance(wanted, int) else PAGE_SIZE if top is None else min(top, 5000)
    skip = call.text("$skiptoken")
    options = {**call.arguments, "$top": None, "$skip": skip if skip.isdigit() else None}
    page = lists.page(of, options, size)
    body: dict[str, Any] = {"value": [lists.shown(of, dict(row)) for row in page.rows]}
    if page.next_skip is not None and top is None:
        dataset = quote(quote(call.text("dataset"), safe=""), safe="")
        body["@odata.nextLink"] = f"/datasets/{dataset}/tables/{of.ident}/items?$skiptoken={page.next_skip}"
    return ok(body)


def get_item(call: Call) -> Outcome:
    lists, of = lists_of(call), list_of(call)
    row = lists.item(of, call.text("id"))
    return ok(lists.shown(of, row), headers={"ETag": f'"{row["$version"]}"'})


def post_item(call: Call) -> Outcome:
    lists, of = lists_of(call), list_of(call)
    return ok(lists.shown(of, lists.add(of, call.record("item"))), status=201)


def patch_item(call: Call) -> Outcome:
    lists, of = lists_of(call), list_of(call)
    tag = call.text("If-Match") or None
    return ok(lists.shown(of, lists.change(of, call.text("id"), call.record("item"), if_match=tag)))


def delete_item(call: Call) -> Outcome:
    lists, of = lists_of(call), list_of(call)
    lists.remove(of, call.text("id"), if_match=call.text("If-Match") or None)
    return ok(None)


def get_table_views(call: Call) -> Outcome:
    list_of(call)
    return ok([{"Name": "all", "DisplayName": "All Items"}])


def search_for_user(call: Call) -> Outcome:
    """Resolve a person as a person column would; one who is not in the seeded directory is not found."""
    wanted = call.text("searchValue").rsplit("|", 1)[-1].strip().lower()
    known = [row for _, row in call.around.store_of("azuread").rows("users")]
    names = ("userPrincipalName", "mail", "displayName")
    found = next((r for r in known if wanted in {str(r.get(name) or "").lower() for name in names}), None)
    if found is None and (known or "@" not in wanted):
        return wrapped(Outcome(status_code=404, message=f"No user was found for '{wanted}'."))
    return ok(person(found["userPrincipalName"] if found else wanted))


def get_tables(call: Call) -> Outcome:
    return ok({"value": [{"Name": of.ident, "DisplayName": of.title} for of in lists_of(call).all()]})


def items_changed(call: Call) -> Outcome:
    """Answer a trigger's poll with the items there are, last modified first."""
    lists, of = lists_of(call), list_of(call)
    rows = [row for _, row in call.store.rows(of.table)]
    rows.sort(key=lambda row: (row["Modified"], row["ID"]), reverse=True)
    return ok({"value": [lists.shown(of, row) for row in rows]})


# -- attachments -----------------------------------------------------------------------------------------------------------


def create_attachment(call: Call) -> Outcome:
    lists, of = lists_of(call), list_of(call)
    ident, name = call.text("itemId"), call.text("displayName")
    lists.item(of, ident)
    key = f"{of.table}|{ident}|{name}"
    value = call.arguments.get("body")
    call.store.put("$attachments", key, {"name": name, "content": content(data_of(value))})
    return ok(
        {
            "Id": ident_of(name),
            "AbsoluteUri": f"{lists.site}/Lists/{of.title}/Attachments/{ident}/{name}",
            "DisplayName": name,
        }
    )


def get_item_attachments(call: Call) -> Outcome:
    lists, of = lists_of(call), list_of(call)
    ident = call.text("itemId")
    lists.item(of, ident)
    base = f"{lists.site}/Lists/{of.title}/Attachments/{ident}"
    found = [row["name"] for _, row in lists.attachments(of, ident)]
    return ok([{"Id": ident_of(name), "AbsoluteUri": f"{base}/{name}", "DisplayName": name} for name in found])


def get_attachment_content(call: Call) -> Outcome:
    lists, of = lists_of(call), list_of(call)
    for _, row in lists.attachments(of, call.text("itemId")):
        if call.text("attachmentId") in (ident_of(row["name"]), row["name"]):
            return ok(row["content"])
    return wrapped(Outcome(status_code=404, message="The attachment does not exist."))


def delete_attachment(call: Call) -> Outcome:
    lists, of = lists_of(call), list_of(call)
    for key, row in lists.attachments(of, call.text("itemId")):
        if call.text("attachmentId") in (ident_of(row["name"]), row["name"]):
            call.store.delete("$attachments", key)
            return ok(None)
    return wrapped(Outcome(status_code=404, message="The attachment does not exist."))


# -- files -----------------------------------------------------------------------------------------------------------------


def folders_of(call: Call, dataset: str | None = None) -> Folders:
    return Folders(call.store, call.now, f"files|{site_key(dataset or call.text('dataset'))}")


def shown_file(entry: Entry, site: str) -> dict[str, Any]:
    """Return a file's metadata; its id is the escaped path, as SharePoint's connector makes it."""
    return {
        "ItemId": int(entry.row.get("etag") or 0),
        "Id": quote(entry.path, safe=""),
        "Name": entry.name,
        "DisplayName": entry.name.rsplit(".", 1)[0],
        "Path": entry.path,
        "LastModified": entry.row.get("modified"),
        "Size": len(entry.data),
        "MediaType": "" if entry.is_folder else entry.row["content"]["$content-type"],
        "IsFolder": entry.is_folder,
        "ETag": f'"{entry.row.get("etag")}"',
        "FileLocator": f"dataset={quote(site, safe='')},id={quote(entry.path, safe='')}",
        "LastModifiedBy": None,
    }


def found_file(call: Call, ident: str) -> Entry:
    entry = folders_of(call).find(ident)
    if entry is None:
        raise Refused(wrapped(Outcome(status_code=404, message=f"File not found: '{ident}'.")))
    return entry


def file_only(call: Call, ident: str) -> Entry:
    """Return the file; a folder is refused with 400."""
    entry = found_file(call, ident)
    if entry.is_folder:
        raise Refused(wrapped(Outcome(status_code=400, message=f"'{entry.path}' is a folder.")))
    return entry


def create_file(call: Call) -> Outcome:
    entry = folders_of(call).write(f"{call.text('folderPath')}/{call.text('name')}", call.arguments.get("body"))
    return ok(shown_file(entry, call.text("dataset")))


def update_file(call: Call) -> Outcome:
    entry = file_only(call, call.text("id"))
    return ok(shown_file(folders_of(call).write(entry.path, call.arguments.get("body")), call.text("dataset")))


def get_file_content(call: Call) -> Outcome:
    entry = file_only(call, call.text("id") or call.text("path"))
    kind = entry.row["content"]["$content-type"]
    if kind.startswith("text/"):
        return ok(entry.data.decode("utf-8", "replace"), headers={"Content-Type": kind})
    return ok(content(entry.data, kind), headers={"Content-Type": kind})


def get_file_metadata(call: Call) -> Outcome:
    return ok(shown_file(found_file(call, call.text("id") or call.text("path")), call.text("dataset")))


get_folder_metadata = get_file_metadata
get_folder_metadata_by_path = get_file_metadata


def delete_file(call: Call) -> Outcome:
    entry = found_file(call, call.text("id"))
    folders_of(call).remove(entry)
    lists = lists_of(call)
    name, kept = entry.name.rsplit(".", 1)[0], {"FileNameWithExtension": entry.name, "IsFolder": entry.is_folder}
    lists.bin(f"files|{lists.site}", {"ID": int(entry.row.get("etag") or 0), "Name": name, **kept, "Path": entry.path})
    return ok(None)


def list_folder(call: Call) -> Outcome:
    entry = found_file(call, call.text("id") or "/")
    return ok([shown_file(child, call.text("dataset")) for child in folders_of(call).children(entry.path)])


def list_root_folder(call: Call) -> Outcome:
    return ok([shown_file(child, call.text("dataset")) for child in folders_of(call).children("/")])


def create_new_document_set(call: Call) -> Outcome:
    """Make the folder that a document set is, with its columns."""
    outcome = create_new_folder(call)
    given = call.record("parameters").get("DynamicProperties")
    path = "/" + str(outcome.body["{FullPath}"])
    key = f"{site_key(call.text('dataset'))}|{path}"
    kind = {"ContentType": "Document Set", **(given if isinstance(given, dict) else {})}
    call.store.put("$file_fields", key, kind)
    return ok(file_item(call, found_file(call, path)), status=201)


def _written_below(call: Call, entry: Entry, *, moves: bool) -> Outcome:
    """Copy or move a folder with all below it; a taken name is refused (0), replaced (1) or numbered (2)."""
    given = call.record("parameters")
    target = folders_of(call, str(given.get("destinationDataset") or call.text("dataset")))
    path = clean(f"{given.get('destinationFolderPath', '')}/{entry.name}")
    behaviour, taken = str(given.get("nameConflictBehavior", 0)), target.find(path) is not None
    if taken and behaviour == "0":
        return wrapped(Outcome(status_code=409, message=f"A folder with the name '{entry.name}' already exists."))
    path = target.free_name(path) if taken and behaviour == "2" else path
    below = folders_of(call).children(entry.path, deep=True)
    made = target.make_folder(path)
    for child in below:
        place = path + child.path[len(entry.path) :]
        target.make_folder(place) if child.is_folder else target.write(place, child.row["content"])
    if moves:
        folders_of(call).remove(entry)
    return ok(shown_file(made, str(given.get("destinationDataset") or call.text("dataset"))))


def _folder(call: Call) -> Entry:
    entry = found_file(call, str(call.record("parameters").get("sourceFolderId", "")))
    if not entry.is_folder:
        raise Refused(wrapped(Outcome(status_code=400, message=f"'{entry.path}' is no folder.")))
    return entry


def copy_folder_async(call: Call) -> Outcome:
    return _written_below(call, _folder(call), moves=False)


def move_folder_async(call: Call) -> Outcome:
    return _written_below(call, _folder(call), moves=True)


def copy_file(call: Call) -> Outcome:
    """Copy within a site by paths, the operation before `CopyFileAsync`."""
    entry, folders = file_only(call, call.text("source")), folders_of(call)
    if folders.find(call.text("destination")) is not None and call.text("overwrite").lower() != "true":
        return wrapped(Outcome(status_code=409, message=f"'{call.text('destination')}' already exists."))
    return ok(shown_file(folders.write(call.text("destination"), entry.row["content"]), call.text("dataset")))


def extract_folder_v2(call: Call) -> Outcome:
    entry, folders = file_only(call, call.text("source")), folders_of(call)
    try:
        unpacked = unzipped(entry.data)
    except ValueError:
        return wrapped(Outcome(status_code=400, message=f"'{entry.path}' is no archive."))
    made = [folders.write(f"{call.text('destination')}/{name}", data) for name, data in unpacked]
    return ok([shown_file(each, call.text("dataset")) for each in made])


def create_new_folder(call: Call) -> Outcome:
    given = call.record("parameters")
    library = "" if call.text("table").count("-") == 4 else f"/{call.text('table')}"
    entry = folders_of(call).make_folder(f"{library}/{given.get('path', '')}")
    return ok(file_item(call, entry), status=201)


def copy_file_async(call: Call) -> Outcome:
    given = call.record("parameters")
    entry = file_only(call, str(given.get("sourceFileId", "")))
    target = folders_of(call, str(given.get("destinationDataset") or call.text("dataset")))
    path = f"{given.get('destinationFolderPath', '')}/{entry.name}"
    taken = target.find(path) is not None
    behaviour = str(given.get("nameConflictBehavior", 0))
    if taken and behaviour == "0":
        return wrapped(Outcome(status_code=409, message=f"A file with the name '{entry.name}' already exists."))
    written = target.write(target.free_name(path) if taken and behaviour == "2" else path, entry.row["content"])
    return ok(shown_file(written, str(given.get("destinationDataset"))))


def move_file_async(call: Call) -> Outcome:
    outcome = copy_file_async(call)
    if outcome.status_code == 200:
        folders_of(call).remove(found_file(call, str(call.record("parameters").get("sourceFileId", ""))))
    return outcome


def file_item(call: Call, entry: Entry) -> dict[str, Any]:
    """Return a file as a row of its library."""
    fields = call.store.get("$file_fields", f"{site_key(call.text('dataset'))}|{entry.path}") or {}
    folder = entry.path.rsplit("/", 1)[0].lstrip("/")
    return {
        "@odata.etag": f'"{entry.row.get("etag")}"',
        "ItemInternalId": ident_of(entry.path),
        "ID": int(entry.row.get("etag") or 0),
        "Modified": entry.row.get("modified"),
        "Created": entry.row.get("created"),
        **fields,
        "{Identifier}": quote(entry.path, safe=""),
        "{IsFolder}": entry.is_folder,
        "{Link}": f"{call.text('dataset')}{quote(entry.path)}",
        "{Name}": entry.name.rsplit(".", 1)[0],
        "{FilenameWithExtension}": entry.name,
        "{Path}": f"{folder}/",
        "{FullPath}": entry.path.lstrip("/"),
        "{VersionNumber}": "1.0",
    }


def _files(call: Call) -> list[Entry]:
    folder = call.text("folderPath") or call.text("folderId") or "/"
    found = folders_of(call).find(folder)
    return [] if found is None else [e for e in folders_of(call).children(found.path, deep=True) if not e.is_folder]


def get_file_items(call: Call) -> Outcome:
    rows = [file_item(call, entry) for entry in _files(call)]
    page = odata.page(rows, odata.query_of(call.arguments), page_size=PAGE_SIZE)
    return ok({"value": page.rows})


def get_file_item(call: Call) -> Outcome:
    ident = call.text("id")
    for entry in _files(call):
        if ident in (str(entry.row.get("etag")), quote(entry.path, safe=""), entry.path):
            return ok(file_item(call, entry))
    return wrapped(Outcome(status_code=404, message="Item does not exist. It may have been deleted by another user."))


def patch_file_item(call: Call) -> Outcome:
    outcome = get_file_item(call)
    if outcome.status_code != 200:
        return outcome
    path = "/" + str(outcome.body["{FullPath}"])
    key = f"{site_key(call.text('dataset'))}|{path}"
    call.store.put("$file_fields", key, {**(call.store.get("$file_fields", key) or {}), **call.record("item")})
    return get_file_item(call)


def create_sharing_link(call: Call) -> Outcome:
    given = call.record("permission")
    url = f"{call.text('dataset')}/:x:/s/{ident_of(call.text('id') or call.text('itemId'))}"
    kind = {"type": given.get("type", "view"), "scope": given.get("scope", "organization"), "webUrl": url}
    return ok({"link": kind, "id": call.around.new_id()}, status=201)


# -- raw requests ----------------------------------------------------------------------------------------------------------


def http_request(call: Call) -> Outcome:
    """Carry out 'Send an HTTP request to SharePoint' on the site."""
    given = call.record("parameters")
    uri = str(given.get("uri", ""))
    site = call.text("dataset")
    before, path, query = split_address(uri)
    if before.startswith("http") and urlsplit(before).netloc:
        site = before
    headers = given.get("headers")
    if isinstance(headers, str):
        try:
            headers = json.loads(headers)
        except ValueError:
            headers = {}
    body, data = body_of(given.get("body"))
    rest = RestCall(
        site=site_key(site),
        method=str(given.get("method", "GET")).upper(),
        path=path,
        query=query,
        headers={str(k).lower(): str(v) for k, v in (headers if isinstance(headers, Mapping) else {}).items()},
        body=body,
        data=data,
        store=call.store,
        around=call.around,
        now=call.now,
        user=call.user,
    )
    outcome = answer(rest)
    return outcome if (outcome.status_code or 500) < 400 else wrapped(outcome)


# -- seeds -----------------------------------------------------------------------------------------------------------------


_TYPE = frozenset(COLUMN_TYPES)
_COLUMN = {
    "type": _TYPE,
    "choices": [ANY],
    "required": YES_NO,
    "default": ANY,
    "fill_in": YES_NO,
    "unique": YES_NO,
}
_LIST = {"columns": {"*": (_COLUMN, _TYPE)}, "items": [{"*": ANY}], "conflict_status": NUMBER}
SEED = {"sites": {"*": {"title": TEXT, "owner": TEXT, "lists": {"*": _LIST}, "files": {"*": ANY}}}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill sites: `sites: {url: {title, lists: {title: {columns, items, conflict_status}}, files: {path: text}}}`.

    A column is a type (`text`, `note`, `number`, `choice`, `person`, `boolean`, `date`, `lookup`, `hyperlink`) or a table with `type`, `choices`,
    `required`, `default`, `fill_in`, `unique`. Items without an Author are the seed's.
    """
    for url, site in (value.get("sites") or {}).items():
        lists = Lists(store, around, now, str(site.get("owner", "seed@contoso.example")), url)
        store.put(
            "$sites",
            lists.site,
            {"url": url, "title": site.get("title", url.rsplit("/", 1)[-1]), "id": around.new_id()},
        )
        for title, entry in (site.get("lists") or {}).items():
            more = {"conflict_status": entry["conflict_status"]} if "conflict_status" in entry else {}
            of = lists.make(title, entry.get("columns"), **more)
            for item in entry.get("items") or []:
                lists.add(of, item)
        folders = Folders(store, now, f"files|{lists.site}")
        for path, text in (site.get("files") or {}).items():
            folders.write(path, text)
