"""The tenant of a served project: filled once, kept in a file, its settings read at each start."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from tests.server.test_connector_triggers import SITE, call

from runafter.protocol.events import Outcome
from runafter.server.served_tenant import seeds_of, served_tenant, state_beside
from runafter.tenant.tenant import Tenant

SEED = f"""
user: ada@contoso.example
sharepoint:
  sites:
    {SITE}:
      lists:
        Orders:
          items: [{{Title: first}}]
"""


def perform(tenant: Tenant, operation: str, **parameters: object) -> Outcome:
    given = {"dataset": SITE, "table": "Orders", **parameters}
    return asyncio.run(tenant.perform(call(operation, "shared_sharepointonline", given)))


def listed(tenant: Tenant, table: str = "Orders") -> list[str]:
    return [item["Title"] for item in perform(tenant, "GetItems", table=table).body["value"]]


def test_what_runs_wrote_is_there_after_a_restart_and_the_seed_is_not_written_again(tmp_path: Path):
    seed, state = tmp_path / "tenant.yaml", tmp_path / "tenant.db"
    seed.write_text(SEED)
    tenant = served_tenant([seed], state=state)
    assert perform(tenant, "PostItem", **{"item/Title": "second"}).status_code in {200, 201}
    tenant.state.close()

    again = served_tenant([seed], state=state)

    assert listed(again) == ["first", "second"]
    again.state.close()


def test_settings_of_a_seed_hold_at_each_start_and_its_new_content_is_told(tmp_path: Path, caplog):
    seed, state = tmp_path / "tenant.yaml", tmp_path / "tenant.db"
    seed.write_text(SEED)
    served_tenant([seed], state=state).state.close()
    seed.write_text(SEED.replace("ada@", "bob@").replace("first", "other"))

    with caplog.at_level(logging.WARNING):
        again = served_tenant([seed], state=state)

    assert again.user == "bob@contoso.example"
    assert listed(again) == ["first"]
    assert "begin anew" in caplog.text
    again.state.close()


def test_the_flows_own_seeds_count_where_the_project_has_none(tmp_path: Path):
    for name in ("flows/one", "flows/two"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "tenant.yaml").write_text(SEED)

    several = seeds_of(tmp_path)
    (tmp_path / "tenant.yaml").write_text(SEED)

    assert [seed.parent.name for seed in several] == ["one", "two"]
    assert seeds_of(tmp_path) == (tmp_path / "tenant.yaml",)
    assert seeds_of(tmp_path / "flows" / "one" / "flow.json") == (tmp_path / "flows" / "one" / "tenant.yaml",)


def test_the_samples_share_one_company():
    seeds = seeds_of(Path(__file__).parents[2] / "examples")

    tenant = served_tenant(seeds)

    assert len(seeds) == 5
    lists = {table for table in ("Orders", "Invoices", "Departments", "Weekly Reports") if listed(tenant, table)}
    assert lists == {"Orders", "Invoices", "Departments", "Weekly Reports"}
    assert len(tenant.store_of("azuread").rows("users")) == 13


@pytest.mark.parametrize(
    ("db", "state"),
    [
        (".runafter/runs.db", Path(".runafter/tenant.db")),
        ("sqlite:///data/prod.db", Path("data/prod.tenant.db")),
        ("postgresql://host/database", None),
        ("memory:", None),
    ],
    ids=["default", "url", "postgresql", "memory"],
)
def test_the_tenant_lies_beside_the_database(db, state):
    assert state_beside(db) == state


def test_a_tenant_that_serves_for_long_forgets_its_oldest_calls():
    tenant = served_tenant([])
    tenant.keeps = 8
    for number in range(30):
        perform(tenant, "PostItem", **{"item/Title": str(number)})

    assert 8 <= len(tenant.served) <= 10
    assert tenant.served[-1].arguments["item"]["Title"] == "29"
