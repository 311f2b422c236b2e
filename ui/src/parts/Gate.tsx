import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { remember, token } from "../session";
import { Icon } from "./Icon";

/** Ask for the token where this tab has none, or the server refused it. */
export function Gate({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(() => token() !== null);
  const [refused, setRefused] = useState(false);
  useEffect(() => {
    const lock = () => {
      setRefused(true);
      setOpen(false);
    };
    window.addEventListener("runafter:locked", lock);
    return () => window.removeEventListener("runafter:locked", lock);
  }, []);
  if (open) return children;
  const enter = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = String(new FormData(event.currentTarget).get("token") ?? "").trim();
    if (!given) return;
    remember(given);
    setRefused(false);
    setOpen(true);
  };
  return (
    <main className="gate">
      <form onSubmit={enter} className="panel">
        <h1>
          <img src="/icon.svg" alt="" width="28" height="28" /> Runafter
        </h1>
        <p>
          This server lets in only those who know its token. <code>runafter serve</code> printed an address that carries it; open
          that address, or paste the token here.
        </p>
        {refused && (
          <p className="refused" role="alert">
            The server does not know this token. It makes a new one at each start unless RUNAFTER_TOKEN is set.
          </p>
        )}
        <label htmlFor="token">Token</label>
        <input id="token" name="token" type="password" autoComplete="off" autoFocus spellCheck={false} />
        <button type="submit" className="button main">
          <Icon name="right" /> Enter
        </button>
      </form>
    </main>
  );
}
