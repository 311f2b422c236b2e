import { Handle, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { counted, duration, spent, words } from "../format";
import { isLoop } from "../layout";
import { Icon, iconOf } from "../parts/Icon";
import { Status, tone } from "../parts/Status";
import { useAction, useSight } from "./context";
import { LoopPager } from "./LoopPager";
import type { CardNode } from "./scene";

/** One action, or a container around its actions. */
export const Card = memo(function Card({ data }: NodeProps<CardNode>) {
  const { box, isTrigger, depth } = data;
  const { node } = box;
  const state = useAction(node.name);
  const sight = useSight();
  const isOpen = node.isContainer && !box.collapsed;
  const finding = sight.findings.get(node.name);
  const runs = state.settled > 1 ? (state.failed > 0 ? `${state.failed} of ${state.settled} failed` : `${state.settled} times`) : "";
  const seconds = spent(state.startedAt, state.endedAt);
  const took = runs || (state.status !== "Skipped" && state.active.size === 0 && (seconds ?? 0) >= 0.001 ? duration(seconds) : "");
  const classes = ["node", isOpen ? "box" : "leaf", isTrigger ? "trigger" : tone(state.status), `depth${depth % 2}`];
  if (sight.selected === node.name) classes.push("selected");
  if (sight.hasRun && !isTrigger && !state.status) classes.push("ahead");
  return (
    <div className={classes.join(" ")} data-action={isTrigger ? undefined : node.name} data-status={state.status || undefined}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <div className="node-head">
        {isTrigger ? (
          <div className="face">
            <span className="sign">
              <Icon name="start" />
            </span>
            <span className="label">
              <span className="name">{words(node.name)}</span>
              <span className="kind">Trigger, {node.type}</span>
            </span>
          </div>
        ) : (
          <button type="button" className="face nopan" title={node.name} onClick={() => sight.select(node.name)} data-card={node.name} aria-pressed={sight.selected === node.name}>
            <span className="sign">
              <Icon name={iconOf(node.type)} />
            </span>
            <span className="label">
              <span className="name">{words(node.name)}</span>
              <span className="kind">
                <span className="cut">{node.kind ?? node.type}</span>
                {took && <b>{took}</b>}
                {state.retries > 0 && <b className="retried">{counted(state.retries, "retry", "retries")}</b>}
              </span>
            </span>
            {finding && (
              <span className={`mark ${finding}`} title="Findings: see the code view">
                <Icon name="warn" size={14} />
                <span className="unseen">has findings</span>
              </span>
            )}
            {state.status && <Status value={state.status} small />}
          </button>
        )}
        {node.isContainer && (
          <button type="button" className="fold nopan" tabIndex={-1} onClick={() => sight.toggle(node.name)} aria-expanded={!box.collapsed} aria-label={`${box.collapsed ? "Unfold" : "Fold"} ${node.name}`}>
            <Icon name={box.collapsed ? "right" : "down"} size={14} />
          </button>
        )}
      </div>
      {isOpen && isLoop(node.type) && sight.hasRun && <LoopPager loop={node.name} />}
      {isOpen &&
        box.branches.map(
          (branch) =>
            branch.title && (
              <span key={branch.title} className="branch" style={{ left: branch.x, top: branch.y, width: branch.width }}>
                {branch.title}
              </span>
            ),
        )}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
});
