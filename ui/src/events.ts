// Live news as server-sent events, read with fetch: EventSource can send no token.

import { useEffect, useRef, useSyncExternalStore } from "react";
import { forget, token } from "./session";

export interface News {
  kind: "run" | "action" | "response" | "approval" | "flow" | "lagged";
  flow: string | null;
  run: string | null;
  data: Record<string, unknown> | null;
}

/** Split a stream's text into the data of its complete events and the unfinished rest. */
export function split(text: string): { data: string[]; rest: string } {
  const parts = text.split("\n\n");
  const rest = parts.pop() ?? "";
  const data = parts
    .map((part) =>
      part
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).trimStart())
        .join("\n"),
    )
    .filter(Boolean);
  return { data, rest };
}

async function listen(path: string, signal: AbortSignal, hear: (news: News) => void, opened: () => void): Promise<void> {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token()}` }, signal });
  if (answer.status === 401) {
    forget();
    window.dispatchEvent(new Event("runafter:locked"));
  }
  if (!answer.ok || !answer.body) throw new Error(String(answer.status));
  opened();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const found = split(rest + value);
    rest = found.rest;
    for (const data of found.data) hear(JSON.parse(data) as News);
  }
}

// Whether the server is there, for the line that says so: false from the first failure until a stream is open again.
let isThere = true;
const watchers = new Set<() => void>();

function tellThere(value: boolean): void {
  if (value === isThere) return;
  isThere = value;
  for (const watcher of watchers) watcher();
}

export function useIsThere(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => isThere,
  );
}

/** Hear news while mounted; `opened` is called after each connection, since news may have been missed before it. */
export function useNews(query: Record<string, string>, hear: (news: News) => void, opened?: () => void): void {
  const path = `/api/events?${new URLSearchParams(query)}`;
  const latest = useRef({ hear, opened });
  latest.current = { hear, opened };
  useEffect(() => {
    let stop: AbortController | null = null;
    const go = async (signal: AbortSignal) => {
      let wait = 500;
      while (!signal.aborted) {
        try {
          await listen(path, signal, (news) => latest.current.hear(news), () => {
            wait = 500;
            tellThere(true);
            latest.current.opened?.();
          });
        } catch {
          if (!signal.aborted) tellThere(false);
          wait = Math.min(wait * 2, 5_000);
        }
        if (!signal.aborted) await new Promise((resume) => setTimeout(resume, wait));
      }
    };
    // Browsers open six connections to a server at most, over all tabs: those that nobody sees give theirs up.
    const turn = () => {
      stop?.abort();
      stop = document.hidden ? null : new AbortController();
      if (stop) void go(stop.signal);
    };
    turn();
    document.addEventListener("visibilitychange", turn);
    return () => {
      document.removeEventListener("visibilitychange", turn);
      stop?.abort();
    };
  }, [path]);
}
