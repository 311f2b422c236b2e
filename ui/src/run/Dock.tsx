import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { GraphNode } from "../api";
import { counted, duration, spent, words } from "../format";
import { Icon, iconOf } from "../parts/Icon";
import { Status, tone } from "../parts/Status";
import { useRows } from "../parts/useRows";
import { useEvery, useSight } from "./context";

const ROW = 30;
type View = "steps" | "timeline";

interface Step {
  name: string;
  type: string;
  depth: number;
}

/** Below the graph: what happened in order, as a log or as bars on the run's time. */
export function Dock({ nodes, startedAt, endedAt }: { nodes: GraphNode[]; startedAt: string; endedAt: string | null }) {
  const { store, select, selected } = useSight();
  const version = useEvery(store);
  const [view, setView] = useState<View>("steps");
  const [isOpen, setOpen] = useState(true);
  const steps = useMemo(() => {
    const byName = new Map(nodes.map((node) => [node.name, node]));
    const place = new Map(nodes.map((node, index) => [node.name, index]));
    const depth = (name: string): number => {
      const container = byName.get(name)?.container;
      return container ? depth(container) + 1 : 0;
    };
    void version;
    return store
      .names()
      .map((name): Step => ({ name, type: byName.get(name)?.type ?? "", depth: depth(name) }))
      .sort((a, b) => (store.get(a.name).startedAt ?? "").localeCompare(store.get(b.name).startedAt ?? "") || (place.get(a.name) ?? 0) - (place.get(b.name) ?? 0));
  }, [nodes, store, version]);
  const now = useNow(endedAt === null);
  const begin = Date.parse(startedAt);
  const end = Math.max(endedAt ? Date.parse(endedAt) : now, begin + 1);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: steps.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 10 });
  const move = useRows();
  const isLive = endedAt === null;
  useEffect(() => {
    // Follow what happens, unless somebody has scrolled up to read.
    const own = scroller.current;
    if (isLive && own && own.scrollHeight - own.scrollTop - own.clientHeight < 4 * ROW) rows.scrollToIndex(steps.length - 1);
  }, [isLive, steps.length, rows]);
  const share = (text: string | null) => (text ? Math.min(1, Math.max(0, (Date.parse(text) - begin) / (end - begin))) : 1);
  return (
    <section className={`dock ${isOpen ? "" : "closed"}`} aria-label="Steps and timeline">
      <div className="dock-head">
        <div className="tabs" role="tablist" aria-label="Show as">
          {(["steps", "timeline"] as const).map((each) => (
            <button
              type="button"
              role="tab"
              key={each}
              aria-selected={view === each}
              onClick={() => {
                setView(each);
                setOpen(true);
              }}
            >
              {each === "steps" ? "Step log" : "Timeline"}
            </button>
          ))}
        </div>
        <span className="dim small">{counted(steps.length, "action")}</span>
        <span className="grow" />
        <button type="button" className="quiet" onClick={() => setOpen(!isOpen)} aria-expanded={isOpen} aria-label={isOpen ? "Fold steps" : "Unfold steps"}>
          <Icon name={isOpen ? "down" : "right"} />
        </button>
      </div>
      {isOpen && (
        <div ref={scroller} className="dock-rows">
          {view === "timeline" && <Axis seconds={(end - begin) / 1000} />}
          <div ref={move} style={{ height: rows.getTotalSize(), position: "relative" }}>
            {rows.getVirtualItems().map((item) => {
              const step = steps[item.index] as Step;
              const state = store.get(step.name);
              const left = share(state.startedAt);
              const isActive = state.active.size > 0;
              const right = isActive ? 1 : share(state.endedAt);
              const took = isActive ? (now - Date.parse(state.startedAt ?? "")) / 1000 : spent(state.startedAt, state.endedAt);
              return (
                <button
                  type="button"
                  key={step.name}
                  data-row
                  data-step={step.name}
                  className={`step ${selected === step.name ? "selected" : ""}`}
                  style={{ transform: `translateY(${item.start}px)` }}
                  onClick={() => select(step.name)}
                >
                  <span className="offset">{offset((Date.parse(state.startedAt ?? startedAt) - begin) / 1000)}</span>
                  <span className="step-name cut" style={{ paddingLeft: step.depth * 14 }}>
                    <Icon name={iconOf(step.type)} size={13} /> {words(step.name)}
                  </span>
                  {view === "steps" ? (
                    <>
                      <Status value={state.status} />
                      <span className="took">{state.status === "Skipped" || (took ?? 0) < 0.001 ? "" : duration(took)}</span>
                      <span className="cut dim">
                        {state.status === "Skipped" && state.because
                          ? `because ${words(state.because.action)} ${state.because.status.toLowerCase()}`
                          : [state.code && !["OK", "NotSpecified"].includes(state.code) && state.status !== "Succeeded" ? state.code : "", state.settled > 1 ? `${state.settled} repetitions, ${state.failed} failed` : "", state.retries ? counted(state.retries, "retry", "retries") : ""].filter(Boolean).join(", ")}
                      </span>
                    </>
                  ) : (
                    <span className="lane">
                      <span className={`bar-of ${tone(state.status)}`} style={{ left: `min(${left * 100}%, 100% - 4px)`, width: `${Math.max(0, right - left) * 100}%` }} />
                      <span className="unseen">
                        {state.status}, {duration(took)}
                      </span>
                    </span>
                  )}
                </button>
              );
            })}
          </div>
        </div>
      )}
    </section>
  );
}

/** Seconds after the run's start. */
const offset = (seconds: number) => (seconds < 0.0005 ? "0" : `+${duration(seconds)}`);

function Axis({ seconds }: { seconds: number }) {
  return (
    <div className="axis" aria-hidden="true">
      <div>
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <span key={share} style={{ left: `${share * 100}%` }}>
            {share === 0 ? "0" : duration(seconds * share)}
          </span>
        ))}
      </div>
    </div>
  );
}

/** The time, again each second while asked for. */
function useNow(goes: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!goes) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [goes]);
  return now;
}
