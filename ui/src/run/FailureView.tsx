import type { Failure } from "../api";
import { shown } from "../format";

/** The failing expression with its failing part marked, and the values of the parts. */
export function FailureView({ failure }: { failure: Failure }) {
  const { expression, at, values, item, loops } = failure;
  if (!expression && !item && !loops?.length) return null;
  return (
    <section className="failure" aria-label="Failing expression">
      {expression && (
        <>
          <h3>Failing expression</h3>
          <pre className="value expression" tabIndex={0}>
            {at ? (
              <>
                {expression.slice(0, at[0])}
                <mark>{expression.slice(at[0], at[1])}</mark>
                {expression.slice(at[1])}
              </>
            ) : (
              expression
            )}
          </pre>
        </>
      )}
      {values && values.length > 0 && (
        <table className="parts">
          <caption className="unseen">Values of its parts</caption>
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {values.map((part) => (
              <tr key={part.expression}>
                <td>
                  <code>{part.expression}</code>
                </td>
                <td>{part.error !== undefined ? <span className="bad-text">{part.error}</span> : <code>{part.value === undefined ? "" : part.value === null ? "null" : shown(part.value)}</code>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {item !== undefined && (
        <>
          <h3>Item at work</h3>
          <pre className="value" tabIndex={0}>
            {shown(item)}
          </pre>
        </>
      )}
      {loops?.map((loop) => (
        <div key={loop.loop}>
          <h3>
            {loop.loop}, item {(loop.index ?? 0) + 1}
          </h3>
          {loop.item !== undefined && (
            <pre className="value" tabIndex={0}>
              {shown(loop.item)}
            </pre>
          )}
        </div>
      ))}
    </section>
  );
}
