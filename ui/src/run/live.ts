// What is known of each action of a run: history's summaries, brought up to date by news. A store, so that one card
// alone is drawn again when its action changes, however large the graph.

import type { ActionSummary, LiveAction } from "../api";
import type { News } from "../events";

export interface State {
  status: string;
  code: string | null;
  startedAt: string | null;
  endedAt: string | null;
  /** Settled repetitions, by status; an action outside loops has one at most. */
  byStatus: Record<string, number>;
  settled: number;
  failed: number;
  retries: number;
  /** Number of iterations, where a loop has told it. */
  of: number | null;
  loops: string[];
  firstFailed: string | null;
  because: { action: string; status: string; code: string | null } | null;
  /** Repetitions that have begun and not ended, with what they do. */
  active: ReadonlyMap<string, string>;
}

export const UNKNOWN: State = {
  status: "",
  code: null,
  startedAt: null,
  endedAt: null,
  byStatus: {},
  settled: 0,
  failed: 0,
  retries: 0,
  of: null,
  loops: [],
  firstFailed: null,
  because: null,
  active: new Map(),
};

const WORST = ["Failed", "TimedOut", "Aborted", "Cancelled", "Succeeded", "Skipped"];
export const BAD = new Set(["Failed", "TimedOut", "Aborted", "Cancelled"]);

export function worst(byStatus: Record<string, number>): string {
  return WORST.find((status) => (byStatus[status] ?? 0) > 0) ?? "";
}

function statusOf(state: State): string {
  if (state.active.size === 0) return worst(state.byStatus);
  for (const status of state.active.values()) if (status !== "Waiting") return "Running";
  return "Waiting";
}

export function fromSummary(line: ActionSummary): State {
  return {
    status: line.status,
    code: line.code,
    startedAt: line.startedAt,
    endedAt: line.endedAt,
    byStatus: line.byStatus,
    settled: line.repetitions,
    failed: line.failed,
    retries: line.retries,
    of: line.iterations,
    loops: line.loops,
    firstFailed: line.firstFailed,
    because: line.because,
    active: new Map(),
  };
}

/** Bring one action's state up to date with a piece of news about it. */
export function apply(state: State, data: Record<string, unknown>): State {
  const repetition = String(data.repetition ?? "");
  const status = String(data.status ?? "");
  const active = new Map(state.active);
  const next: State = { ...state, active };
  if (data.endedAt === undefined) {
    active.set(repetition, status);
    next.startedAt = state.startedAt ?? String(data.startedAt ?? "");
    if (typeof data.of === "number") next.of = data.of;
  } else {
    active.delete(repetition);
    next.byStatus = { ...state.byStatus, [status]: (state.byStatus[status] ?? 0) + 1 };
    next.settled = state.settled + 1;
    next.startedAt = state.startedAt ?? String(data.startedAt ?? "");
    next.endedAt = String(data.endedAt);
    next.code = (data.code as string | null) ?? null;
    if (status === "Failed" || status === "TimedOut") {
      next.failed = state.failed + 1;
      next.firstFailed = state.firstFailed ?? repetition;
    }
  }
  next.status = statusOf(next);
  return next;
}

type Listener = () => void;

export class RunStore {
  private states = new Map<string, State>();
  private listeners = new Map<string, Set<Listener>>();
  private every = new Set<Listener>();
  /** Changes with every change: for those who draw all of it. */
  version = 0;

  get(name: string): State {
    return this.states.get(name) ?? UNKNOWN;
  }

  names(): string[] {
    return [...this.states.keys()];
  }

  /** Take history and what is under way as the truth. */
  load(lines: ActionSummary[], live: LiveAction[]): void {
    const before = this.states;
    this.states = new Map(lines.map((line) => [line.name, fromSummary(line)]));
    for (const each of live) {
      const state = this.states.get(each.action) ?? UNKNOWN;
      this.states.set(each.action, apply(state, { ...each }));
    }
    this.tell(new Set([...before.keys(), ...this.states.keys()]));
  }

  hear(news: News): void {
    const name = news.data?.action;
    if (news.kind !== "action" || typeof name !== "string" || !news.data) return;
    this.states.set(name, apply(this.get(name), news.data));
    this.tell(new Set([name]));
  }

  /** Listen to one action, or to all with null. */
  listen(name: string | null, listener: Listener): () => void {
    let known = this.every;
    if (name !== null) {
      known = this.listeners.get(name) ?? new Set();
      this.listeners.set(name, known);
    }
    known.add(listener);
    return () => known.delete(listener);
  }

  private tell(names: Set<string>): void {
    this.version += 1;
    for (const name of names) for (const listener of this.listeners.get(name) ?? []) listener();
    for (const listener of this.every) listener();
  }
}
