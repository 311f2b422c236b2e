import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { api, type RunDetail } from "../api";
import { CodeView, severity } from "../code/CodeView";
import { useNews } from "../events";
import { ago, counted, duration, time, titled, words } from "../format";
import { around } from "../layout";
import { Icon } from "../parts/Icon";
import { Status } from "../parts/Status";
import { Fault, Loading, Refused } from "../parts/states";
import { useSettled } from "../parts/useSettled";
import { Canvas } from "./Canvas";
import { type Sight, SightContext, useEvery } from "./context";
import { Detail } from "./Detail";
import { Dock } from "./Dock";
import { BAD, RunStore } from "./live";
import { useIterations } from "./useIterations";
import { Value } from "./Value";
import { versionText } from "./versions";

export function RunPage({ id }: { id: string }) {
  const known = useQuery({ queryKey: ["run", id], queryFn: () => api.run(id) });
  if (known.isPending) return <Loading />;
  if (known.isError)
    return (
      <Fault
        error={known.error}
        again={() => void known.refetch()}
        elsewhere={
          <p>
            It may have been purged, or be in another database. <Link href="/runs">See the runs that there are</Link>.
          </p>
        }
      />
    );
  return <Run id={id} detail={known.data} />;
}

/** A run whose every action under way waits for somebody or some time is waiting itself. */
function RunStatus({ detail, store }: { detail: RunDetail; store: RunStore }) {
  useEvery(store);
  const doing = isOver(detail) ? [] : detail.graph.nodes.filter((node) => !node.isContainer).flatMap((node) => [...store.get(node.name).active.values()]);
  return <Status value={doing.length > 0 && doing.every((status) => status === "Waiting") ? "Waiting" : detail.run.status} />;
}

const isOver = (detail: RunDetail) => detail.run.endedAt !== null;

