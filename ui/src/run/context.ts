import { createContext, useContext, useSyncExternalStore } from "react";
import { BAD, RunStore, type State, UNKNOWN } from "./live";

/** What the cards of a graph share. */
export interface Sight {
  store: RunStore;
  /** Statuses of one iteration, which cards inside its loop show in place of all iterations' sum. */
  iterations: ReadonlyMap<string, State>;
  selected: string | null;
  select: (name: string) => void;
  toggle: (name: string) => void;
  /** The iteration chosen for each loop. */
  chosen: Readonly<Record<string, number>>;
  choose: (loop: string, index: number | null) => void;
  /** Loops around a loop are chosen first. Returns the loops around it that have no choice yet. */
  jumpToFailed: (loop: string) => void;
  findings: ReadonlyMap<string, string>;
  hasRun: boolean;
}

export const SightContext = createContext<Sight>({
  store: new RunStore(),
  iterations: new Map(),
  selected: null,
  select: () => undefined,
  toggle: () => undefined,
  chosen: {},
  choose: () => undefined,
  jumpToFailed: () => undefined,
  findings: new Map(),
  hasRun: false,
});

export function useSight(): Sight {
  return useContext(SightContext);
}

/** The state of one action over all its repetitions. */
export function useWhole(name: string): State {
  const { store } = useSight();
  return useSyncExternalStore(
    (listener) => store.listen(name, listener),
    () => store.get(name),
  );
}

/** The state of one action, of the chosen iteration where one is chosen. */
export function useAction(name: string): State {
  const state = useWhole(name);
  return useSight().iterations.get(name) ?? state;
}

export function useEvery(store: RunStore): number {
  return useSyncExternalStore(
    (listener) => store.listen(null, listener),
    () => store.version,
  );
}

/** How an arrow is drawn: taken, taken because something failed, not taken, or not decided. */
export function linkTone(source: State, target: State, statuses: string[], hasRun: boolean): "plain" | "taken" | "error" | "dead" | "open" {
  if (!hasRun) return statuses.includes("Succeeded") ? "plain" : "error";
  if (!target.status || source === UNKNOWN) return "open";
  if (target.status === "Skipped" || !statuses.some((status) => (source.byStatus[status] ?? 0) > 0)) return "dead";
  return BAD.has(source.status) ? "error" : "taken";
}
