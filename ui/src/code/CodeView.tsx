import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Finding, Graph } from "../api";
import { Icon } from "../parts/Icon";
import { baseOf, isWithin, type Line, lineOf, lines, within } from "./lines";

const ROW = 20;

interface Given {
  definition: unknown;
  graph: Graph;
  findings: Finding[];
  /** The pointer of what is chosen in the graph. */
  pointer: string | null;
}

/** The definition as code, with findings at their lines; the chosen action's lines are marked. */
export function CodeView({ definition, graph, findings: given, pointer: chosen }: Given) {
  const base = baseOf(graph);
  const findings = useMemo(() => given.map((each) => ({ ...each, pointer: within(base, each.pointer) })), [given, base]);
  const pointer = chosen === null ? null : within(base, chosen);
  const made = useMemo(() => lines(definition), [definition]);
  const marks = useMemo(() => {
    const found = new Map<number, Finding[]>();
    for (const finding of findings) {
      const at = lineOf(made, finding.pointer ?? "");
      found.set(at, [...(found.get(at) ?? []), finding]);
    }
    return found;
  }, [made, findings]);
  const order = useMemo(() => [...marks.keys()].sort((a, b) => a - b), [marks]);
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState<number | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: made.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 30 });
  const goTo = (line: number) => {
    setAt(line);
    rows.scrollToIndex(line, { align: "center" });
  };
  useEffect(() => {
    if (pointer !== null) rows.scrollToIndex(lineOf(made, pointer), { align: "start" });
  }, [pointer, made, rows]);
  const find = () => {
    const folded = wanted.toLowerCase();
    if (!folded) return;
    const has = (line: Line) => `${line.key ?? ""} ${line.text}`.toLowerCase().includes(folded);
    const start = (at ?? -1) + 1;
    for (let step = 0; step < made.length; step += 1) {
      const next = (start + step) % made.length;
      if (has(made[next] as Line)) {
        goTo(next);
        return;
      }
    }
  };
  const ordered = useMemo(() => [...findings].sort((a, b) => lineOf(made, a.pointer ?? "") - lineOf(made, b.pointer ?? "")), [findings, made]);
  return (
    <div className="code-view">
      <div className="row code-bar">
        <input type="search" placeholder="Find in the code" aria-label="Find in the code" value={wanted} onChange={(event) => setWanted(event.target.value)} onKeyDown={(event) => event.key === "Enter" && find()} />
        <span className="grow" />
        <span className="dim">{findings.length === 0 ? "No findings" : `${findings.length} ${findings.length === 1 ? "finding" : "findings"} on ${order.length} ${order.length === 1 ? "line" : "lines"}`}</span>
        {order.length > 0 && (
          <button type="button" className="button" onClick={() => goTo(order.find((line) => line > (at ?? -1)) ?? (order[0] as number))}>
            <Icon name="down" /> Next finding
          </button>
        )}
      </div>
      <div ref={scroller} className="code" tabIndex={0} role="region" aria-label="Code of the flow">
        <ol style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const line = made[item.index] as Line;
            const found = marks.get(item.index);
            const classes = ["line"];
            if (pointer && isWithin(line, pointer)) classes.push("chosen");
            if (found) classes.push(severity(found));
            if (at === item.index) classes.push("at");
            return (
              <li key={item.index} className={classes.join(" ")} style={{ transform: `translateY(${item.start}px)` }} title={found?.map((each) => `${each.code}: ${each.message}`).join("\n")}>
                <span className="number" aria-hidden="true">{item.index + 1}</span>
                <span style={{ paddingLeft: line.indent * 16 }}>
                  {line.key !== null && <span className="key">{JSON.stringify(line.key)}: </span>}
                  <span className={line.kind === "number" ? "number-value" : line.kind}>{line.text}</span>
                </span>
                {found && <span className="told">{found.map((each) => `${each.code} ${each.message}`).join("   ")}</span>}
              </li>
            );
          })}
        </ol>
      </div>
      {ordered.length > 0 && (
        <ul className="findings" aria-label="Findings">
          {ordered.map((finding, index) => (
            <li key={`${finding.code}${finding.pointer}${index}`}>
              <button type="button" onClick={() => goTo(lineOf(made, finding.pointer ?? ""))}>
                <span className={`tag ${finding.severity === "error" ? "bad" : ""}`}>{finding.code}</span> {finding.message}
                {finding.hint && <span className={finding.hint.includes("\n") ? "dim hint mono" : "dim"}> {finding.hint}</span>}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function severity(findings: Finding[]): string {
  if (findings.some((each) => each.severity === "error")) return "error";
  return findings.some((each) => each.severity === "warning") ? "warning" : "note";
}
