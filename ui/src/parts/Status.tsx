import { Icon } from "./Icon";

const ICONS: Record<string, string> = {
  Succeeded: "ok",
  Failed: "close",
  TimedOut: "clock",
  Cancelled: "stop",
  Aborted: "stop",
  Skipped: "skip",
  Running: "runs",
  Waiting: "clock",
  Paused: "clock",
};

/** One of: good, bad, idle, live, wait, none. It chooses the colour; the word and the icon say the same. */
export function tone(status: string | null | undefined): string {
  switch (status) {
    case "Succeeded":
      return "good";
    case "Failed":
    case "TimedOut":
    case "Aborted":
      return "bad";
    case "Cancelled":
    case "Skipped":
      return "idle";
    case "Running":
      return "live";
    case "Waiting":
    case "Paused":
      return "wait";
    default:
      return "none";
  }
}

export function Status({ value, small = false }: { value: string; small?: boolean }) {
  return (
    <span className={`status ${tone(value)}`} data-status={value}>
      {value === "Running" ? <span className="spin" aria-hidden="true" /> : <Icon name={ICONS[value] ?? "data"} size={small ? 12 : 14} />}
      <span className={small ? "unseen" : ""}>{value === "TimedOut" ? "Timed out" : value}</span>
    </span>
  );
}
