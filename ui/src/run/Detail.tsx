import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { type ActionDetail, ApiError, api } from "../api";
import { duration, repetitionText, spent, time, words } from "../format";
import { Item } from "../pages/ApprovalsPage";
import { Icon, iconOf } from "../parts/Icon";
import { Status } from "../parts/Status";
import { Fault, Loading, Refused } from "../parts/states";
import { useWhole } from "./context";
import { BAD } from "./live";
import { FailureView } from "./FailureView";
import { Repetitions } from "./Repetitions";
import { Value } from "./Value";
import { Why } from "./Why";

interface Given {
  run: string;
  isOver: boolean;
  action: string;
  type: string;
  repetition: string;
  go: (repetition: string) => void;
  showCode: () => void;
  close: () => void;
}

/** Everything about one action in one repetition. */
export function Detail({ run, isOver, action, type, repetition: asked, go, showCode, close }: Given) {
  const state = useWhole(action);
  const repetition = asked || (state.settled > 0 && state.loops.length > 0 ? (state.firstFailed ?? state.loops.map(() => "000000").join("-")) : "");
  const known = useQuery({
    queryKey: ["action", run, action, repetition, state.settled],
    queryFn: () => api.action(run, action, repetition),
    enabled: state.settled > 0,
    placeholderData: (before, query) => (query?.queryKey[2] === action && query.queryKey[3] === repetition ? before : undefined),
  });
  const isWaiting = [...state.active.values()].includes("Waiting") || state.status === "Waiting";
  const isRepeated = state.loops.length > 0 || repetition !== "";
  const isUnknown = known.error instanceof ApiError && known.error.status === 404;
  return (
    <aside className="detail" aria-label={`Details of ${action}`} data-detail={action}>
      <header>
        <Icon name={iconOf(type)} size={18} />
        <div className="grow">
          <h2>{words(action)}</h2>
          <div className="dim small">
            <code>{action}</code>
            <span>{type}</span>
          </div>
        </div>
        <button type="button" className="quiet" onClick={showCode} title="Show in the code">
          Code
        </button>
        <button type="button" className="quiet" onClick={close} aria-label="Close details">
          <Icon name="close" />
        </button>
      </header>
      {isRepeated && <Repetitions run={run} action={action} at={repetition} total={state.settled} failed={state.failed} go={go} />}
      {isWaiting && <Waiting run={run} action={action} />}
      {state.status === "" ? (
        <p className="dim">{isOver ? "The run ended before this action's turn came." : "Its turn has not come yet."}</p>
      ) : state.settled > 0 && known.isPending ? (
        <Loading />
      ) : isUnknown || known.isPending ? (
        <p className="dim">{repetition ? "It has not ended in this iteration." : "It is under way: inputs and outputs stand here when it has ended."}</p>
      ) : known.isError ? (
        <Fault error={known.error} again={() => void known.refetch()} />
      ) : (
        <Known detail={known.data} run={run} isOver={isOver} />
      )}
    </aside>
  );
}

function Known({ detail, run, isOver }: { detail: ActionDetail; run: string; isOver: boolean }) {
  const [, go] = useLocation();
  const [refused, setRefused] = useState<unknown>(null);
  const message = detail.error?.message ?? (BAD.has(detail.status) ? saidIn(detail.outputs) : null);
  const again = () =>
    api
      .resubmit(run, [detail.name])
      .then((next) => next.run && go(`/runs/${next.run}`))
      .catch(setRefused);
  return (
    <div data-repetition={detail.repetition}>
      <div className="row facts">
        <Status value={detail.status} />
        {detail.code && <code>{detail.code}</code>}
        {detail.repetition && <span className="dim">{repetitionText(detail.repetition)}</span>}
        <span className="grow" />
        {detail.endedAt && <b>{duration(spent(detail.startedAt, detail.endedAt))}</b>}
      </div>
      {detail.startedAt && (
        <p className="dim small">
          <span>{time(detail.startedAt)}</span>
          {detail.endedAt && time(detail.endedAt) !== time(detail.startedAt) && <span>to {time(detail.endedAt)}</span>}
        </p>
      )}
      {message && detail.why.length < 2 && <p className="refused">{message}</p>}
      {detail.failure && detail.why.length < 2 && <FailureView failure={detail.failure} />}
      <Why chain={detail.why} />
      {detail.attempts.length > 0 && (
        <section>
          <h3>Retries</h3>
          <table className="parts">
            <thead>
              <tr>
                <th scope="col">Attempt</th>
                <th scope="col">Answer</th>
                <th scope="col">Took</th>
                <th scope="col">Then waited</th>
              </tr>
            </thead>
            <tbody>
              {detail.attempts.map((attempt, index) => (
                <tr key={attempt.startedAt}>
                  <td>{index + 1}</td>
                  <td>
                    {attempt.statusCode ?? ""} {attempt.code}
                  </td>
                  <td>{duration(spent(attempt.startedAt, attempt.endedAt))}</td>
                  <td>{duration(attempt.waitS)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {(detail.hasInputs || detail.secured.includes("inputs")) && <Value title="Inputs" value={detail.inputs} secured={detail.secured.includes("inputs")} />}
      {(detail.hasOutputs || detail.secured.includes("outputs")) && <Value title="Outputs" value={detail.outputs} secured={detail.secured.includes("outputs")} />}
      {detail.trackedProperties != null && <Value title="Tracked properties" value={detail.trackedProperties} />}
      {isOver && !detail.repetition && detail.type && (
        <p className="after">
          <button type="button" className="button" onClick={again} title="What does not follow from this action keeps its results">
            <Icon name="again" /> Resubmit from here
          </button>
        </p>
      )}
      <Refused error={refused} />
    </div>
  );
}

/** What a service said when it refused, wherever it put its message. */
export function saidIn(outputs: unknown): string | null {
  let at = (outputs as { body?: unknown } | null)?.body;
  for (let depth = 0; depth < 3 && at && typeof at === "object"; depth += 1) {
    const record = at as Record<string, unknown>;
    const message = record.message ?? record.Message;
    if (typeof message === "string" && message) return message;
    at = record.error ?? record["odata.error"] ?? message;
  }
  return typeof at === "string" && at.length < 1000 ? at || null : ((at as { value?: string } | undefined)?.value ?? null);
}

/** The question that an action asks, to answer on the spot. */
function Waiting({ run, action }: { run: string; action: string }) {
  const open = useQuery({ queryKey: ["approvals", "open"], queryFn: () => api.approvals("open") });
  const mine = open.data?.approvals.filter((item) => item.run === run && item.action === action) ?? [];
  return mine.map((item) => <Item key={item.id} item={item} />);
}
