// Light, dark, or as the system says.

const KEY = "runafter.theme";
export type Theme = "system" | "light" | "dark";

export function theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");

export function isDark(): boolean {
  const chosen = theme();
  return chosen === "system" ? dark.matches : chosen === "dark";
}

export function show(): void {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

export function choose(next: Theme): void {
  if (next === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  show();
}

dark.addEventListener("change", show);
