"""Print how often each code fires on a corpus of real definitions, with samples.

    python tools/corpus_findings.py FOLDER [--samples N] [--code CODE ...]

FOLDER holds `*.jsonl.gz`, one record a line with `definition`, `path` and
`source`, and perhaps `parameters`, `template` and `connectionReferences`; the
file's name is the dialect.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runafter.definition.nodes import Definition
from runafter.definition.read.arm import read_template
from runafter.definition.source import parse_bytes
from runafter.errors import Finding
from runafter.program.build import problems

_ARM = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield all records, each with its dialect as `dialect`."""
    for file in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield {**json.loads(line), "dialect": file.name.removesuffix(".jsonl.gz")}


def definition_of(record: dict[str, Any]) -> Definition:
    """Read a record as the file that it was taken from: an ARM template, or a definition with its surroundings."""
    name = record["path"].rsplit("/", 1)[-1]
    if record.get("arm"):
        resource = {
            "type": "Microsoft.Logic/workflows",
            "name": "flow",
            "properties": {"definition": record["definition"], "parameters": record.get("parameters") or {}},
        }
        template = {"$schema": _ARM, **(record.get("template") or {}), "resources": [resource]}
        return next(read_template(parse_bytes(json.dumps(template).encode(), name), name))
    body = {
        "properties": {
            "definition": record["definition"],
            "connectionReferences": record.get("connectionReferences") or {},
        }
    }
    document = parse_bytes(json.dumps(body).encode(), name)
    node = document.find("/properties/definition")
    assert node is not None
    values = {
        key: row["value"]
        for key, row in (record.get("parameters") or {}).items()
        if isinstance(row, dict) and "value" in row
    }
    return Definition(
        name=name,
        node=node,
        document=document,
        file=name,
        container="definition",
        profile=record["dialect"],
        workflow_kind=record.get("workflowKind"),
        parameter_values=values,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=0, help="places to print per code")
    parser.add_argument("--code", action="append", help="print samples of these codes only")
    options = parser.parse_args()
    found: dict[tuple[str, str], list[tuple[dict[str, Any], Finding]]] = defaultdict(list)
    flows = broken = 0
    slowest, began = 0.0, time.perf_counter()
    for record in records(options.folder):
        flows += 1
        start = time.perf_counter()
        findings = problems(definition_of(record))
        slowest = max(slowest, time.perf_counter() - start)
        broken += any(finding.severity == "error" for finding in findings)
        for finding in findings:
            found[finding.severity, finding.code].append((record, finding))
    print(f"{flows} flows, {flows - broken} build ({(flows - broken) / flows:.2%})")
    print(f"{time.perf_counter() - began:.1f} s in all, the slowest {slowest:.2f} s")
    for (severity, code), places in sorted(found.items()):
        print(f"{severity:8} {code} {len(places):5} places in {len({id(record) for record, _ in places})} flows")
        if options.samples and (not options.code or code in options.code):
            for record, finding in random.Random(1).sample(places, min(options.samples, len(places))):
                print(f"    {record['source']} {record['path']} {finding.pointer}")
                print(f"        {finding.message[:300]}")


if __name__ == "__main__":
    main()
