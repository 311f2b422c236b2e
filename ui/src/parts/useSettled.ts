import { useEffect, useMemo, useRef } from "react";

/** Return a function that does the deed soon, and once for many calls: the first call in `ms` milliseconds counts. */
export function useSettled(deed: () => void, ms: number): () => void {
  const latest = useRef(deed);
  latest.current = deed;
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useMemo(
    () => () => {
      if (timer.current !== undefined) return;
      timer.current = setTimeout(() => {
        timer.current = undefined;
        latest.current();
      }, ms);
    },
    [ms],
  );
}
