// The graph as React Flow wants it: nodes with sizes, parents before children; edges with the statuses they wait for.

import type { Edge, Node } from "@xyflow/react";
import type { Graph } from "../api";
import { type Box, CARD, GAP, layout } from "../layout";

export type CardData = { box: Box; isTrigger: boolean; depth: number };
export type CardNode = Node<CardData>;
export type LinkData = { source: string; target: string; statuses: string[]; fromTrigger: boolean; lane: number | null };
export type LinkEdge = Edge<LinkData>;

interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Scene {
  nodes: CardNode[];
  edges: LinkEdge[];
  /** Where each card stands on the whole plane: for panning and for the arrow keys. */
  places: Map<string, Place>;
  width: number;
  height: number;
}

const TRIGGER = "\u0000trigger";
export const idOf = (name: string) => `a:${name}`;
const HEAD = CARD.height + GAP.y;

export function scene(graph: Graph, collapsed: ReadonlySet<string>): Scene {
  const laid = layout(graph, collapsed);
  const places: Scene["places"] = new Map();
  const depths = new Map<string, number>();
  const nodes: CardNode[] = [];
  const width = Math.max(laid.width, CARD.width);
  const trigger = graph.triggers[0];
  if (trigger) {
    const box: Box = { node: trigger, x: (width - CARD.width) / 2, y: 0, ...CARD, collapsed: false, branches: [] };
    nodes.push(made(TRIGGER, box, { x: box.x, y: 0 }, null, { box, isTrigger: true, depth: 0 }));
  }
  const top = trigger ? HEAD : 0;
  const waiting = graph.nodes.filter((node) => laid.boxes.has(node.name));
  const done = new Set<string>();
  // A definition lists a container before what is inside it, but nobody promises so.
  while (waiting.length > 0) {
    const before = waiting.length;
    for (let at = 0; at < waiting.length; ) {
      const node = waiting[at] as (typeof waiting)[number];
      if (node.container && !done.has(node.container)) {
        at += 1;
        continue;
      }
      waiting.splice(at, 1);
      done.add(node.name);
      const box = laid.boxes.get(node.name) as Box;
      const depth = node.container ? (depths.get(node.container) ?? 0) + 1 : 0;
      depths.set(node.name, depth);
      const around = node.container ? places.get(node.container) : undefined;
      const local = node.container ? { x: box.x, y: box.y } : { x: box.x + (width - laid.width) / 2, y: box.y + top };
      places.set(node.name, { x: local.x + (around?.x ?? 0), y: local.y + (around?.y ?? 0), width: box.width, height: box.height });
      nodes.push(made(node.name, box, local, node.container, { box, isTrigger: false, depth }));
    }
    if (waiting.length === before) break;
  }
  const edges: LinkEdge[] = graph.edges
    .filter((edge) => done.has(edge.source) && done.has(edge.target))
    .map((edge) => link(edge.source, edge.target, edge.statuses, (depths.get(edge.source) ?? 0) + 1, false, laneOf(graph, places, edge.source, edge.target)));
  if (trigger) {
    const hasBefore = new Set(graph.edges.map((edge) => edge.target));
    for (const node of graph.nodes)
      if (!node.container && !hasBefore.has(node.name)) edges.push(link(TRIGGER, node.name, ["Succeeded"], 1, true, null));
  }
  return { nodes, edges, places, width, height: laid.height + top };
}

function made(name: string, box: Box, position: { x: number; y: number }, parent: string | null, data: CardData): CardNode {
  return {
    id: idOf(name),
    type: "card",
    position,
    width: box.width,
    height: box.height,
    data,
    draggable: false,
    selectable: false,
    focusable: false,
    zIndex: data.depth,
    ...(parent ? { parentId: idOf(parent) } : {}),
  };
}

function link(source: string, target: string, statuses: string[], zIndex: number, fromTrigger: boolean, lane: number | null): LinkEdge {
  return {
    id: `${source}\u0000${target}`,
    source: idOf(source),
    target: idOf(target),
    type: "link",
    zIndex,
    focusable: false,
    selectable: false,
    data: { source, target, statuses, fromTrigger, lane },
  };
}

/** Where an arrow passes beside the cards between its ends, as near as there is room; null where nothing stands in its way. */
function laneOf(graph: Graph, places: Scene["places"], source: string, target: string): number | null {
  const [from, to] = [places.get(source), places.get(target)];
  const own = graph.nodes.find((node) => node.name === source);
  if (!from || !to || !own) return null;
  const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
  const between = graph.nodes
    .filter((node) => node.container === own.container && node.branch === own.branch && node.name !== source && node.name !== target)
    .map((node) => places.get(node.name))
    .filter((place) => place !== undefined && place.y + place.height > from.y + from.height && place.y < to.y) as Place[];
  const isFree = (x: number) => between.every((place) => x < place.x - 8 || x > place.x + place.width + 8);
  const crosses = between.some((place) => place.x <= Math.max(x1, x2) + 4 && place.x + place.width >= Math.min(x1, x2) - 4);
  if (!crosses) return null;
  const cost = (x: number) => Math.abs(x - x1) + Math.abs(x - x2);
  const lanes = between.flatMap((place) => [place.x + place.width + 12, place.x - 12]).filter(isFree);
  return lanes.reduce((best: number | null, x) => (best === null || cost(x) < cost(best) ? x : best), null);
}

/** The nearest card in a direction, preferring what lies straight ahead. */
export function nearest(places: Scene["places"], from: string, key: string): string | null {
  const here = places.get(from);
  if (!here) return [...places.keys()][0] ?? null;
  const [x, y] = [here.x + here.width / 2, here.y + CARD.height / 2];
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [name, place] of places) {
    if (name === from) continue;
    const dx = place.x + place.width / 2 - x;
    const dy = place.y + CARD.height / 2 - y;
    const ahead = key === "ArrowDown" ? dy : key === "ArrowUp" ? -dy : key === "ArrowRight" ? dx : -dx;
    const aside = key === "ArrowDown" || key === "ArrowUp" ? Math.abs(dx) : Math.abs(dy);
    if (ahead < 12) continue;
    const cost = ahead + aside * 2;
    if (cost < least) [best, least] = [name, cost];
  }
  return best;
}
