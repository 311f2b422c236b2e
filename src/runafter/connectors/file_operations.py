"""The operations that file connectors share (File System, OneDrive, SFTP, Azure Files, ...), over one tree per connection.

Shapes: `BlobMetadata` of the connectors' published swagger.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from runafter.connectors.answers import Refused, connector_failure, content, data_of, ok
from runafter.connectors.folders import Entry, Folders, media_type, metadata, unzipped
from runafter.connectors.seedshape import ANY, SCALAR, TEXT
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome


def folders_of(call: Call) -> Folders:
    return Folders(call.store, call.now)


def _source(call: Call) -> str:
    return f"{call.operation.facts.connector}.emulated"


def _refused(call: Call, status: int, message: str) -> Refused:
    return Refused(connector_failure(status, message, source=_source(call)))


def existing(call: Call, ident: str) -> Entry:
    """Return the entry of an id or path.

    Raises:
        Refused: 404, naming it.
    """
    found = folders_of(call).find(ident)
    if found is None:
        raise _refused(call, 404, f"File not found: '{ident}'.")
    return found


def _file(call: Call, *names: str) -> Entry:
    ident = next((call.text(name) for name in names if call.text(name)), "")
    entry = existing(call, ident)
    if entry.is_folder:
        raise _refused(call, 400, f"'{entry.path}' is a folder.")
    return entry


def _answer(entry: Entry) -> Outcome:
    held = entry.row["content"]
    kind = str(held["$content-type"])
    if kind.startswith("text/"):
        return ok(entry.data.decode("utf-8", "replace"), headers={"Content-Type": kind})
    if kind.startswith("application/json"):
        import json

        try:
            return ok(json.loads(entry.data), headers={"Content-Type": kind})
        except ValueError:
            return ok(held, headers={"Content-Type": "application/octet-stream"})
    return ok(content(entry.data, kind), headers={"Content-Type": kind})


def _true(call: Call, name: str, *, default: bool) -> bool:
    return call.text(name, str(default)).lower() == "true"


# -- managed connectors ------------------------------------------------------------------------------------------------


def create_file(call: Call) -> Outcome:
    folders = folders_of(call)
    path = f"{call.text('folderPath')}/{call.text('name')}"
    if folders.find(path) is not None and not call.settings.get("overwrite"):
        path = folders.free_name(path) if call.settings.get("rename") else path
    return ok(metadata(folders.write(path, call.arguments.get("body"))))


def update_file(call: Call) -> Outcome:
    entry = _file(call, "id", "filePath")
    return ok(metadata(folders_of(call).write(entry.path, call.arguments.get("body"))))


def get_file_content(call: Call) -> Outcome:
    return _answer(_file(call, "id", "filePath", "path", "fileId"))


get_file_content_by_path = get_file_content


def get_file_metadata(call: Call) -> Outcome:
    ident = next((call.text(n) for n in ("id", "path", "filePath", "fileOrFolderPath") if call.text(n)), "")
    return ok(metadata(existing(call, ident)))


get_file_metadata_by_path = get_file_metadata


def delete_file(call: Call) -> Outcome:
    skips = _true(call, "skipIfFileNotPresent", default=False) or _true(call, "skipDelete", default=False)
    ident = call.text("id") or call.text("filePath")
    if skips and folders_of(call).find(ident) is None:
        return ok(None)
    folders_of(call).remove(_file(call, "id", "filePath"))
    return ok(None)


def copy_file(call: Call) -> Outcome:
    folders = folders_of(call)
    source = call.text("source") or call.text("sourceFilePath") or call.text("id")
    target = call.text("destination") or call.text("destinationFilePath")
    found = folders.find(source)
    if found is not None and found.is_folder:
        raise _refused(call, 400, f"'{found.path}' is a folder.")
    data: Any
    if found is not None:
        data = found.row["content"]
    elif source.startswith(("http://", "https://")):
        raise _refused(call, 400, "The emulator does not download from the internet; seed the source file.")
    else:
        raise _refused(call, 404, f"File not found: '{source}'.")
    if folders.find(target) is not None and not _true(call, "overwrite", default=False):
        raise _refused(call, 409, f"A file named '{target}' exists already.")
    return ok(metadata(folders.write(target, data)))


def move_file(call: Call) -> Outcome:
    outcome = copy_file(call)
    folders = folders_of(call)
    folders.remove(existing(call, call.text("source") or call.text("sourceFilePath") or call.text("id")))
    return outcome


def list_folder(call: Call) -> Outcome:
    ident = call.text("id") or call.text("folderPath") or "/"
    entry = existing(call, ident)
    deep = _true(call, "enableRecursiveListing", default=False)
    found = folders_of(call).children(entry.path, deep=deep)
    if _true(call, "filesOnly", default=False):
        found = [child for child in found if not child.is_folder]
    rows = [metadata(child) for child in found]
    if call.operation.note == "paged":
        return ok({"value": rows})
    return ok(rows)


def list_root_folder(call: Call) -> Outcome:
    rows = [metadata(child) for child in folders_of(call).children("/")]
    return ok({"value": rows} if call.operation.note == "paged" else rows)


def extract_folder(call: Call) -> Outcome:
    """Unpack an archive into a folder, its entries kept below it."""
    folders = folders_of(call)
    source = existing(call, call.text("source"))
    try:
        unpacked = unzipped(source.data)
    except ValueError as error:
        raise _refused(call, 400, f"'{source.path}' is no archive.") from error
    return ok([metadata(folders.write(f"{call.text('destination')}/{name}", data)) for name, data in unpacked])


def convert_file(call: Call) -> Outcome:
    """Answer with the file's bytes under the wanted media type: a stand-in, no rendering."""
    entry = _file(call, "id", "path")
    kind = call.text("type", "PDF").lower()
    return ok(content(entry.data, media_type(f"x.{kind}")))


