import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { api, type RunSummary } from "../api";
import { useNews } from "../events";
import { ago, duration, time, titled } from "../format";
import { Icon } from "../parts/Icon";
import { Status } from "../parts/Status";
import { Empty, Fault, Loading, Refused } from "../parts/states";
import { useSettled } from "../parts/useSettled";

const STATUSES = ["Running", "Waiting", "Succeeded", "Failed", "Cancelled", "TimedOut", "Aborted"];
const ROW = 45;

export function RunsPage() {
  const [query, setQuery] = useSearchParams();
  const client = useQueryClient();
  const wish = useMemo(() => {
    const kept: Record<string, string> = {};
    for (const name of ["flow", "status", "search"]) {
      const value = query.get(name);
      if (value) kept[name] = value;
    }
    return kept;
  }, [query]);
  const flows = useQuery({ queryKey: ["flows"], queryFn: api.flows });
  const runs = useInfiniteQuery({
    queryKey: ["runs", wish],
    queryFn: ({ pageParam }) => api.runs({ ...wish, limit: "200", ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor || undefined,
  });
  const refresh = useSettled(() => client.invalidateQueries({ queryKey: ["runs", wish] }), 600);
  useNews(wish.flow ? { flow: wish.flow } : {}, (news) => (news.kind === "run" || news.kind === "lagged" || news.data?.status === "Waiting") && refresh(), refresh);
  const set = (name: string, value: string) =>
    setQuery(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const found = useMemo(() => runs.data?.pages.flatMap((page) => page.runs) ?? [], [runs.data]);
  const isFiltered = Object.keys(wish).length > 0;
  return (
    <div className="page fill wide">
      <header>
        <h1>Runs</h1>
        <span className="dim" role="status">
          {found.length}
          {runs.hasNextPage ? "+" : ""}
        </span>
        <span className="grow" />
        <Search value={wish.search ?? ""} set={(value) => set("search", value)} />
        <select aria-label="Flow" value={wish.flow ?? ""} onChange={(event) => set("flow", event.target.value)}>
          <option value="">All flows</option>
          {flows.data?.flows.map((flow) => (
            <option key={flow.name} value={flow.name}>
              {titled(flow.title)}
            </option>
          ))}
        </select>
        <select aria-label="Status" value={wish.status ?? ""} onChange={(event) => set("status", event.target.value)}>
          <option value="">Any status</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {status}
            </option>
          ))}
        </select>
      </header>
      {runs.isPending ? (
        <Loading />
      ) : runs.isError ? (
        <Fault error={runs.error} again={() => void runs.refetch()} />
      ) : found.length === 0 ? (
        <Empty title={isFiltered ? `No run ${fits(wish)}` : "Nothing has run yet"}>
          {isFiltered ? (
            <>
              {wish.search && <p>Searched are inputs, outputs and errors of all actions, trigger bodies and tracking ids; whole words or parts of them.</p>}
              <button type="button" className="button" onClick={() => setQuery(new URLSearchParams())}>
                Show all runs
              </button>
            </>
          ) : (
            <>
              Start one with the button beside a <Link href="/">flow</Link>, or let a trigger fire.
            </>
          )}
        </Empty>
      ) : (
        <List runs={found} more={runs.hasNextPage && !runs.isFetchingNextPage ? () => void runs.fetchNextPage() : undefined} />
      )}
    </div>
  );
}

/** What a filter asks for, in words. */
function fits({ flow, status, search }: Record<string, string>): string {
  return [flow && `of ${titled(flow)}`, status && `is ${status}`, search && `has “${search}” in it`].filter(Boolean).join(" and ");
}

function Search({ value, set }: { value: string; set: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(() => set(text.trim()), 350);
    return () => clearTimeout(timer);
  }, [text, value, set]);
  return <input type="search" className="payload" placeholder="Any value in inputs, outputs, errors" aria-label="Search in payloads" value={text} onChange={(event) => setText(event.target.value)} />;
}

function List({ runs, more }: { runs: RunSummary[]; more?: () => void }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [refused, setRefused] = useState<unknown>(null);
  const [, go] = useLocation();
  const rows = useVirtualizer({ count: runs.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
  const seen = rows.getVirtualItems();
  const last = seen.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= runs.length - 30) more();
  }, [last, runs.length, more]);
  const move = (event: KeyboardEvent) => {
    const at = Number((event.target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset.index ?? -1);
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / ROW) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -runs.length, End: runs.length }[event.key];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(runs.length - 1, at + step));
    rows.scrollToIndex(next);
    const focus = (tries: number) => {
      const link = scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] a`);
      if (link) link.focus({ preventScroll: true });
      else if (tries > 0) requestAnimationFrame(() => focus(tries - 1));
    };
    focus(10);
  };
  const deed = (work: Promise<unknown>) => {
    setRefused(null);
    work.catch(setRefused);
  };
  return (
    <>
      <Refused error={refused} />
      <div className="panel runs" role="table" aria-label="Runs" aria-rowcount={runs.length}>
        <div role="row" className="run-row head">
          {["Status", "Flow", "Started", "Took", "What happened"].map((title) => (
            <span role="columnheader" key={title}>
              {title}
            </span>
          ))}
          <span role="columnheader">
            <span className="unseen">Deeds</span>
          </span>
        </div>
        <div ref={scroller} className="rows" role="rowgroup" tabIndex={-1} onKeyDown={move}>
          <div role="presentation" style={{ height: rows.getTotalSize(), position: "relative" }}>
            {seen.map((item) => {
              const run = runs[item.index] as RunSummary;
              const isOver = run.endedAt !== null;
              return (
                <div role="row" aria-rowindex={item.index + 1} className="run-row" key={run.id} data-index={item.index} data-run={run.id} style={{ transform: `translateY(${item.start}px)` }}>
                  <span role="cell">
                    <Status value={run.status} />
                  </span>
                  <span role="cell" className="cut">
                    <Link href={`/runs/${run.id}`} className="title">
                      {titled(run.flow)}
                    </Link>
                  </span>
                  <span role="cell" title={time(run.startedAt)} className="cut">
                    {ago(run.startedAt)}
                  </span>
                  <span role="cell">{duration(run.durationS)}</span>
                  <span role="cell" className="cut dim" title={run.message ?? run.id}>
                    {run.code && run.status !== "Succeeded" ? <b>{run.code}</b> : <code>{run.id}</code>} {run.message}
                  </span>
                  <span role="cell" className="right">
                    {isOver ? (
                      <button type="button" className="quiet" title="Run again with the same trigger outputs" onClick={() => deed(api.resubmit(run.id).then((next) => next.run && go(`/runs/${next.run}`)))}>
                        <Icon name="again" /> Resubmit
                      </button>
                    ) : (
                      <button type="button" className="quiet" onClick={() => deed(api.cancel(run.id))}>
                        <Icon name="stop" /> Cancel
                      </button>
                    )}
                  </span>
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </>
  );
}
