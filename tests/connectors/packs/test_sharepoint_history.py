"""SharePoint beyond rows: deletions that start flows, changes between versions, folders, and people."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest
from tests.connectors.packs.calling import Service

SITE = "https://contoso.sharepoint.com/sites/ops"


@pytest.fixture
def site() -> Service:
    items = [{"Title": "One", "Status": "New"}, {"Title": "Two", "Status": "New"}]
    columns = {
        "Due": "date",
        "Done": "boolean",
        "Status": "text",
        "Colours": {"type": "choice", "choices": ["Red", "Blue"]},
    }
    lists = {"Orders": {"columns": columns, "items": items}}
    files = {"/Shared Documents/in/a.txt": "A", "/Shared Documents/in/deep/b.txt": "B"}
    return Service("sharepointonline", {"sites": {SITE: {"lists": lists, "files": files}}})


def test_a_deletion_trigger_brings_what_was_deleted_and_nothing_else(site: Service) -> None:
    before = site.call("GetOnDeletedItems", dataset=SITE, table="Orders").body
    site.call("PatchItem", dataset=SITE, table="Orders", id=1, item__Status="Old")
    site.call("DeleteItem", dataset=SITE, table="Orders", id=2)

    after = site.call("GetOnDeletedItems", dataset=SITE, table="Orders").body

    assert before == {"value": []}
    assert [(row["ID"], row["Name"], row["IsFolder"]) for row in after["value"]] == [(2, "Two", False)]


def test_a_deleted_file_is_brought_by_its_folder(site: Service) -> None:
    site.call("DeleteFile", dataset=SITE, id="/Shared Documents/in/a.txt")

    found = site.call("GetOnDeletedFileItems", dataset=SITE, table="Documents", folderPath="/Shared Documents/in")
    elsewhere = site.call("GetOnDeletedFileItems", dataset=SITE, table="Documents", folderPath="/Other")

    assert [row["FileNameWithExtension"] for row in found.body["value"]] == ["a.txt"]
    assert elsewhere.body == {"value": []}


@pytest.mark.parametrize(("since", "changed"), [("1.0", True), ("2.0", False)])
def test_changes_are_those_between_two_versions(site: Service, since: str, changed: bool) -> None:
    site.call("PatchItem", dataset=SITE, table="Orders", id=1, item__Status="Old")
    site.call("PatchItem", dataset=SITE, table="Orders", id=1, item__Title="Uno")

    changes = site.call("GetItemChanges", dataset=SITE, table="Orders", id=1, since=since).body

    assert changes["ColumnHasChanged"]["Status"] == {"hasChanged": changed}
    assert changes["ColumnHasChanged"]["Title"] == {"hasChanged": True}
    assert (changes["SinceVersionLabel"], changes["EndVersionLabel"]) == (since, "3.0")


def test_an_unknown_version_is_refused_by_name(site: Service) -> None:
    refused = site.call("GetItemChanges", dataset=SITE, table="Orders", id=1, since="last week")

    assert (refused.status_code, "last week" in refused.body["message"]) == (400, True)


def test_a_folder_is_copied_numbered_and_moved_with_all_below_it(site: Service) -> None:
    def carry(operation: str, behaviour: int) -> object:
        return site.call(
            operation,
            dataset=SITE,
            parameters__sourceFolderId="/Shared Documents/in",
            parameters__destinationDataset=SITE,
            parameters__destinationFolderPath="/Archive",
            parameters__nameConflictBehavior=behaviour,
        )

    copied, refused, numbered = carry("CopyFolderAsync", 0), carry("CopyFolderAsync", 0), carry("MoveFolderAsync", 2)

    assert (copied.status_code, refused.status_code) == (200, 409)  # type: ignore[attr-defined]
    assert numbered.body["Path"] == "/Archive/in (1)"  # type: ignore[attr-defined]
    assert site.call("GetFileContentByPath", dataset=SITE, path="/Archive/in (1)/deep/b.txt").body == "B"
    assert site.call("GetFileMetadataByPath", dataset=SITE, path="/Shared Documents/in").status_code == 404


def test_an_archive_is_unpacked_and_a_text_refused(site: Service) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x/c.txt", "C")
        archive.writestr("../out.txt", "no")
    held = {"$content-type": "application/zip", "$content": base64.b64encode(packed.getvalue()).decode()}
    site.call("CreateFile", dataset=SITE, folderPath="/Shared Documents", name="p.zip", body=held)

    unpacked = site.call("ExtractFolderV2", dataset=SITE, source="/Shared Documents/p.zip", destination="/New")
    refused = site.call("ExtractFolderV2", dataset=SITE, source="/Shared Documents/in/a.txt", destination="/New")

    assert [each["Path"] for each in unpacked.body] == ["/New/x/c.txt"]
    assert refused.status_code == 400


def test_a_person_is_resolved_by_the_directory(site: Service) -> None:
    site.tenant.store_of("azuread").put("users", "1", {"userPrincipalName": "ada@x.example", "displayName": "Ada"})

    found = site.call("SearchForUser", dataset=SITE, table="Orders", entityId="Author", searchValue="ada")
    missing = site.call("SearchForUser", dataset=SITE, table="Orders", entityId="Author", searchValue="bob@x.example")

    assert (found.body["Claims"], missing.status_code) == ("i:0#.f|membership|ada@x.example", 404)


@pytest.mark.parametrize(("column", "value"), [("Due", "next week"), ("Done", "maybe")])
def test_a_value_that_the_column_cannot_hold_is_refused(site: Service, column: str, value: str) -> None:
    refused = site.call("PostItem", dataset=SITE, table="Orders", item__Title="T", **{f"item__{column}": value})

    assert (refused.status_code, value in refused.body["error"]["message"]) == (400, True)


def test_several_choices_are_a_list_of_choices(site: Service) -> None:
    made = site.call(
        "PostItem",
        dataset=SITE,
        table="Orders",
        item__Title="Three",
        item__Colours=[{"Value": "Red"}, {"Value": "Blue"}],
    )

    assert [each["Value"] for each in made.body["Colours"]] == ["Red", "Blue"]
    assert made.body["Colours#Id"] == [0, 1]


def test_files_of_onedrive_are_found_shared_and_moved_by_path() -> None:
    drive = Service("onedriveforbusiness", {"files": {"/in/report-1.csv": "a", "/in/x/report-2.txt": "b"}})

    named = drive.call("FindFiles", id="/", query="report", findMode="NameSearch").body
    fitting = drive.call("FindFilesByPath", query="*.csv", path="/in", findMode="Pattern").body
    copied = drive.call("CopyDriveFileByPath", source="/in/report-1.csv", destination="/out/r.csv")
    again = drive.call("CopyDriveFileByPath", source="/in/report-1.csv", destination="/out/r.csv")
    moved = drive.call("MoveFileByPath", source="/out/r.csv", destination="/out/s.csv")
    link = drive.call("CreateShareLinkByPath", path="/out/s.csv", type="view")
    thumbnail = drive.call("GetFileThumbnail", id="/out/s.csv", size="Huge")

    assert ([each["Name"] for each in named], [each["Name"] for each in fitting]) == (
        ["report-1.csv", "report-2.txt"], ["report-1.csv"])  # fmt: skip
    assert (copied.status_code, again.status_code, moved.status_code) == (200, 409, 200)
    assert (link.status_code, thumbnail.status_code) == (200, 400)


def test_beside_seeded_sites_no_other_exists_until_a_flow_makes_it(site: Service) -> None:
    other = "https://contoso.sharepoint.com/sites/opertions"
    parameters = {"method": "POST", "uri": "_api/SPSiteManager/create", "body": f'{{"request": {{"Url": "{other}"}}}}'}

    before = site.call("GetItems", dataset=other, table="Orders")
    made = site.call("HttpRequest", dataset=SITE, **{f"parameters/{name}": value for name, value in parameters.items()})
    after = site.call("GetItems", dataset=other, table="Orders")

    assert before.status_code == 404
    assert f"The site '{other}' does not exist." in str(before.body or before.message)
    assert made.status_code == 200
    assert after.body["value"] == []