def create_share_link(call: Call) -> Outcome:
    entry = existing(call, call.text("id") or call.text("path"))
    return ok({"WebUrl": f"https://contoso-my.sharepoint.com/:x:/g{entry.path}", "Object": metadata(entry)})


def get_file_thumbnail(call: Call) -> Outcome:
    entry, edge = _file(call, "id"), {"small": 96, "medium": 176, "large": 800}.get(call.text("size", "Medium").lower())
    if edge is None:
        raise _refused(call, 400, "The size is one of Small, Medium, Large.")
    return ok({"url": f"https://contoso-my.sharepoint.com/thumbnails{entry.path}", "width": edge, "height": edge})


def find_files(call: Call) -> Outcome:
    """Return the files below a folder whose name has the query in it, or fits its pattern (`findMode` Pattern)."""
    folder, query = existing(call, call.text("id") or call.text("path") or "/"), call.text("query").lower()
    by_pattern = call.text("findMode").lower().endswith("pattern")
    found = [
        entry
        for entry in folders_of(call).children(folder.path, deep=True)
        if not entry.is_folder
        and (fnmatch.fnmatchcase(entry.name.lower(), query) if by_pattern else query in entry.name.lower())
    ]
    return ok([metadata(entry) for entry in found[: call.number("maxFileCount") or 20]])


def on_new_file(call: Call) -> Outcome:
    """Answer with the files that lie in the folder now, newest first: what the trigger's first poll would see."""
    folder = call.text("folderId") or call.text("folderPath") or "/"
    found = folders_of(call).find(folder)
    entries = [] if found is None else [e for e in folders_of(call).children(found.path) if not e.is_folder]
    rows = [metadata(e) for e in sorted(entries, key=lambda e: -int(e.row["etag"]))]
    count = call.number("maxFileCount")
    rows = rows if count is None else rows[:count]
    return ok(rows) if rows else ok(None, status=202)


# -- built-in (service provider) operations ----------------------------------------------------------------------------


def write_at_path(call: Call) -> Outcome:
    """Create or replace the file at `filePath`."""
    folders = folders_of(call)
    path = call.text("filePath")
    overwrite = _true(call, "overWriteFileIfExists", default=True)
    if folders.find(path) is not None and not overwrite:
        raise _refused(call, 409, f"A file named '{path}' exists already.")
    value = call.arguments.get("content", call.arguments.get("body"))
    return ok(metadata(folders.write(path, value)))


def update_at_path(call: Call) -> Outcome:
    entry = _file(call, "filePath")
    value = call.arguments.get("content", call.arguments.get("body"))
    return ok(metadata(folders_of(call).write(entry.path, value)))


def append_file(call: Call) -> Outcome:
    folders = folders_of(call)
    path = call.text("filePath")
    found = folders.find(path)
    if found is None and not _true(call, "createFileIfNotPresent", default=True):
        raise _refused(call, 404, f"File not found: '{path}'.")
    before = b"" if found is None else found.data
    added = data_of(call.arguments.get("content", call.arguments.get("body")))
    return ok(metadata(folders.write(path, before + added)))


def create_folder(call: Call) -> Outcome:
    return ok(metadata(folders_of(call).make_folder(call.text("folderPath"))))


def delete_folder(call: Call) -> Outcome:
    folders = folders_of(call)
    entry = existing(call, call.text("folderPath"))
    if folders.children(entry.path) and not _true(call, "recursiveDelete", default=True):
        raise _refused(call, 409, f"The folder '{entry.path}' is not empty.")
    folders.remove(entry)
    return ok(None)


def rename_file(call: Call) -> Outcome:
    folders = folders_of(call)
    entry = _file(call, "filePath")
    target = f"{entry.path.rsplit('/', 1)[0]}/{call.text('newName')}"
    if folders.find(target) is not None:
        raise _refused(call, 409, f"A file named '{target}' exists already.")
    moved = folders.write(target, entry.row["content"])
    folders.remove(entry)
    return ok(metadata(moved))


def get_file_content_v2(call: Call) -> Outcome:
    """Return content and metadata together, as the newer built-in operations do."""
    entry = _file(call, "filePath")
    return ok({"content": content(entry.data, entry.row["content"]["$content-type"]), "properties": metadata(entry)})


FILES_SEED = {"files": {"*": ({"content!": ANY, "type": TEXT}, SCALAR)}, "folders": [TEXT]}


def seed_files(store: Store, value: Mapping[str, Any], around: Surroundings, now: int) -> None:
    """Write files from `files: {path: text or {content, type}}` and folders from `folders: [path]`."""
    folders = Folders(store, now)
    for path in value.get("folders") or []:
        folders.make_folder(path)
    for path, entry in (value.get("files") or {}).items():
        if isinstance(entry, Mapping) and "content" in entry:
            folders.write(path, entry["content"], kind=entry.get("type"))
        else:
            folders.write(path, entry)
