import { type RefCallback, useCallback } from "react";

/** Arrow keys, Home and End move between the elements marked `data-row` inside. */
export function useRows(): RefCallback<HTMLElement> {
  return useCallback((own: HTMLElement | null) => {
    if (!own) return;
    const press = (event: KeyboardEvent) => {
      const step = { ArrowDown: 1, ArrowUp: -1, Home: -1e6, End: 1e6 }[event.key];
      const target = event.target as HTMLElement;
      if (!step || target.closest("input, textarea, select")) return;
      const rows = [...own.querySelectorAll<HTMLElement>("[data-row]")];
      const at = rows.indexOf(target.closest("[data-row]") as HTMLElement);
      const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
      if (!next) return;
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    };
    own.addEventListener("keydown", press);
    return () => own.removeEventListener("keydown", press);
  }, []);
}
