import { api } from "../api";
import { Dialog } from "./Dialog";

const KEYS: [string, string][] = [
  ["g then f, r, a, t", "Go to flows, runs, approvals, tenant"],
  ["/", "Search"],
  ["↑ ↓ ← →", "In a graph: to the next card; in a list: to the next row"],
  ["Enter", "Open what has the focus; a container folds and unfolds with Space"],
  ["e", "In a run: to the next failed action"],
  ["[ and ]", "In a loop: previous and next repetition"],
  ["+  −  0", "In a graph: nearer, farther, all of it"],
  ["Escape", "Close the details"],
  ["?", "This list"],
];

export function Keys({ close }: { close: () => void }) {
  return (
    <Dialog title="Keyboard" close={close}>
      <dl className="keys">
        {KEYS.map(([keys, deed]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{deed}</dd>
          </div>
        ))}
      </dl>
      <p className="dim small">
        Programs use the same API:{" "}
        <a
          href="/docs"
          target="_blank"
          rel="noopener"
          onClick={(event) => {
            event.preventDefault();
            const opened = window.open("about:blank", "_blank");
            void api.session().then(() => opened?.location.replace("/docs"));
          }}
        >
          its reference
        </a>
        . Licences of what this page is made with: <a href="/licences.md">licences.md</a>.
      </p>
    </Dialog>
  );
}