function Run({ id, detail }: { id: string; detail: RunDetail }) {
  const client = useQueryClient();
  const [, go] = useLocation();
  const [query, setQuery] = useSearchParams();
  const store = useRef<RunStore>(new RunStore()).current;
  const over = isOver(detail);
  const live = useQuery({ queryKey: ["run", id, "live"], queryFn: () => api.live(id), enabled: !over });
  const flow = useQuery({ queryKey: ["flow", detail.run.flow], queryFn: () => api.flow(detail.run.flow), retry: false });
  const checked = useQuery({ queryKey: ["findings", detail.run.flow], queryFn: () => api.findings(detail.run.flow), retry: false });
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [show, setShow] = useState<{ action: string } | null>(null);
  const [view, setView] = useState<"graph" | "code">("graph");
  const [refused, setRefused] = useState<unknown>(null);
  useEffect(() => store.load(detail.actions, over ? [] : (live.data?.live ?? [])), [store, detail, live.data, over]);

  const refresh = useSettled(() => client.invalidateQueries({ queryKey: ["run", id] }), 1500);
  const refreshNow = useSettled(() => client.invalidateQueries({ queryKey: ["run", id] }), 50);
  useNews(
    { run: id },
    (news) => {
      if (news.kind === "action") {
        store.hear(news);
        refresh();
      } else refreshNow();
    },
    () => !over && refreshNow(),
  );

  const selected = query.get("action");
  const repetition = query.get("rep") ?? "";
  const iterations = useIterations(id, detail.graph, store);
  const { chosen, chooseFor, setChosen } = iterations;

  const select = useCallback(
    (name: string, rep?: string) => {
      const state = store.get(name);
      const picked = rep ?? (chooseFor(name) || state.firstFailed || (state.loops.length ? state.loops.map(() => "000000").join("-") : ""));
      setQuery(picked ? { action: name, rep: picked } : { action: name }, { replace: true });
      setCollapsed((before) => {
        const hidden = around(detail.graph, name).filter((container) => before.has(container));
        return hidden.length ? new Set([...before].filter((container) => !hidden.includes(container))) : before;
      });
      setShow({ action: name });
    },
    [store, chooseFor, setQuery, detail.graph],
  );
  const goRepetition = useCallback(
    (rep: string) => {
      if (!selected) return;
      setQuery({ action: selected, rep }, { replace: true });
      const loops = store.get(selected).loops;
      const parts = rep.split("-").map(Number);
      setChosen((before) => ({ ...before, ...Object.fromEntries(loops.map((loop, index) => [loop, parts[index] ?? 0])) }));
    },
    [selected, setQuery, setChosen, store],
  );
  const close = useCallback(() => setQuery({}, { replace: true }), [setQuery]);
  const toggle = useCallback(
    (name: string) =>
      setCollapsed((before) => {
        const next = new Set(before);
        if (!next.delete(name)) next.add(name);
        return next;
      }),
    [],
  );
  const marks = useMemo(() => {
    const found = new Map<string, string>();
    const findings = checked.data?.findings ?? [];
    for (const node of detail.graph.nodes) {
      if (node.isContainer || !node.pointer) continue;
      const own = findings.filter((each) => each.pointer === node.pointer || each.pointer?.startsWith(`${node.pointer}/`));
      if (own.length) found.set(node.name, severity(own));
    }
    return found;
  }, [checked.data, detail.graph]);
  const sight = useMemo<Sight>(
    () => ({
      store,
      iterations: iterations.states,
      selected,
      select,
      toggle,
      chosen,
      choose: iterations.choose,
      jumpToFailed: (loop) => void iterations.nextFailed(loop).then((found) => found && select(found.action, found.repetition)),
      findings: marks,
      hasRun: true,
    }),
    [store, iterations, selected, select, toggle, chosen, marks],
  );
  const failed = useMemo(
    () => detail.actions.filter((line) => BAD.has(line.status) && !detail.graph.nodes.find((node) => node.name === line.name)?.isContainer).map((line) => line.name),
    [detail],
  );
  const nextError = useCallback(() => {
    const next = failed[(failed.indexOf(selected ?? "") + 1) % failed.length];
    if (next) select(next);
  }, [failed, selected, select]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.target as HTMLElement).closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "e") nextError();
      else if (event.key === "Escape" && selected) close();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [nextError, close, selected]);

  const first = useMemo(() => {
    const leaves = new Set(detail.graph.nodes.filter((each) => !each.isContainer).map((each) => each.name));
    return selected ?? failed[0] ?? live.data?.live.find((each) => leaves.has(each.action))?.action;
  }, [detail.graph, failed, live.data, selected]);
  const node = detail.graph.nodes.find((each) => each.name === selected);
  const { run } = detail;
  const deed = (work: Promise<unknown>) => {
    setRefused(null);
    work.catch(setRefused);
  };
  return (
    <SightContext.Provider value={sight}>
      <div className="run fill">
        <header className="run-head">
          <RunStatus detail={detail} store={store} />
          <h1>
            <Link href={`/flows/${encodeURIComponent(run.flow)}`}>{titled(flow.data?.flow.title ?? run.flow)}</Link>
          </h1>
          <span className="dim small run-facts">
            <code title="Run">{run.id}</code>
            <time dateTime={run.startedAt} title={time(run.startedAt)}>
              {ago(run.startedAt)}
            </time>
            {run.durationS !== null && <span>took {duration(run.durationS)}</span>}
            {detail.version && <span title={`Version ${detail.version}`}>{versionText(detail.version, flow.data?.versions)}</span>}
          </span>
          <span className="grow" />
          {failed.length > 0 && (
            <button type="button" className="button danger" onClick={nextError} title="Next failed action (e)">
              <Icon name="jump" /> {failed.length === 1 ? "Failed action" : counted(failed.length, "failed action")}
            </button>
          )}
          <div className="tabs" role="group" aria-label="View">
            <button type="button" aria-pressed={view === "graph"} onClick={() => setView("graph")}>
              Graph
            </button>
            <button type="button" aria-pressed={view === "code"} onClick={() => setView("code")}>
              Code
            </button>
          </div>
          {over ? (
            <button type="button" className="button" onClick={() => deed(api.resubmit(id).then((next) => next.run && go(`/runs/${next.run}`)))}>
              <Icon name="again" /> Resubmit
            </button>
          ) : (
            <button type="button" className="button danger" onClick={() => deed(api.cancel(id))}>
              <Icon name="stop" /> Cancel
            </button>
          )}
        </header>
        {run.message && run.status !== "Succeeded" && (
          <p className="refused banner">
            <b>{run.code}</b> {run.message}
          </p>
        )}
        <Refused error={refused} />
        <div className="run-body">
          <div className="run-main">
            {view === "graph" ? (
              over || live.data || live.isError ? (
                <Canvas graph={detail.graph} collapsed={collapsed} show={show} first={first} />
              ) : (
                <Loading />
              )
            ) : flow.isError ? (
              <Fault error={flow.error} />
            ) : flow.data ? (
              <CodeView definition={flow.data.definition} graph={flow.data.graph} findings={checked.data?.findings ?? flow.data.findings} pointer={node?.pointer ?? null} />
            ) : (
              <Loading />
            )}
            <Dock nodes={detail.graph.nodes} startedAt={run.startedAt} endedAt={run.endedAt} />
          </div>
          {selected && node ? (
            <Detail key={selected} run={id} isOver={over} action={selected} type={node.type} repetition={repetition} go={goRepetition} showCode={() => setView("code")} close={close} />
          ) : (
            <aside className="detail" aria-label="The run">
              <header>
                <div className="grow">
                  <h2>The run</h2>
                  <p className="dim small">Choose an action to see its inputs, outputs and errors.</p>
                </div>
              </header>
              {failed.length > 0 && <Failures detail={detail} names={failed} select={select} />}
              {detail.trigger.secured?.includes("outputs") ? (
                <Value title="Trigger" value={null} secured />
              ) : (
                <Trigger outputs={detail.trigger.outputs ?? detail.trigger} />
              )}
              {detail.error != null && <Value title="Error" value={detail.error} />}
              {detail.outputs != null && <Value title="Outputs" value={detail.outputs} />}
              {run.parent && (
                <p>
                  Started by <Link href={`/runs/${run.parent}`}>another run</Link>.
                </p>
              )}
              <p className="dim small">
                Tracking id <code>{run.clientTrackingId}</code>
              </p>
            </aside>
          )}
        </div>
      </div>
    </SightContext.Provider>
  );
}

