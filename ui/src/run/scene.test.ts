import { expect, test } from "vitest";
import type { Graph, GraphNode } from "../api";
import { idOf, nearest, scene } from "./scene";

const node = (name: string, level: number, container: string | null = null, more: Partial<GraphNode> = {}): GraphNode => ({
  name, type: "Compose", kind: null, container, branch: container ? "actions" : null, level, isContainer: false, pointer: "", ...more,
});
const graph: Graph = {
  triggers: [node("manual", 0)],
  nodes: [node("In", 0, "Box"), node("Box", 0, null, { type: "Scope", isContainer: true }), node("Left", 1), node("Right", 1)],
  edges: [
    { source: "Box", target: "Left", statuses: ["Succeeded"] },
    { source: "Box", target: "Right", statuses: ["Failed"] },
  ],
};

test("containers come before what is inside them", () => {
  const made = scene(graph, new Set());
  const order = made.nodes.map((each) => each.id);
  expect(order.indexOf(idOf("Box"))).toBeLessThan(order.indexOf(idOf("In")));
  expect(made.nodes.find((each) => each.id === idOf("In"))?.parentId).toBe(idOf("Box"));
});

test("the trigger leads to what waits for nothing", () => {
  const made = scene(graph, new Set());
  expect(made.edges.filter((edge) => edge.data?.fromTrigger).map((edge) => edge.target)).toEqual([idOf("Box")]);
});

test("a folded container hides its insides and their edges", () => {
  const made = scene(graph, new Set(["Box"]));
  expect(made.places.has("In")).toBe(false);
  expect(made.edges).toHaveLength(3);
});

test("arrow keys go to the nearest card ahead", () => {
  const { places } = scene(graph, new Set());
  expect(nearest(places, "Left", "ArrowRight")).toBe("Right");
  expect(nearest(places, "Right", "ArrowLeft")).toBe("Left");
  expect(nearest(places, "Box", "ArrowDown")).toBe("In");
  expect(nearest(places, "Left", "ArrowDown")).toBeNull();
});

test("an arrow goes around what stands between its ends", () => {
  const column: Graph = {
    triggers: [],
    nodes: [node("A", 0), node("B", 1), node("C", 2)],
    edges: [
      { source: "A", target: "B", statuses: ["Failed"] },
      { source: "B", target: "C", statuses: ["Succeeded"] },
      { source: "A", target: "C", statuses: ["Succeeded"] },
    ],
  };
  const made = scene(column, new Set());
  const lanes = made.edges.map((edge) => edge.data?.lane);
  const middle = made.places.get("B")!;
  expect(lanes.slice(0, 2)).toEqual([null, null]);
  expect(lanes[2]).toBeGreaterThan(middle.x + middle.width);
  expect(lanes[2]).toBeLessThan(made.width);
});
