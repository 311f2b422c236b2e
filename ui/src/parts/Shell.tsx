import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { api } from "../api";
import { useIsThere } from "../events";
import { choose, isDark } from "../theme";
import { Icon } from "./Icon";
import { Keys } from "./Keys";

const PLACES = [
  { path: "/", name: "Flows", icon: "flows", key: "f" },
  { path: "/runs", name: "Runs", icon: "runs", key: "r" },
  { path: "/approvals", name: "Approvals", icon: "approvals", key: "a" },
  { path: "/tenant", name: "Tenant", icon: "tenant", key: "t" },
];

export function Shell({ children }: { children: ReactNode }) {
  const [path, go] = useLocation();
  const [dark, setDark] = useState(isDark());
  const [help, setHelp] = useState(false);
  const isThere = useIsThere();
  const open = useQuery({ queryKey: ["approvals", "open"], queryFn: () => api.approvals("open"), refetchInterval: 30_000 });
  const waiting = open.data?.approvals.filter((each) => each.kind !== "callback").length ?? 0;
  const turn = () => {
    choose(dark ? "light" : "dark");
    setDark(!dark);
  };
  useEffect(() => {
    let before = "";
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, dialog")) return;
      if (before === "g") {
        const place = PLACES.find((each) => each.key === event.key);
        if (place) go(place.path);
      } else if (event.key === "?") setHelp(true);
      else if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>("input[type=search]");
        if (field) {
          event.preventDefault();
          field.focus();
        }
      }
      before = event.key;
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [go]);
  const isAt = (place: string) =>
    place === "/" ? path === "/" || path.startsWith("/flows") : path === place || path.startsWith(`${place}/`);
  return (
    <div className="shell">
      <a className="jump" href="#content">
        Skip to content
      </a>
      <header className="bar">
        <Link href="/" className="brand">
          <img src="/icon.svg" alt="" width="22" height="22" /> <span className="name">Runafter</span>
        </Link>
        <nav aria-label="Pages">
          {PLACES.map((place) => (
            <Link key={place.path} href={place.path} aria-current={isAt(place.path) ? "page" : undefined}>
              <Icon name={place.icon} /> <span className="name">{place.name}</span>
              {place.path === "/approvals" && waiting > 0 && (
                <span className="badge">
                  {waiting}
                  <span className="unseen"> open</span>
                </span>
              )}
            </Link>
          ))}
        </nav>
        <span className="grow" />
        <button type="button" className="quiet" onClick={() => setHelp(true)} aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)">
          <Icon name="keys" />
        </button>
        <button type="button" className="quiet" onClick={turn} aria-label={dark ? "Light colours" : "Dark colours"} title={dark ? "Light colours" : "Dark colours"}>
          <Icon name={dark ? "sun" : "moon"} />
        </button>
      </header>
      {!isThere && (
        <p className="refused banner lost" role="status">
          The server does not answer: what you see may be old. Is <code>runafter serve</code> still running? The page goes on by itself when it is back.
        </p>
      )}
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      {help && <Keys close={() => setHelp(false)} />}
    </div>
  );
}