const MOST_FAILURES = 8;

/** What failed, to go there. */
function Failures({ detail, names, select }: { detail: RunDetail; names: string[]; select: (name: string) => void }) {
  const lines = names.flatMap((name) => detail.actions.filter((line) => line.name === name));
  return (
    <section aria-label="What failed">
      <h3>What failed</h3>
      <ul className="plain failures">
        {lines.slice(0, MOST_FAILURES).map((line) => (
          <li key={line.name}>
            <button type="button" className="link" onClick={() => select(line.name)}>
              {words(line.name)}
            </button>
            <span className="dim">
              {line.code} {line.repetitions > 1 && `${line.failed} of ${line.repetitions}`}
            </span>
          </li>
        ))}
      </ul>
      {lines.length > MOST_FAILURES && <p className="dim small">and {lines.length - MOST_FAILURES} more; e goes from one to the next</p>}
    </section>
  );
}

/** What the trigger gave: its body, and the rest folded. */
function Trigger({ outputs }: { outputs: unknown }) {
  if (outputs === null || typeof outputs !== "object" || !("body" in outputs)) return <Value title="Trigger" value={outputs} />;
  const { body, ...rest } = outputs as Record<string, unknown>;
  const isEmpty = Object.values(rest).every((value) => value === null || (typeof value === "object" && Object.keys(value as object).length === 0));
  return (
    <>
      <Value title="Trigger" value={body} />
      {!isEmpty && (
        <details className="rest">
          <summary>Headers and the like</summary>
          <Value title="Trigger, without its body" value={rest} />
        </details>
      )}
    </>
  );
}
