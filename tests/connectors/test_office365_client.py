"""The Office365-REST-Python-Client on our SharePoint and Graph: the client believes that it talks to Microsoft."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from runafter.tenant.clock import ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

pytest.importorskip("office365.graph_client", reason="office365-rest-python-client is not installed")

SITE = "https://contoso.sharepoint.com/sites/ops"
SEED = {
    "sharepointonline": {
        "sites": {
            SITE: {
                "lists": {
                    "Orders": {
                        "columns": {"Status": {"type": "choice", "choices": ["Pending", "Complete"]}, "Amount": "number"},
                        "items": [{"Title": "A", "Status": "Pending"}, {"Title": "B", "Status": "Complete"}],
                    }
                }
            }
        }
    }
}  # fmt: skip


def _session(origin: str, to: str) -> Any:
    """Return a session whose requests to one origin go to another."""
    import requests
    from requests.adapters import HTTPAdapter

    class Elsewhere(HTTPAdapter):
        def send(self, request: Any, *args: Any, **more: Any) -> Any:
            request.url = request.url.replace(origin, to)
            return super().send(request, *args, **more)

    session = requests.Session()
    session.mount(origin, Elsewhere())
    return session


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant(clock=ManualClock())
    apply_seed(tenant, SEED)
    return tenant


async def _on_site(tenant: Tenant, work: Callable[[Any], Any]) -> Any:
    from office365.runtime.auth.token_response import TokenResponse
    from office365.sharepoint.client_context import ClientContext

    async with TenantServer(tenant) as server:

        def run() -> Any:
            with _session("https://contoso.sharepoint.com", f"{server.url}/sharepoint") as session:
                token = TokenResponse(access_token="token", token_type="Bearer")
                return work(ClientContext(SITE).with_access_token(lambda: token).with_transport(session=session))

        return await asyncio.to_thread(run)


async def _on_graph(tenant: Tenant, work: Callable[[Any], Any]) -> Any:
    from office365.graph_client import GraphClient

    async with TenantServer(tenant) as server:

        def run() -> Any:
            with _session("https://graph.microsoft.com", f"{server.url}/graph") as session:
                token = {"access_token": "token", "token_type": "Bearer"}
                return work(GraphClient(lambda: token).with_transport(session=session))

        return await asyncio.to_thread(run)


async def test_items_are_added_filtered_changed_and_deleted(tenant: Tenant) -> None:
    def work(site: Any) -> list[Any]:
        orders = site.web.lists.get_by_title("Orders")
        added = orders.add_item({"Title": "C", "Amount": 5}).execute_query()
        item = orders.get_item_by_id(1).get().execute_query()
        item.set_property("Title", "A2").update().execute_query()
        orders.get_item_by_id(2).delete_object().execute_query()
        pending = orders.items.filter("Status eq 'Pending'").select(["Title"]).get().execute_query()
        everything = orders.items.get().execute_query()
        return [added.id, [i.get_property("Title") for i in pending], [i.get_property("Title") for i in everything]]

    assert await _on_site(tenant, work) == [3, ["A2"], ["A2", "C"]]


async def test_pages_are_followed_by_their_links(tenant: Tenant) -> None:
    def work(site: Any) -> list[Any]:
        orders = site.web.lists.get_by_title("Orders")
        for title in "CDE":
            orders.add_item({"Title": title}).execute_query()
        return [item.get_property("Title") for item in orders.items.get_all(2).execute_query()]

    assert await _on_site(tenant, work) == ["A", "B", "C", "D", "E"]


async def test_a_stale_etag_is_412_and_the_item_stays(tenant: Tenant) -> None:
    from office365.runtime.client_request_exception import ClientRequestException

    def work(site: Any) -> list[Any]:
        orders = site.web.lists.get_by_title("Orders")
        first, second = (orders.get_item_by_id(1).get().execute_query() for _ in range(2))
        first.set_property("Title", "first").update().execute_query()
        second.set_property("Title", "second").update()
        site.pending_request().beforeExecute += lambda request: request.set_header("If-Match", '"1"')
        with pytest.raises(ClientRequestException) as refused:
            site.execute_query()
        return [refused.value.response.status_code]

    assert await _on_site(tenant, work) == [412]
    rows = tenant.store_of("sharepointonline").rows(f"{SITE}|Orders")
    assert [row["Title"] for _, row in rows] == ["first", "B"]


async def test_a_batch_of_the_client_is_answered_part_by_part(tenant: Tenant) -> None:
    def work(site: Any) -> list[Any]:
        orders = site.web.lists.get_by_title("Orders")
        added = [orders.add_item({"Title": title}) for title in "XY"]
        site.execute_batch()
        return [item.get_property("ID") for item in added]

    assert await _on_site(tenant, work) == [3, 4]


async def test_files_lists_columns_and_users_are_read(tenant: Tenant) -> None:
    def work(site: Any) -> list[Any]:
        folder = site.web.get_folder_by_server_relative_url("Shared Documents")
        uploaded = folder.upload_file("a.txt", b"hello").execute_query()
        path = uploaded.get_property("ServerRelativeUrl")
        read = site.web.get_file_by_server_relative_url(path).get_content().execute_query().value
        fields = site.web.lists.get_by_title("Orders").fields.get().execute_query()
        titles = [of.title for of in site.web.lists.get().execute_query()]
        user = site.web.current_user.get().execute_query().get_property("Email")
        return [path, read, [field.internal_name for field in fields], titles, user]

    assert await _on_site(tenant, work) == [
        "/sites/ops/Shared Documents/a.txt",
        b"hello",
        ["ID", "Title", "Status", "Amount"],
        ["Orders"],
        "ada@contoso.example",
    ]


async def test_users_and_groups_of_the_graph(tenant: Tenant) -> None:
    def work(graph: Any) -> list[Any]:
        from office365.directory.users.profile import UserProfile

        name = "grace@contoso.example"
        user = graph.users.add(UserProfile(name, "secret", True)).execute_query()
        user.set_property("jobTitle", "Admiral").update().execute_query()
        group = graph.groups.create_security("crew").execute_query()
        group.members.add(user).execute_query()
        graph.users[name].send_mail(subject="Hi", body="Text", to_recipients=["ada@contoso.example"]).execute_query()
        found = graph.users.filter("startswith(userPrincipalName,'gr')").select(["jobTitle"]).get().execute_query()
        members = group.members.get().execute_query()
        seen = [[u.get_property("jobTitle") for u in found], [m.get_property("userPrincipalName") for m in members]]
        user.delete_object().execute_query()
        return [*seen, len(graph.users.get().execute_query())]

    assert await _on_graph(tenant, work) == [["Admiral"], ["grace@contoso.example"], 0]
    assert [row["subject"] for _, row in tenant.store_of("office365").rows("outbox")] == ["Hi"]


async def test_a_user_that_a_known_directory_lacks_is_404(tenant: Tenant) -> None:
    from office365.runtime.client_request_exception import ClientRequestException

    def work(graph: Any) -> object:
        from office365.directory.users.profile import UserProfile

        graph.users.add(UserProfile("grace@contoso.example", "secret", True)).execute_query()
        with pytest.raises(ClientRequestException) as refused:
            graph.users["nobody@contoso.example"].get().execute_query()
        return refused.value.response.status_code

    assert await _on_graph(tenant, work) == 404
