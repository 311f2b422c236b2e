import { type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import { linkTone, useAction, useSight } from "./context";
import { UNKNOWN } from "./live";
import type { LinkEdge } from "./scene";

const SAYS: Record<string, string> = { Failed: "failed", Skipped: "skipped", TimedOut: "timed out", Succeeded: "succeeded" };

/** An arrow, with what it waits for where that is not plain success. */
export const Link = memo(function Link({ data, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition }: EdgeProps<LinkEdge>) {
  const source = useAction(data?.source ?? "");
  const target = useAction(data?.target ?? "");
  const { hasRun } = useSight();
  const statuses = data?.statuses ?? [];
  const tone = data?.fromTrigger
    ? hasRun && target !== UNKNOWN
      ? "taken"
      : "plain"
    : linkTone(source, target, statuses, hasRun);
  const lane = data?.lane ?? null;
  const [straight] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, curvature: 0.3 });
  const path = lane === null ? straight : around(sourceX, sourceY, targetX, targetY, lane);
  const isPlain = statuses.length === 1 && statuses[0] === "Succeeded";
  const text = isPlain || data?.fromTrigger ? "" : says(statuses);
  return (
    <g className={`link ${tone}${target.active.size > 0 ? " flowing" : ""}`} data-link={data ? `${data.source} to ${data.target}` : undefined} data-tone={tone}>
      <path d={path} className="line" />
      <path d={`M${targetX - 4},${targetY - 6}L${targetX},${targetY}L${targetX + 4},${targetY - 6}`} className="tip" />
      {text && (
        <text x={lane === null ? targetX : lane + 6} y={lane === null ? targetY - 11 : (sourceY + targetY) / 2} textAnchor={lane === null ? "middle" : "start"}>
          {text}
        </text>
      )}
    </g>
  );
});

/** What an arrow waits for; three of the four are told by the one that is missing. */
export function says(statuses: string[]): string {
  if (statuses.length === 4) return "always";
  const missing = Object.keys(SAYS).find((status) => !statuses.includes(status));
  return statuses.length === 3 && missing ? `unless ${SAYS[missing]}` : statuses.map((status) => SAYS[status] ?? status).join(", ");
}

/** Down, over to the lane, along it, and back. */
function around(x1: number, y1: number, x2: number, y2: number, lane: number): string {
  const bend = 16;
  return [
    `M${x1},${y1}C${x1},${y1 + bend} ${lane},${y1 + 4} ${lane},${y1 + bend * 2}`,
    `L${lane},${y2 - bend * 2}`,
    `C${lane},${y2 - 4} ${x2},${y2 - bend} ${x2},${y2}`,
  ].join("");
}
