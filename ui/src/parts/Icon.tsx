// Icons of our own, 16 by 16, drawn with the text's colour.

const PATHS: Record<string, string> = {
  flows: "M3 3h4v3H3zM9 10h4v3H9zM5 6v5.5h4M7 4.5h4V10",
  runs: "M5 3.5l7 4.5-7 4.5z",
  approvals: "M3 8.5l3.2 3.2L13 4.8",
  tenant: "M2.5 4h11v3.2h-11zM2.5 8.8h11V12h-11zM4.6 5.6h.1M4.6 10.4h.1",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M3.4 12.6l1.1-1.1M11.5 4.5l1.1-1.1",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6z",
  keys: "M2 4.5h12v7H2zM4.3 7h.1M6.8 7h.1M9.3 7h.1M11.7 7h.1M5 9.3h6",
  search: "M7 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM10 10l3.3 3.3",
  close: "M4 4l8 8M12 4l-8 8",
  stop: "M4.5 4.5h7v7h-7z",
  again: "M12.5 8a4.5 4.5 0 1 1-1.4-3.3M12.6 2.6v2.6H10",
  left: "M10 3.5L5.5 8l4.5 4.5",
  right: "M6 3.5L10.5 8 6 12.5",
  down: "M3.5 6L8 10.5 12.5 6",
  jump: "M3 12.5h3.5M3 8h10M9.5 4.5L13 8l-3.5 3.5",
  warn: "M8 2.5l6 10.5H2zM8 6.5v3M8 11.2v.1",
  ok: "M3.2 8.4l3 3 6.6-6.6",
  clock: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 5v3.3l2.2 1.3",
  skip: "M3.5 4l4 4-4 4zM8.5 4l4 4-4 4z",
  copy: "M5.5 5.5h7v7h-7zM10.5 5.5v-2h-7v7h2",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  // kinds of actions
  data: "M4 3h8M4 6.3h8M4 9.6h8M4 13h5",
  call: "M3 8h8M8 4.5L11.5 8 8 11.5M13.5 3.5v9",
  scope: "M3 3h3M3 3v3M13 3h-3M13 3v3M3 13h3M3 13v-3M13 13h-3M13 13v-3",
  loop: "M4 9.5A4.2 4.2 0 0 0 12 10M12 6.5A4.2 4.2 0 0 0 4 6M4 3v3h3M12 13v-3H9",
  branch: "M8 2.5v3.2M8 5.7L3.8 9v4M8 5.7L12.2 9v4",
  mail: "M2.5 4h11v8h-11zM2.5 4.5L8 8.8l5.5-4.3",
  end: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM5.5 8h5",
  variable: "M5 3.5c-2 2.6-2 6.4 0 9M11 3.5c2 2.6 2 6.4 0 9M6.3 6.2l3.4 3.6M9.7 6.2L6.3 9.8",
  start: "M8.8 2L4 9h3.4l-.6 5L12 6.8H8.4z",
  reply: "M6.5 4L3 7.5 6.5 11M3 7.5h6a4 4 0 0 1 4 4v1",
};

export function Icon({ name, size = 16 }: { name: string; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false">
      <path d={PATHS[name] ?? PATHS.data} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

/** The icon of an action's type. */
export function iconOf(type: string): string {
  const folded = type.toLowerCase();
  if (folded === "scope") return "scope";
  if (folded === "foreach" || folded === "until") return "loop";
  if (folded === "if" || folded === "switch") return "branch";
  if (folded.includes("variable")) return "variable";
  if (folded === "wait") return "clock";
  if (folded === "terminate") return "end";
  if (folded === "response") return "reply";
  if (["compose", "parsejson", "query", "select", "join", "table"].includes(folded)) return "data";
  return "call";
}
