import { expect, test } from "vitest";
import type { Graph, GraphNode } from "./api";
import { around, branchTitle, CARD, layout } from "./layout";

const node = (name: string, level = 0, container: string | null = null, branch: string | null = container ? "actions" : null): GraphNode => ({
  name, type: "Compose", kind: null, container, branch, level, isContainer: false, pointer: "",
});

const graph: Graph = {
  triggers: [],
  nodes: [
    node("First"),
    { ...node("Check", 1), type: "If", isContainer: true },
    node("Yes", 0, "Check"),
    node("Yes2", 1, "Check"),
    node("No", 0, "Check", "else"),
    node("Left", 2),
    node("Right", 2),
  ],
  edges: [
    { source: "First", target: "Check", statuses: ["Succeeded"] },
    { source: "Yes", target: "Yes2", statuses: ["Succeeded"] },
    { source: "Check", target: "Left", statuses: ["Succeeded"] },
    { source: "Check", target: "Right", statuses: ["Failed"] },
  ],
};

test("layers run from top to bottom, siblings side by side", () => {
  const { boxes } = layout(graph, new Set());
  const at = (name: string) => boxes.get(name)!;
  expect(at("Check").y).toBeGreaterThan(at("First").y + CARD.height);
  expect(at("Left").y).toBe(at("Right").y);
  expect(at("Right").x).toBeGreaterThanOrEqual(at("Left").x + CARD.width);
});

test("branches stand beside each other inside their container", () => {
  const box = layout(graph, new Set()).boxes.get("Check")!;
  expect(box.branches.map((branch) => branch.title)).toEqual(["if true", "if false"]);
  expect(box.width).toBeGreaterThan(2 * CARD.width);
  expect(box.height).toBeGreaterThan(2 * CARD.height);
});

test("a collapsed container is one card", () => {
  const { boxes } = layout(graph, new Set(["Check"]));
  expect(boxes.get("Check")).toMatchObject({ ...CARD, collapsed: true });
  expect(boxes.has("Yes")).toBe(false);
});

test("no two cards of a block overlap", () => {
  const wide: Graph = { triggers: [], nodes: Array.from({ length: 500 }, (_, i) => node(`A${i}`, i % 20)), edges: [] };
  const seen = new Set([...layout(wide, new Set()).boxes.values()].map((box) => `${box.x}/${box.y}`));
  expect(seen.size).toBe(500);
});

test("containers around an action, innermost first", () => {
  const deep: Graph = { ...graph, nodes: [...graph.nodes, node("Deep", 0, "Yes")] };
  expect(around(deep, "Deep")).toEqual(["Yes", "Check"]);
  expect(branchTitle("case:Gold", "Switch")).toBe("Gold");
});
