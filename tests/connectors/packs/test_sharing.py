"""Access, check-outs, approvals and attachments of SharePoint items, as flows call them."""

from __future__ import annotations

import pytest
from tests.connectors.packs.calling import Service

SITE = "https://contoso.sharepoint.com/sites/ops"
ITEM = {"dataset": SITE, "table": "Orders", "id": 1}


@pytest.fixture
def site() -> Service:
    return Service(
        "sharepointonline", {"sites": {SITE: {"lists": {"Orders": {"columns": {}, "items": [{"Title": "A"}]}}}}}
    )


def test_access_is_granted_and_taken_back(site: Service) -> None:
    given = {"parameter__recipients": "ada@contoso.example", "parameter__roleValue": "role:1073741827"}
    granted = site.call("GrantAccess", **ITEM, **given)
    ((_, shared),) = site.tenant.store_of("sharepointonline").rows("$sharing")
    site.call("UnshareItem", **ITEM)
    ((_, unshared),) = site.tenant.store_of("sharepointonline").rows("$sharing")

    assert granted.status_code == 200
    assert [entry["recipients"] for entry in shared["shared"]] == ["ada@contoso.example"]
    assert unshared["shared"] == []
    assert site.call("GrantAccess", **{**ITEM, "id": 9}, **given).status_code == 404


def test_a_file_is_checked_out_once_and_in_after_that(site: Service) -> None:
    before = site.call("CheckInFile", **ITEM, parameter__comments="x")
    out = site.call("CheckOutFile", **ITEM)
    back = site.call("CheckInFile", **ITEM, parameter__comments="done")
    site.call("CheckOutFile", **ITEM)
    discarded = site.call("DiscardFileCheckOut", **ITEM)

    assert [before.status_code, out.status_code, back.status_code, discarded.status_code] == [400, 200, 200, 200]


def test_an_approval_status_is_kept(site: Service) -> None:
    site.call("SetApprovalStatus", **ITEM, approvalAction="Approve", comments="fine")
    ((_, row),) = site.tenant.store_of("sharepointonline").rows("$sharing")

    assert (row["approval"], row["comment"]) == ("Approve", "fine")


def test_an_attachment_is_deleted_once(site: Service) -> None:
    item = {"dataset": SITE, "table": "Orders", "itemId": 1}
    made = site.call("CreateAttachment", **item, displayName="a.txt", body="x").body
    deleted = site.call("DeleteAttachment", **item, attachmentId=made["Id"])

    assert deleted.status_code == 200
    assert site.call("GetItemAttachments", **item).body == []
    assert site.call("DeleteAttachment", **item, attachmentId=made["Id"]).status_code == 404


def test_a_folder_s_metadata_is_read_by_path(site: Service) -> None:
    site.call("CreateNewFolder", dataset=SITE, table="Shared Documents", parameters__path="Plans")

    assert site.call("GetFolderMetadataByPath", dataset=SITE, path="/Shared Documents/Plans").body["IsFolder"] is True
