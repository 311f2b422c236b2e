import { Controls, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow } from "@xyflow/react";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef } from "react";
import type { Graph } from "../api";
import { CARD } from "../layout";
import { tone } from "../parts/Status";
import { Card } from "./Card";
import { useSight } from "./context";
import { Link } from "./Link";
import { type CardNode, nearest, scene } from "./scene";

const NODES = { card: Card };
const EDGES = { link: Link };

interface Given {
  graph: Graph;
  collapsed: ReadonlySet<string>;
  /** Bring this action into view; a new object asks again. */
  show: { action: string } | null;
  /** What to look at first, where that is not the beginning. */
  first?: string;
}

export function Canvas(given: Given) {
  return (
    <ReactFlowProvider>
      <Inner {...given} />
    </ReactFlowProvider>
  );
}

function Inner({ graph, collapsed, show, first }: Given) {
  const sight = useSight();
  const flow = useReactFlow();
  const own = useRef<HTMLDivElement>(null);
  const made = useMemo(() => scene(graph, collapsed), [graph, collapsed]);
  const fit = useCallback(() => {
    const width = own.current?.clientWidth ?? 900;
    const height = own.current?.clientHeight ?? 600;
    // A tall graph is as wide as the view and begins at its top: whole, nobody could read it.
    const [across, down] = [(width - 48) / made.width, (height - 48) / made.height];
    const zoom = Math.max(0.68, Math.min(1, across, Math.max(down, 0.8)));
    const isTall = made.height * zoom > height - 48;
    void flow.setViewport({ zoom, x: (width - made.width * zoom) / 2, y: isTall ? 24 : (height - made.height * zoom) / 2 });
  }, [flow, made]);
  const reveal = useCallback(
    (name: string, always: boolean) => {
      const place = made.places.get(name);
      const view = own.current;
      if (!place || !view) return;
      const { x, y, zoom } = flow.getViewport();
      const [left, top] = [place.x * zoom + x, place.y * zoom + y];
      const isIn = left > 8 && top > 8 && left + Math.min(place.width, CARD.width) * zoom < view.clientWidth - 8 && top + CARD.height * zoom < view.clientHeight - 8;
      if (isIn && !always) return;
      const next = Math.max(zoom, 0.6);
      const [width, height] = [view.clientWidth, view.clientHeight];
      void flow.setViewport(
        {
          zoom: next,
          x: within(width / 2 - (place.x + Math.min(place.width, 600) / 2) * next, width, made.width * next),
          y: within(height / 2 - (place.y + Math.min(place.height, 300) / 2) * next, height, made.height * next),
        },
        { duration: 160 },
      );
    },
    [flow, made],
  );
  const isPlaced = useRef(false);
  useEffect(() => {
    if (isPlaced.current) return;
    isPlaced.current = true;
    fit();
    if (first) reveal(first, false);
  }, [fit, first, reveal]);
  useEffect(() => {
    if (show) reveal(show.action, false);
  }, [show, reveal]);
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const card = (event.target as HTMLElement).closest<HTMLElement>("[data-card]")?.dataset.card;
    if (event.key === "+" || event.key === "=") void flow.zoomIn();
    else if (event.key === "-") void flow.zoomOut();
    else if (event.key === "0") fit();
    else if (event.key === " " && card && graph.nodes.find((node) => node.name === card)?.isContainer) sight.toggle(card);
    else if (event.key.startsWith("Arrow")) {
      const next = nearest(made.places, card ?? "", event.key);
      if (!next) return;
      reveal(next, false);
      const focus = (tries: number) => {
        const found = own.current?.querySelector<HTMLElement>(`[data-card="${CSS.escape(next)}"]`);
        if (found) found.focus({ preventScroll: true });
        else if (tries > 0) requestAnimationFrame(() => focus(tries - 1));
      };
      focus(20);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isLarge = made.nodes.length > 25;
  return (
    <section ref={own} className="canvas" onKeyDown={press} aria-label="Graph of the flow">
      <ReactFlow
        nodes={made.nodes}
        edges={made.edges}
        nodeTypes={NODES}
        edgeTypes={EDGES}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        onlyRenderVisibleElements={made.nodes.length > 80}
        minZoom={0.05}
        maxZoom={1.6}
        panOnScroll
        proOptions={{ hideAttribution: true }}
      >
        <Controls showInteractive={false} fitViewOptions={{ padding: 0.05 }} />
        {isLarge && <MiniMap pannable zoomable ariaLabel="Overview of the graph" nodeClassName={(node) => mapTone(node as CardNode, sight)} nodeBorderRadius={6} />}
      </ReactFlow>
    </section>
  );
}

/** Keep the graph in view: no empty plane beside it, and in the middle where all of it has room. */
function within(at: number, view: number, size: number): number {
  return size + 48 <= view ? (view - size) / 2 : Math.max(view - size - 24, Math.min(24, at));
}

function mapTone(node: CardNode, { store }: ReturnType<typeof useSight>): string {
  const name = node.data.box.node.name;
  return `map ${node.data.box.node.isContainer && !node.data.box.collapsed ? "box" : ""} ${tone(store.get(name).status)}`;
}
