import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { type Approval, api } from "../api";
import { useNews } from "../events";
import { ago, time, titled, words } from "../format";
import { Status } from "../parts/Status";
import { Empty, Fault, Loading, Refused } from "../parts/states";
import { useRows } from "../parts/useRows";
import { useSettled } from "../parts/useSettled";

const OPTIONS: [string, string][] = [
  ["open", "Open"],
  ["closed", "Answered"],
  ["", "All"],
];

export function ApprovalsPage() {
  const [query, setQuery] = useSearchParams();
  const status = query.get("status") ?? "open";
  const client = useQueryClient();
  const items = useQuery({ queryKey: ["approvals", status], queryFn: () => api.approvals(status) });
  const refresh = useSettled(() => client.invalidateQueries({ queryKey: ["approvals"] }), 300);
  useNews({}, (news) => news.kind !== "response" && refresh(), refresh);
  const rows = useRows();
  return (
    <div className="page narrow">
      <header>
        <h1>Approvals</h1>
        <span className="grow" />
        <div className="tabs" role="group" aria-label="Which">
          {OPTIONS.map(([value, title]) => (
            <button type="button" key={title} aria-pressed={status === value} onClick={() => setQuery({ status: value }, { replace: true })}>
              {title}
            </button>
          ))}
        </div>
      </header>
      {items.isPending ? (
        <Loading />
      ) : items.isError ? (
        <Fault error={items.error} again={() => void items.refetch()} />
      ) : items.data.approvals.length === 0 ? (
        <Empty title={status === "open" ? "Nobody waits for you" : "Nothing here yet"}>
          When a run reaches an approval, a card or a callback, it stands here until somebody answers.
        </Empty>
      ) : (
        <div ref={rows} className="cards">
          {[...items.data.approvals].sort((a, b) => Number(a.kind === "callback") - Number(b.kind === "callback")).map((item) => (
            <Item key={item.id} item={item} />
          ))}
        </div>
      )}
    </div>
  );
}

const KINDS: Record<string, string> = { approval: "Approval", callback: "Callback", review: "Review", card: "Card" };

export function Item({ item }: { item: Approval }) {
  const client = useQueryClient();
  const [comments, setComments] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const isOpen = item.status === "open";
  const answer = (given: string) => {
    setBusy(true);
    setRefused(null);
    api
      .answer(item.id, given, comments)
      .then(() => client.invalidateQueries({ queryKey: ["approvals"] }))
      .catch(setRefused)
      .finally(() => setBusy(false));
  };
  const options = item.kind === "callback" ? [] : item.options;
  return (
    <article className="panel card" data-approval={item.id} aria-label={item.title || item.action}>
      <header className="row">
        <span className="tag plain">{KINDS[item.kind] ?? item.kind}</span>
        {isOpen ? <Status value="Waiting" /> : <span className="tag">{item.answer ?? "closed without an answer"}</span>}
        <span className="grow" />
        <time className="dim" dateTime={item.createdAt} title={time(item.createdAt)}>
          asked {ago(item.createdAt)}
        </time>
      </header>
      <h2>{!item.title || item.title === item.action ? words(item.action) : item.title}</h2>
      {item.details && <p className="details">{item.details}</p>}
      <p className="dim small">
        {item.kind === "review" ? (
          <Link href={`/runs/${item.run}`} data-row>
            {titled(item.flow)}
          </Link>
        ) : (
          <Link href={`/runs/${item.run}?action=${encodeURIComponent(item.action)}`} data-row>
            {titled(item.flow)} / {words(item.action)}
          </Link>
        )}
        {item.assignedTo && <span>for {item.assignedTo}</span>}
        {item.by && <span>answered by {item.by}</span>}
        {item.closedAt && <span>{ago(item.closedAt)}</span>}
      </p>
      {item.comments && <blockquote>{item.comments}</blockquote>}
      {isOpen && options.length > 0 && (
        <div className="answer">
          <label className="unseen" htmlFor={`comment-${item.id}`}>
            Comment
          </label>
          <textarea id={`comment-${item.id}`} rows={1} placeholder="Comment (optional)" value={comments} onChange={(event) => setComments(event.target.value)} />
          <div className="row">
            {options.map((option, index) => (
              <button type="button" key={option} className={`button ${index === 0 ? "main" : ""} ${/reject|deny|decline/i.test(option) ? "danger" : ""}`} disabled={busy} onClick={() => answer(option)}>
                {option}
              </button>
            ))}
          </div>
        </div>
      )}
      {isOpen && item.kind === "callback" && <p className="dim small">Another system answers this one, at the address that the action sent to it.</p>}
      <Refused error={refused} />
    </article>
  );
}
