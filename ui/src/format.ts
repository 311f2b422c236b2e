// How times, durations and values read.

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 0.0005) return "< 1 ms";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${String(Math.round(seconds % 60)).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function spent(from: string | null, to: string | null): number | null {
  return from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null;
}

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function time(text: string | null | undefined): string {
  return text ? clock.format(new Date(text)) : "";
}

export function ago(text: string, now = Date.now()): string {
  const seconds = (now - Date.parse(text)) / 1000;
  if (Math.abs(seconds) < 5) return "now";
  const span = about(Math.abs(seconds));
  return seconds < 0 ? `in ${span}` : `${span} ago`;
}

/** The largest unit alone: enough to tell how long ago something was. */
function about(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h`;
  const days = Math.round(seconds / 86_400);
  return `${days} ${days === 1 ? "day" : "days"}`;
}

export function percent(share: number | null): string {
  if (share === null) return "–";
  return share === 1 ? "100%" : share === 0 ? "0%" : `${(Math.floor(share * 1000) / 10).toFixed(1)}%`;
}

export function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export const words = (name: string) => name.replaceAll("_", " ");

/** The same for a flow: it begins with a capital. */
export function titled(name: string): string {
  const text = words(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** "000003-000001" as people count: "item 4, 2". */
export function repetitionText(name: string): string {
  return name ? `item ${name.split("-").map((part) => Number(part) + 1).join(", ")}` : "";
}
