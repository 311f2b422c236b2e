"""Temporal: the development server in a process of its own, a Python worker beside it, gRPC over HTTP/2 between them.

Variants: `activities` are Temporal's usual durable step, scheduled by the server and
fetched by the worker; `local` are local activities, run inside the worker and written
to the history as markers with the workflow task. The server keeps its state in SQLite.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.peers import BODY, IN_FLIGHT, INSTALLED
from temporalio import activity, workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

SERVER = INSTALLED / "venv" / "bin" / "temporal"
WHERE = {
    "activities": "workflow and activities in one Python process; every task and result crosses gRPC to the server",
    "local": "workflow and activities in one Python process; results cross gRPC with the workflow task, many at a time",
}
A_MINUTE = timedelta(seconds=60)


@activity.defn
async def create_item(item: dict[str, Any]) -> dict[str, Any]:
    return BODY


async def step(is_local: bool, item: dict[str, Any]) -> None:
    if is_local:
        await workflow.execute_local_activity(create_item, item, start_to_close_timeout=A_MINUTE)
    else:
        await workflow.execute_activity(create_item, item, start_to_close_timeout=A_MINUTE)


@workflow.defn
class Sequential:
    @workflow.run
    async def run(self, steps: int, is_local: bool) -> int:
        for n in range(steps):
            await step(is_local, {"n": n, "name": "order"})
        return steps


@workflow.defn
class Loop:
    @workflow.run
    async def run(self, items: int, is_local: bool) -> int:
        waiting = iter(range(items))

        async def worker() -> None:
            for n in waiting:
                for _ in ("First", "Second", "Third"):
                    await step(is_local, {"n": n})

        await asyncio.gather(*[worker() for _ in range(IN_FLIGHT)])
        return items


async def measure(work: str, count: int, variant: str, folder: Path) -> dict[str, Any]:
    is_local = variant == "local"
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(SERVER),
        dev_server_database_filename=str(folder / "temporal.db"),
        dev_server_log_level="error",
    )
    worker = Worker(
        environment.client,
        task_queue="bench",
        workflows=[Sequential, Loop],
        activities=[create_item],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_activities=IN_FLIGHT,
        max_concurrent_local_activities=IN_FLIGHT,
        max_concurrent_workflow_tasks=IN_FLIGHT,
    )
    async with environment, worker:

        async def execute(kind: Any, name: str, value: int) -> None:
            client = environment.client
            found = await client.execute_workflow(kind, args=[value, is_local], id=name, task_queue="bench")
            assert found == value

        await execute(Sequential.run, "warm", 10)
        began = time.perf_counter()
        if work == "loop":
            steps = count * 3
            await execute(Loop.run, "loop", count)
        else:
            steps = count * 10
            waiting = iter(range(count))

            async def chain() -> None:
                for n in waiting:
                    await execute(Sequential.run, f"run-{n}", 10)

            await asyncio.gather(*[chain() for _ in range(IN_FLIGHT)])
        took = time.perf_counter() - began
    return {"steps_per_s": steps / took, "steps": steps, "where": WHERE[variant]}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(folder)))
    server = subprocess.run([str(SERVER), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    figures["version"] = f"{server}, temporalio {version('temporalio')}"
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
