// A value as the lines of its JSON, each with the pointer of what it shows: so findings and actions have their lines.

import type { Graph } from "../api";

export interface Line {
  indent: number;
  key: string | null;
  /** The text after the key, and its kind for the colour. */
  text: string;
  kind: "punctuation" | "string" | "expression" | "number" | "word";
  pointer: string;
}

const escape = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");

export function lines(value: unknown): Line[] {
  const made: Line[] = [];
  const walk = (at: unknown, pointer: string, key: string | null, indent: number, comma: string) => {
    const put = (text: string, kind: Line["kind"], own = key) => made.push({ indent, key: own, text, kind, pointer });
    if (at === null || typeof at === "boolean") put(`${at}${comma}`, "word");
    else if (typeof at === "number") put(`${at}${comma}`, "number");
    else if (typeof at === "string") put(JSON.stringify(at) + comma, /^@|@\{/.test(at) ? "expression" : "string");
    else if (typeof at === "object") {
      const [open, close] = Array.isArray(at) ? "[]" : "{}";
      const parts = Array.isArray(at) ? at.map((each, index) => [String(index), each] as const) : Object.entries(at as object);
      if (parts.length === 0) {
        put(`${open}${close}${comma}`, "punctuation");
        return;
      }
      put(open as string, "punctuation");
      parts.forEach(([name, each], index) => {
        walk(each, `${pointer}/${escape(name)}`, Array.isArray(at) ? null : name, indent + 1, index < parts.length - 1 ? "," : "");
      });
      put(`${close}${comma}`, "punctuation", null);
    }
  };
  walk(value, "", null, 0, "");
  return made;
}

/** The line where the thing at a pointer begins; of a pointer to nothing, where the nearest thing around it begins. */
export function lineOf(made: Line[], pointer: string): number {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const found = made.findIndex((line) => line.pointer === at);
    if (found >= 0) return found;
    if (at === "") return 0;
  }
}

/** The pointer of the definition in its file: an export keeps it deep inside. */
export function baseOf(graph: Graph): string {
  const root = [...graph.nodes, ...graph.triggers].find((node) => !node.container && node.pointer);
  const at = root?.pointer.lastIndexOf("/", root.pointer.lastIndexOf("/") - 1) ?? 0;
  return root?.pointer.slice(0, at) ?? "";
}

/** A pointer into the file as a pointer into the definition. */
export function within(base: string, pointer: string | undefined): string {
  return pointer?.startsWith(base) ? pointer.slice(base.length) : "";
}

/** Whether a line belongs to the thing at a pointer. */
export function isWithin(line: Line, pointer: string): boolean {
  return line.pointer === pointer || line.pointer.startsWith(`${pointer}/`);
}
