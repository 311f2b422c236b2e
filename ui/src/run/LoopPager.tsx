import { Icon } from "../parts/Icon";
import { useAction, useEvery, useSight } from "./context";

/** On a loop's frame: which iteration the cards inside show. */
export function LoopPager({ loop }: { loop: string }) {
  const { chosen, choose, jumpToFailed, store } = useSight();
  const state = useAction(loop);
  useEvery(store);
  const at = chosen[loop];
  const total = state.of ?? 0;
  if (total === 0) return null;
  const hasFailed = store.names().some((name) => {
    const inner = store.get(name);
    return inner.failed > 0 && inner.loops.includes(loop);
  });
  // An iteration is done when the last of its actions is; nested loops count for themselves.
  const inside = store.names().map((name) => store.get(name)).filter((inner) => inner.loops.at(-1) === loop);
  const done = inside.length > 0 ? Math.min(...inside.map((inner) => inner.settled)) : 0;
  const every = state.active.size > 0 ? `${done} of ${total} done` : `all ${total}`;
  return (
    <div className="pager nopan" role="group" aria-label={`Iterations of ${loop}`}>
      <button type="button" className="quiet" disabled={!at} onClick={() => choose(loop, (at ?? 1) - 1)} aria-label="Previous iteration">
        <Icon name="left" size={13} />
      </button>
      <button type="button" className="quiet which" onClick={() => choose(loop, at === undefined ? 0 : null)} title={at === undefined ? "Show one iteration" : "Show all iterations"}>
        {at === undefined ? every : `${at + 1} of ${total}`}
      </button>
      <button type="button" className="quiet" disabled={at !== undefined && at >= total - 1} onClick={() => choose(loop, at === undefined ? 0 : at + 1)} aria-label="Next iteration">
        <Icon name="right" size={13} />
      </button>
      {hasFailed && (
        <button type="button" className="quiet failed" onClick={() => jumpToFailed(loop)} title="Go to the next failed iteration">
          <Icon name="jump" size={13} /> failed
        </button>
      )}
    </div>
  );
}
