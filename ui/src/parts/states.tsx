// What a page shows when it has nothing, waits, or was refused: always with what to do next.

import type { ReactNode } from "react";
import { ApiError } from "../api";
import { Icon } from "./Icon";

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <Icon name="data" size={28} />
      <h2>{title}</h2>
      <div>{children}</div>
    </div>
  );
}

export function Loading() {
  return (
    <div className="state" role="status">
      <span className="spin large" aria-hidden="true" />
      <span className="unseen">Loading</span>
    </div>
  );
}

/** `elsewhere`: where to go when what was asked for does not exist. */
export function Fault({ error, again, elsewhere }: { error: unknown; again?: () => void; elsewhere?: ReactNode }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div className="state fault" role="alert">
      <Icon name="warn" size={28} />
      <h2>{error instanceof Error ? error.message : String(error)}</h2>
      {known?.hint && <p>{known.hint}</p>}
      {known && <code className="dim">{known.code}</code>}
      {known?.status === 404 && elsewhere}
      {again && !(known?.status === 404 && elsewhere) && (
        <button type="button" className="button" onClick={again}>
          <Icon name="again" /> Try again
        </button>
      )}
    </div>
  );
}

/** A line for a refused deed, beside what caused it. */
export function Refused({ error }: { error: unknown }) {
  if (!error) return null;
  const hint = error instanceof ApiError ? error.hint : null;
  return (
    <p className="refused" role="alert">
      {error instanceof Error ? error.message : String(error)} {hint}
    </p>
  );
}
