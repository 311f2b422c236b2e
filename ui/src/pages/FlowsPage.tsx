import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { api, type FlowSummary } from "../api";
import { useNews } from "../events";
import { ago, counted, duration, percent, time, titled } from "../format";
import { Icon } from "../parts/Icon";
import { tone } from "../parts/Status";
import { Empty, Fault, Loading } from "../parts/states";
import { useRows } from "../parts/useRows";
import { useSettled } from "../parts/useSettled";
import { RunDialog } from "./RunDialog";

export function FlowsPage() {
  const flows = useQuery({ queryKey: ["flows"], queryFn: api.flows, refetchInterval: 60_000 });
  const client = useQueryClient();
  const [wanted, setWanted] = useState("");
  const [starting, setStarting] = useState<FlowSummary | null>(null);
  const refresh = useSettled(() => client.invalidateQueries({ queryKey: ["flows"] }), 400);
  useNews({}, (news) => (news.kind !== "action" || news.data?.status === "Waiting") && refresh(), refresh);
  const rows = useRows();
  const shown = useMemo(() => {
    const folded = wanted.toLowerCase();
    return (flows.data?.flows ?? []).filter((flow) => `${flow.name} ${flow.title} ${flow.owner ?? ""}`.toLowerCase().includes(folded));
  }, [flows.data, wanted]);
  if (flows.isPending) return <Loading />;
  if (flows.isError) return <Fault error={flows.error} again={() => void flows.refetch()} />;
  return (
    <div className="page">
      <header>
        <h1>Flows</h1>
        <span className="dim">{flows.data.flows.length}</span>
        <span className="grow" />
        <input type="search" placeholder="Name or owner" aria-label="Find a flow" value={wanted} onChange={(event) => setWanted(event.target.value)} />
      </header>
      {flows.data.flows.length === 0 ? (
        <Empty title="No flow is installed">
          Start the server with a project: <code>runafter serve FOLDER</code>, or import an export: <code>runafter import EXPORT.zip</code>.
        </Empty>
      ) : shown.length === 0 ? (
        <Empty title={`No flow's name or owner has “${wanted}” in it`} />
      ) : (
        <div className="panel scroll">
          <table ref={rows} className="table flows">
            <thead>
              <tr>
                <th scope="col">Flow</th>
                <th scope="col" className="strips">Last runs</th>
                <th scope="col" className="right">Success</th>
                <th scope="col" className="right span" title="Half of the runs took no longer">p50</th>
                <th scope="col" className="right span" title="95 of 100 runs took no longer">p95</th>
                <th scope="col" className="next">Next</th>
                <th scope="col" className="deed"><span className="unseen">Run</span></th>
              </tr>
            </thead>
            <tbody>
              {shown.map((flow) => (
                <Line key={flow.name} flow={flow} start={() => setStarting(flow)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {starting && <RunDialog flow={starting.name} close={() => setStarting(null)} />}
    </div>
  );
}

function Line({ flow, start }: { flow: FlowSummary; start: () => void }) {
  return (
    <tr data-flow={flow.name}>
      <td>
        <Link href={`/flows/${encodeURIComponent(flow.name)}`} className="title cut" data-row title={flow.title}>
          {titled(flow.title)}
        </Link>
        <div className="dim small line">
          <span className="cut" title={flow.owner ?? undefined}>
            {flow.owner ?? "no owner"}
          </span>
          {flow.state !== "Enabled" && <span className="tag">{flow.state}</span>}
          {flow.errors > 0 && <span className="tag bad">{counted(flow.errors, "error")}</span>}
          {flow.criticality && <span className="tag plain">{flow.criticality}</span>}
        </div>
      </td>
      <td>
        <Strip flow={flow} />
      </td>
      <td className="right">
        <span className={flow.successRate === null ? "dim" : flow.successRate < 0.9 ? "rate bad" : "rate"}>{percent(flow.successRate)}</span>
      </td>
      <td className="right span">{duration(flow.p50S) || <span className="dim">–</span>}</td>
      <td className="right span">{duration(flow.p95S) || <span className="dim">–</span>}</td>
      <td className="next">
        {flow.nextAt && flow.state === "Enabled" ? (
          <time dateTime={flow.nextAt} title={time(flow.nextAt)}>{ago(flow.nextAt)}</time>
        ) : (
          <span className="dim">{flow.triggerType?.toLowerCase() === "recurrence" ? "–" : "on event"}</span>
        )}
      </td>
      <td className="right">
        <button type="button" className="button" onClick={start} disabled={flow.state !== "Enabled" || flow.errors > 0} aria-label={`Run ${titled(flow.title)}`}>
          <Icon name="start" /> Run
        </button>
      </td>
    </tr>
  );
}

function Strip({ flow }: { flow: FlowSummary }) {
  if (flow.runs.length === 0) return <span className="dim">no runs yet</span>;
  const longest = Math.max(...flow.runs.map((run) => run.durationS ?? 0), 0.001);
  return (
    <div className="strip">
      {[...flow.runs].reverse().map((run) => {
        const share = run.durationS === null ? 1 : Math.max(0.22, Math.sqrt(run.durationS / longest));
        const says = `${run.status}, ${time(run.startedAt)}${run.durationS === null ? "" : `, ${duration(run.durationS)}`}`;
        return (
          <Link key={run.id} href={`/runs/${run.id}`} className={`tick ${tone(run.status)}`} aria-label={says} title={says}>
            <span style={{ height: `${share * 100}%` }} />
          </Link>
        );
      })}
    </div>
  );
}
