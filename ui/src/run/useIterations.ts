import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { api, type Graph } from "../api";
import { isLoop } from "../layout";
import { fromSummary, type RunStore, type State } from "./live";

const name = (indexes: number[]) => indexes.map((index) => String(index).padStart(6, "0")).join("-");

export interface Iterations {
  chosen: Readonly<Record<string, number>>;
  /** States of the chosen iterations, by action. */
  states: ReadonlyMap<string, State>;
  choose: (loop: string, index: number | null) => void;
  setChosen: (change: (before: Readonly<Record<string, number>>) => Record<string, number>) => void;
  /** The repetition that the choices give an action; empty where a loop around it has none. */
  chooseFor: (action: string) => string;
  nextFailed: (loop: string) => Promise<{ action: string; repetition: string } | null>;
}

/** Which iteration of each loop the graph shows, and the states of that iteration's actions. */
export function useIterations(run: string, graph: Graph, store: RunStore): Iterations {
  const [chosen, setChosen] = useState<Readonly<Record<string, number>>>({});
  const loopsOf = useMemo(() => {
    const byName = new Map(graph.nodes.map((node) => [node.name, node]));
    return (action: string): string[] => {
      const found: string[] = [];
      for (let at = byName.get(action)?.container; at; at = byName.get(at)?.container)
        if (isLoop(byName.get(at)?.type ?? "")) found.unshift(at);
      return found;
    };
  }, [graph]);
  const chooseFor = useCallback(
    (action: string) => {
      const indexes = loopsOf(action).map((loop) => chosen[loop]);
      return indexes.every((index) => index !== undefined) ? name(indexes as number[]) : "";
    },
    [loopsOf, chosen],
  );
  const wanted = Object.keys(chosen)
    .map((loop) => ({ loop, within: [...loopsOf(loop), loop] }))
    .filter(({ within }) => within.every((loop) => chosen[loop] !== undefined))
    .map(({ within }) => name(within.map((loop) => chosen[loop] as number)));
  const found = useQueries({
    queries: [...new Set(wanted)].map((iteration) => ({ queryKey: ["run", run, "iteration", iteration], queryFn: () => api.iteration(run, iteration) })),
  });
  const stamp = found.map((each) => each.dataUpdatedAt).join();
  const states = useMemo(() => {
    void stamp;
    const made = new Map<string, State>();
    for (const each of found)
      for (const line of each.data?.actions ?? []) {
        const repetition = chooseFor(line.name);
        if (repetition && line.repetition === repetition) made.set(line.name, fromSummary(line));
      }
    return made;
  }, [stamp, chooseFor, found]);
  const choose = useCallback(
    (loop: string, index: number | null) =>
      setChosen((before) => {
        const next = { ...before };
        if (index === null) delete next[loop];
        else next[loop] = index;
        return next;
      }),
    [],
  );
  const nextFailed = useCallback(
    async (loop: string) => {
      const inside = graph.nodes.filter((node) => !node.isContainer && loopsOf(node.name).includes(loop) && store.get(node.name).failed > 0);
      const depth = loopsOf(loop).length;
      const from = chosen[loop] ?? -1;
      let best: { action: string; repetition: string; index: number } | null = null;
      for (const node of inside) {
        const { repetitions } = await api.repetitions(run, node.name, { status: "Failed,TimedOut", limit: "1000" });
        for (const { repetition } of repetitions) {
          const index = Number(repetition.split("-")[depth]);
          const rank = index > from ? index - from : index + 1e7;
          if (best === null || rank < best.index) best = { action: node.name, repetition, index: rank };
        }
      }
      if (!best) return null;
      const parts = best.repetition.split("-").map(Number);
      const loops = loopsOf(best.action);
      setChosen((before) => ({ ...before, ...Object.fromEntries(loops.map((each, at) => [each, parts[at] ?? 0])) }));
      return best;
    },
    [graph, loopsOf, store, chosen, run],
  );
  return useMemo(() => ({ chosen, states, choose, setChosen, chooseFor, nextFailed }), [chosen, states, choose, chooseFor, nextFailed]);
}
