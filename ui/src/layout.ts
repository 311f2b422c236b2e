// Where each action's card stands: blocks as layers from top to bottom, branches side by side, containers around them.

import type { Graph, GraphNode } from "./api";

export const CARD = { width: 260, height: 60 };
export const GAP = { x: 28, y: 34 };
/** Room on both sides of a block through which arrows pass cards that stand in their way, with their words. */
export const LANE = 66;
export const PAD = { x: 16, top: 64, bottom: 16, label: 20, pager: 30 };

export interface Box {
  node: GraphNode;
  x: number;
  y: number;
  width: number;
  height: number;
  collapsed: boolean;
  /** Titles of the branches inside, where there are several. */
  branches: { title: string; x: number; y: number; width: number; height: number }[];
}

export interface Layout {
  boxes: Map<string, Box>;
  width: number;
  height: number;
}

interface Size {
  width: number;
  height: number;
}

const key = (container: string | null, branch: string | null) => `${container ?? ""}\u0000${branch ?? ""}`;

export function branchTitle(branch: string | null, type: string): string {
  if (!branch || branch === "actions") return type.toLowerCase() === "if" ? "if true" : "";
  if (branch === "else") return "if false";
  return branch.startsWith("case:") ? branch.slice(5) : branch;
}

export const isLoop = (type: string) => ["foreach", "until"].includes(type.toLowerCase());

/** Lay out the graph; `collapsed` containers show no insides. Positions are relative to the container. */
export function layout(graph: Graph, collapsed: ReadonlySet<string>): Layout {
  const blocks = new Map<string, GraphNode[]>();
  const branches = new Map<string, string[]>();
  for (const node of graph.nodes) {
    const name = key(node.container, node.branch);
    const members = blocks.get(name);
    if (members) members.push(node);
    else {
      blocks.set(name, [node]);
      if (node.container) {
        const known = branches.get(node.container);
        if (known) known.push(node.branch ?? "");
        else branches.set(node.container, [node.branch ?? ""]);
      }
    }
  }
  const before = new Map<string, string[]>();
  for (const edge of graph.edges) {
    const known = before.get(edge.target);
    if (known) known.push(edge.source);
    else before.set(edge.target, [edge.source]);
  }
  const boxes = new Map<string, Box>();

  const sizeOf = (node: GraphNode): Size => {
    const inner = branches.get(node.name);
    const isClosed = !inner || collapsed.has(node.name);
    const box: Box = { node, x: 0, y: 0, ...CARD, collapsed: isClosed && node.isContainer, branches: [] };
    boxes.set(node.name, box);
    if (isClosed) return CARD;
    const head = PAD.top + (isLoop(node.type) ? PAD.pager : 0);
    let x = PAD.x;
    let tallest = 0;
    const titled = inner.length > 1 || branchTitle(inner[0] ?? null, node.type) !== "";
    for (const branch of inner) {
      const top = head + (titled ? PAD.label : 0);
      const size = place(blocks.get(key(node.name, branch)) ?? [], x, top);
      box.branches.push({ title: branchTitle(branch, node.type), x, y: head, width: size.width, height: size.height });
      x += size.width + GAP.x;
      tallest = Math.max(tallest, top + size.height);
    }
    box.width = Math.max(CARD.width, x - GAP.x + PAD.x);
    box.height = tallest + PAD.bottom;
    return box;
  };

  /** Place a block's members with its corner at (left, top); return its size. */
  const place = (members: GraphNode[], left: number, top: number): Size => {
    const layers: GraphNode[][] = [];
    for (const member of members) (layers[member.level] ??= []).push(member);
    const sizes = new Map(members.map((member) => [member.name, sizeOf(member)]));
    const rows = layers.filter(Boolean);
    const widthOf = (row: GraphNode[]) => row.reduce((sum, each) => sum + (sizes.get(each.name)?.width ?? 0) + GAP.x, -GAP.x);
    const level = new Map(members.map((member) => [member.name, member.level]));
    const hasLong = members.some((member) => before.get(member.name)?.some((name) => (level.get(name) ?? member.level) < member.level - 1));
    const width = Math.max(CARD.width, ...rows.map(widthOf)) + (hasLong ? 2 * LANE : 0);
    const centre = new Map<string, number>();
    let y = top;
    for (const row of rows) {
      row.sort((a, b) => middle(before.get(a.name), centre) - middle(before.get(b.name), centre));
      let x = left + (width - widthOf(row)) / 2;
      let tallest = 0;
      for (const each of row) {
        const size = sizes.get(each.name) ?? CARD;
        const box = boxes.get(each.name);
        if (box) [box.x, box.y] = [x, y];
        centre.set(each.name, x + size.width / 2);
        x += size.width + GAP.x;
        tallest = Math.max(tallest, size.height);
      }
      y += tallest + GAP.y;
    }
    return { width, height: Math.max(CARD.height, y - GAP.y - top) };
  };

  const size = place(blocks.get(key(null, null)) ?? [], 0, 0);
  return { boxes, width: size.width, height: size.height };
}

function middle(predecessors: string[] | undefined, centre: Map<string, number>): number {
  const known = (predecessors ?? []).map((name) => centre.get(name)).filter((value) => value !== undefined);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : 0;
}

/** All containers around an action, the innermost first. */
export function around(graph: Graph, name: string): string[] {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const found: string[] = [];
  for (let at = byName.get(name)?.container; at; at = byName.get(at)?.container) found.push(at);
  return found;
}
