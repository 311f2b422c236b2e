"""Microsoft's msgraph-sdk on our Graph: the client believes that it talks to Microsoft."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from runafter.tenant.clock import ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

pytest.importorskip("msgraph", reason="msgraph-sdk is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SEED = {
    "users": [
        {"userPrincipalName": "ada@contoso.example", "displayName": "Ada Lovelace", "jobTitle": "Countess"},
        {"userPrincipalName": "grace@contoso.example", "displayName": "Grace Hopper"},
    ]
}


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant(clock=ManualClock())
    apply_seed(tenant, SEED)
    return tenant


@pytest.fixture
async def graph(tenant: Tenant) -> AsyncIterator[Any]:
    import httpx
    from kiota_abstractions.authentication import AnonymousAuthenticationProvider
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph_core import GraphClientFactory

    transport = httpx.AsyncHTTPTransport()
    http = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(transport=transport))
    async with TenantServer(tenant) as server, transport:  # the client's own close leaves the transport below it open
        adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=http)
        adapter.base_url = f"{server.url}/graph/v1.0"
        yield GraphServiceClient(request_adapter=adapter)


async def test_users_are_listed_selected_and_changed(graph: Any) -> None:
    from msgraph.generated.models.user import User
    from msgraph.generated.users.users_request_builder import UsersRequestBuilder

    query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
        filter="startswith(displayName,'Ada')", select=["displayName", "jobTitle"]
    )
    asked = UsersRequestBuilder.UsersRequestBuilderGetRequestConfiguration(query_parameters=query)
    await graph.users.by_user_id("ada@contoso.example").patch(User(job_title="Programmer"))
    found = await graph.users.get(request_configuration=asked)
    everybody = await graph.users.get()

    assert [(user.display_name, user.job_title) for user in found.value] == [("Ada Lovelace", "Programmer")]
    assert len(everybody.value) == 2


async def test_a_user_is_created_read_and_deleted(graph: Any) -> None:
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.password_profile import PasswordProfile
    from msgraph.generated.models.user import User

    made = await graph.users.post(
        User(
            account_enabled=True,
            display_name="Alan Turing",
            mail_nickname="alan",
            user_principal_name="alan@contoso.example",
            password_profile=PasswordProfile(password="secret", force_change_password_next_sign_in=True),
        )
    )
    read = await graph.users.by_user_id(made.id).get()
    await graph.users.by_user_id(made.id).delete()
    with pytest.raises(ODataError) as refused:
        await graph.users.by_user_id(made.id).get()

    assert read.user_principal_name == "alan@contoso.example"
    assert refused.value.response_status_code == 404
    assert refused.value.error.code == "Request_ResourceNotFound"


async def test_a_group_gets_members(graph: Any) -> None:
    from msgraph.generated.models.group import Group
    from msgraph.generated.models.reference_create import ReferenceCreate

    group = await graph.groups.post(
        Group(display_name="Crew", mail_enabled=False, mail_nickname="crew", security_enabled=True)
    )
    ada = await graph.users.by_user_id("ada@contoso.example").get()
    reference = ReferenceCreate(odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{ada.id}")
    await graph.groups.by_group_id(group.id).members.ref.post(reference)
    members = await graph.groups.by_group_id(group.id).members.get()

    assert [member.id for member in members.value] == [ada.id]


async def test_a_mail_lies_in_the_outbox(graph: Any, tenant: Tenant) -> None:
    from msgraph.generated.models.body_type import BodyType
    from msgraph.generated.models.email_address import EmailAddress
    from msgraph.generated.models.item_body import ItemBody
    from msgraph.generated.models.message import Message
    from msgraph.generated.models.recipient import Recipient
    from msgraph.generated.users.item.send_mail.send_mail_post_request_body import SendMailPostRequestBody

    message = Message(
        subject="Hello",
        body=ItemBody(content="<p>Hi</p>", content_type=BodyType.Html),
        to_recipients=[Recipient(email_address=EmailAddress(address="grace@contoso.example"))],
    )
    await graph.users.by_user_id("ada@contoso.example").send_mail.post(SendMailPostRequestBody(message=message))

    (mail,) = [row for _, row in tenant.store_of("office365").rows("outbox")]
    assert (mail["subject"], mail["from"], mail["to"]) == ("Hello", "ada@contoso.example", ["grace@contoso.example"])
