import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "../api";
import { repetitionText } from "../format";
import { Icon } from "../parts/Icon";

const BAD = "Failed,TimedOut,Cancelled,Aborted";
const MOST = 1000;

/** Pages through the repetitions of an action; `]` and `[` do the same. */
export function Repetitions({ run, action, at, total, failed, go }: { run: string; action: string; at: string; total: number; failed: number; go: (repetition: string) => void }) {
  const every = useQuery({
    queryKey: ["repetitions", run, action, "all", total],
    queryFn: () => api.repetitions(run, action, { limit: String(MOST) }),
    placeholderData: (before) => before,
  });
  const bad = useQuery({
    queryKey: ["repetitions", run, action, "bad", failed],
    queryFn: () => api.repetitions(run, action, { limit: String(MOST), status: BAD }),
    enabled: failed > 0,
  });
  const names = every.data?.repetitions.map((each) => each.repetition).filter(Boolean) ?? [];
  const failures = bad.data?.repetitions.map((each) => each.repetition) ?? [];
  const index = names.indexOf(at);
  const before = names[index - 1];
  const after = index < 0 ? names[0] : names[index + 1];
  const nextFailed = failures.find((name) => name > at) ?? failures[0];
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.target as HTMLElement).closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey) return;
      if (event.key === "[" && before) go(before);
      if (event.key === "]" && after) go(after);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [before, after, go]);
  return (
    <div className="repetitions" role="group" aria-label="Repetitions">
      <button type="button" className="quiet" disabled={!before} onClick={() => before && go(before)} aria-label="Previous repetition">
        <Icon name="left" />
      </button>
      <select aria-label="Repetition" value={at} onChange={(event) => go(event.target.value)}>
        {index < 0 && <option value={at}>{repetitionText(at) || "none yet"}</option>}
        {every.data?.repetitions.map((each) => (
          <option key={each.repetition} value={each.repetition}>
            {repetitionText(each.repetition)} – {each.status}
          </option>
        ))}
      </select>
      <button type="button" className="quiet" disabled={!after} onClick={() => after && go(after)} aria-label="Next repetition">
        <Icon name="right" />
      </button>
      <span className="dim">of {total}</span>
      {failures.length > 0 && (
        <button type="button" className="button danger" onClick={() => nextFailed && go(nextFailed)} data-jump="failed">
          <Icon name="jump" /> {failures.length === 1 ? "The failed one" : `Next of ${failures.length}${failures.length === MOST ? "+" : ""} failed`}
        </button>
      )}
    </div>
  );
}
