"""Two hundred hires on Monday: fifteen hours one after another, a fifth of it five at a time; and what jitter does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.examples.stage import EXAMPLES, seed_of

import runafter
from runafter.local.run import RunResult
from runafter.local.tenant import open_tenant
from runafter.tenant.profiles import Latency, TenantProfile

NAME = "employee_onboarding"
MANAGER = "33333333-0000-4000-8000-000000000011"


def batch(count: int) -> dict[str, Any]:
    hires = [
        {
            "employeeId": f"E{number:04}",
            "givenName": f"Given{number}",
            "surname": f"Family{number}",
            "department": "Engineering",
            "jobTitle": "Developer",
            "managerId": MANAGER,
            "startDate": "2026-12-07",
        }
        for number in range(count)
    ]
    return {"batch": f"batch-of-{count}", "hires": hires}


def flow(concurrency: int) -> runafter.Definition:
    document = json.loads((EXAMPLES / NAME / "flow.json").read_text("utf-8"))
    loop = document["properties"]["definition"]["actions"]["Onboard_batch"]["actions"]["Onboard_hires"]
    loop["runtimeConfiguration"]["concurrency"]["repetitions"] = concurrency
    (found,) = runafter.read(json.dumps(document).encode())
    return found


def onboard(count: int, concurrency: int, profile: TenantProfile | str, seed: int = 0) -> RunResult:
    tenant = open_tenant(seed_of(NAME) | {"licences": {"SPE_E3": count}}, profile=profile, seed=seed)
    return runafter.run(flow(concurrency), tenant=tenant, trigger=batch(count), seed=seed)


@pytest.mark.slow
def test_two_hundred_hires_one_after_another_take_fifteen_hours() -> None:
    result = onboard(200, 1, "calibrated-onboarding")

    loop = result.action("Onboard_hires")
    assert result.succeeded
    assert (loop.ended_at - loop.started_at) / 600_000_000 == pytest.approx(900, rel=0.01)


@pytest.mark.slow
def test_five_at_a_time_a_hundred_take_an_hour_and_a_half() -> None:
    result = onboard(100, 5, "calibrated-onboarding")

    loop = result.action("Onboard_hires")
    assert (loop.ended_at - loop.started_at) / 600_000_000 == pytest.approx(90, rel=0.01)


# -- jitter ----------------------------------------------------------------------------------------------------------

STEADY = TenantProfile(name="steady", title="", default=Latency(service_s=1.0, overhead_s=0.5), throttling=False)
SOURCES = {
    "worker": replace(STEADY, dispatch_s=(0.2, 2.0)),
    "service": replace(STEADY, default=replace(STEADY.default, service_jitter_s=1.0)),
    "overhead": replace(STEADY, default=replace(STEADY.default, overhead_jitter_s=1.0)),
}


def spread_s(profile: TenantProfile) -> float:
    """Return by how much the first calls of five parallel hires end apart."""
    result = onboard(5, 5, profile)
    ended = [record.ended_at for record in result.actions["Begin_onboarding_log"]]
    return (max(ended) - min(ended)) / 10_000_000


def test_without_jitter_parallel_calls_go_in_step() -> None:
    assert spread_s(STEADY) == 0


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_of_jitter_alone_spreads_them(source: str) -> None:
    assert spread_s(SOURCES[source]) > 0.1
