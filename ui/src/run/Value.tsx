import { useState } from "react";
import { shown } from "../format";
import { Icon } from "../parts/Icon";

const MOST = 20_000;

/** A value as JSON, long ones cut until asked for. */
export function Value({ title, value, secured }: { title: string; value: unknown; secured?: boolean }) {
  const [whole, setWhole] = useState(false);
  const [said, setSaid] = useState("");
  if (secured)
    return (
      <section className="value-of">
        <h3>{title}</h3>
        <p className="dim">Hidden: the {title === "Trigger" ? "flow secures what its trigger is given" : `action secures its ${title.toLowerCase()}`}.</p>
      </section>
    );
  const text = shown(value) ?? "";
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setSaid("Copied"),
      () => setSaid("The browser refused"),
    );
  return (
    <section className="value-of">
      <h3>
        {title}
        <button type="button" className="quiet" onClick={copy} aria-label={`Copy ${title.toLowerCase()}`}>
          <Icon name="copy" size={13} />
        </button>
        <span role="status" className="dim small">
          {said}
        </span>
      </h3>
      <pre className="value" tabIndex={0} aria-label={title}>
        {whole ? text : text.slice(0, MOST)}
      </pre>
      {!whole && text.length > MOST && (
        <button type="button" className="quiet" onClick={() => setWhole(true)}>
          Show all {Math.round(text.length / 1000)} kB
        </button>
      )}
    </section>
  );
}
