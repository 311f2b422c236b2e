"""The four classes of failure of parallel work: each from a seed on a fragile twin, and none on the hardened flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from tests.examples.stage import Played, play

Hurt = Callable[[Played], int]


def records_of_others(played: Played) -> int:
    """Race condition: reports that carry the row of another."""
    rows = {
        row["contoso_weeklyreportid"]: row["contoso_name"] for row in played.rows("dataverse", "contoso_weeklyreports")
    }
    return sum(
        rows.get(item["DataverseRecordId"], item["Title"]) != item["Title"] for item in played.items("Weekly Reports")
    )


def duplicates(played: Played) -> int:
    """Duplicate writes: CRM records beyond one for each order."""
    orders = Counter(row["contoso_name"] for row in played.rows("dataverse", "contoso_orders"))
    return orders.total() - len(orders)


def collisions(played: Played) -> int:
    """Throttling collisions: calls that SharePoint's limit refused."""
    return sum((call.throttled_by or "").startswith("sharepointonline") for call in played.tenant.served)


def half_done(played: Played) -> int:
    """Partial failures: reports left in Processing."""
    return sum(item["Status"] == "Processing" for item in played.items("Weekly Reports"))


@pytest.mark.parametrize(
    ("hurt", "sample", "options"),
    [
        (records_of_others, "weekly_reports", {"profile": "documented"}),
        (duplicates, "order_fan_out", {"faults": "crm_commits_then_times_out"}),
        (collisions, "weekly_reports", {"profile": "calibrated-sharepoint"}),
        (half_done, "weekly_reports", {"faults": "three_items_fail"}),
    ],
    ids=["race", "duplicate", "throttling", "partial"],
)
@pytest.mark.parametrize("seed", [0, 7])
def test_a_class_of_failure_hurts_the_twin_and_not_the_hardened_flow(
    hurt: Hurt, sample: str, options: dict[str, str], seed: int
) -> None:
    twin = [hurt(play(sample, part="fragile", seed=seed, **options)) for _ in range(2)]

    assert twin[0] > 0
    assert twin[0] == twin[1]
    assert hurt(play(sample, seed=seed, **options)) == 0
