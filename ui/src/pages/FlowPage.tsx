import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { api } from "../api";
import { CodeView, severity } from "../code/CodeView";
import { useNews } from "../events";
import { ago, counted, duration, percent, time, titled, words } from "../format";
import { Icon } from "../parts/Icon";
import { Status } from "../parts/Status";
import { Fault, Loading, Refused } from "../parts/states";
import { useSettled } from "../parts/useSettled";
import { Canvas } from "../run/Canvas";
import { type Sight, SightContext } from "../run/context";
import { RunStore } from "../run/live";
import { versionText } from "../run/versions";
import { RunDialog } from "./RunDialog";

/** One flow: its graph and code with findings, what its trigger did, its versions. */
export function FlowPage({ name }: { name: string }) {
  const client = useQueryClient();
  const [, go] = useLocation();
  const known = useQuery({ queryKey: ["flow", name], queryFn: () => api.flow(name) });
  const checked = useQuery({ queryKey: ["findings", name], queryFn: () => api.findings(name) });
  const [view, setView] = useState<"graph" | "code">("graph");
  const [selected, setSelected] = useState<string | null>(null);
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [starting, setStarting] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const store = useRef(new RunStore()).current;
  const refresh = useSettled(() => client.invalidateQueries({ queryKey: ["flow", name] }), 800);
  useNews({ flow: name }, (news) => (news.kind === "run" || news.kind === "flow") && refresh());
  const findings = checked.data?.findings ?? known.data?.findings ?? [];
  const toggle = useCallback(
    (container: string) =>
      setCollapsed((before) => {
        const next = new Set(before);
        if (!next.delete(container)) next.add(container);
        return next;
      }),
    [],
  );
  const marks = useMemo(() => {
    const found = new Map<string, string>();
    for (const node of known.data?.graph.nodes ?? []) {
      if (node.isContainer) continue;
      const own = findings.filter((each) => each.pointer?.startsWith(node.pointer));
      if (own.length) found.set(node.name, severity(own));
    }
    return found;
  }, [findings, known.data]);
  const sight = useMemo<Sight>(
    () => ({
      store,
      iterations: new Map(),
      selected,
      select: (action) => {
        setSelected(action);
        setView("code");
      },
      toggle,
      chosen: {},
      choose: () => undefined,
      jumpToFailed: () => undefined,
      findings: marks,
      hasRun: false,
    }),
    [store, selected, toggle, marks],
  );
  if (known.isPending) return <Loading />;
  if (known.isError)
    return (
      <Fault
        error={known.error}
        again={() => void known.refetch()}
        elsewhere={
          <p>
            Its file may have been renamed or removed. <Link href="/">See the flows that there are</Link>.
          </p>
        }
      />
    );
  const { flow, graph, definition, triggers, versions, file } = known.data;
  const isOn = flow.state === "Enabled";
  const turn = () => {
    setRefused(null);
    api
      .switchFlow(name, !isOn)
      .then(() => client.invalidateQueries({ queryKey: ["flow", name] }))
      .catch(setRefused);
  };
  return (
    <SightContext.Provider value={sight}>
      <div className="run fill">
        <header className="run-head">
          <span className={`status ${isOn ? "good" : ""}`}>{flow.state}</span>
          <h1>{titled(flow.title)}</h1>
          <span className="dim small run-facts">
            <code>{flow.name}</code>
            <span>{flow.owner ?? "no owner"}</span>
            {flow.nextAt && isOn && <span>next {ago(flow.nextAt)}</span>}
          </span>
          <span className="grow" />
          <div className="tabs" role="group" aria-label="View">
            <button type="button" aria-pressed={view === "graph"} onClick={() => setView("graph")}>
              Graph
            </button>
            <button type="button" aria-pressed={view === "code"} onClick={() => setView("code")}>
              Code{findings.length > 0 && <span className="count">{findings.length}</span>}
            </button>
          </div>
          <button type="button" className="button" onClick={turn}>
            {isOn ? "Turn off" : "Turn on"}
          </button>
          <button type="button" className="button main" onClick={() => setStarting(true)} disabled={!isOn || flow.errors > 0}>
            <Icon name="start" /> Run
          </button>
        </header>
        <Refused error={refused} />
        {flow.errors > 0 && <p className="refused banner">The definition has {counted(flow.errors, "error")} and cannot run; <button type="button" className="link" onClick={() => setView("code")}>the code view</button> shows {flow.errors === 1 ? "it" : "them"}.</p>}
        <div className="run-body">
          <div className="run-main">{view === "graph" ? <Canvas graph={graph} collapsed={collapsed} show={null} /> : <CodeView definition={definition} graph={graph} findings={findings} pointer={graph.nodes.find((node) => node.name === selected)?.pointer ?? null} />}</div>
          <aside className="detail" aria-label="About the flow">
            <header>
              <div className="grow">
                <h2>About</h2>
              </div>
            </header>
            {flow.purpose && <p>{flow.purpose}</p>}
            <dl className="about">
              <Fact name="Success">{percent(flow.successRate)}</Fact>
              <Fact name="p50 / p95">
                {duration(flow.p50S) || "–"} / {duration(flow.p95S) || "–"}
              </Fact>
              {flow.criticality && <Fact name="Criticality">{flow.criticality}</Fact>}
              <Fact name="Version">
                <span title={flow.version}>{versionText(flow.version, versions).replace("version ", "")}</span>
              </Fact>
              {file && (
                <Fact name="File">
                  <code title={file}>{file.split("/").slice(-2).join("/")}</code>
                </Fact>
              )}
            </dl>
            <h3>
              Last runs <Link href={`/runs?flow=${encodeURIComponent(name)}`}>all</Link>
            </h3>
            {flow.runs.length === 0 && <p className="dim">None yet.</p>}
            <ul className="plain timed">
              {flow.runs.slice(0, 10).map((run) => (
                <li key={run.id}>
                  <Link href={`/runs/${run.id}`} onClick={() => go(`/runs/${run.id}`)}>
                    <Status value={run.status} />
                  </Link>
                  <span className="dim">{ago(run.startedAt)}</span>
                  <span className="took">{duration(run.durationS) || "–"}</span>
                </li>
              ))}
            </ul>
            {triggers.map((trigger) => (
              <section key={trigger.name}>
                <h3>
                  Trigger {words(trigger.name)} <span className="dim">{trigger.type}</span>
                </h3>
                {trigger.histories.length === 0 && <p className="dim">It has not fired yet.</p>}
                <ul className="plain timed">
                  {trigger.histories.slice(0, 8).map((each) => (
                    <li key={each.id} title={time(each.at)}>
                      {each.run ? <Link href={`/runs/${each.run}`}>{each.status}</Link> : <span>{each.status}</span>}
                      <span className="dim">{each.code && each.code !== "OK" && each.code !== each.status ? each.code : ""}</span>
                      <span className="dim took">{ago(each.at)}</span>
                    </li>
                  ))}
                </ul>
              </section>
            ))}
          </aside>
        </div>
        {starting && <RunDialog flow={name} close={() => setStarting(false)} />}
      </div>
    </SightContext.Provider>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
