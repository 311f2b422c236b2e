import type { Reason } from "../api";
import { repetitionText, words } from "../format";
import { Status } from "../parts/Status";
import { useSight } from "./context";
import { FailureView } from "./FailureView";

/** The chain from an action to what decided its status, the cause last. */
export function Why({ chain }: { chain: Reason[] }) {
  const { select } = useSight();
  if (chain.length < 2) return null;
  const cause = chain.at(-1) as Reason;
  return (
    <section className="why" aria-label="Why">
      <h3>Why</h3>
      <ol>
        {chain.map((reason, index) => (
          <li key={`${reason.action}/${reason.repetition}`}>
            <Status value={reason.status} small />
            <button type="button" className="link" onClick={() => select(reason.action)}>
              {words(reason.action)}
            </button>
            <span className="dim">
              {typeof reason.repetition === "string" && reason.repetition ? `${repetitionText(reason.repetition)}, ` : ""}
              {reason.status.toLowerCase()}
              {reason.code && reason.code !== reason.status ? ` (${reason.code})` : ""}
              {index < chain.length - 1 ? ", because of" : ""}
            </span>
          </li>
        ))}
      </ol>
      {cause.error?.message && <p className="refused">{cause.error.message}</p>}
      {cause.failure && <FailureView failure={cause.failure} />}
    </section>
  );
}
