// The token that lets this tab in. It comes in the address's fragment, which browsers never send, or by hand;
// it is kept for the tab only and sent as a header, never in an address.

const KEY = "runafter.token";

export const token = (): string | null => sessionStorage.getItem(KEY);

export function remember(value: string): void {
  sessionStorage.setItem(KEY, value.trim());
}

export function forget(): void {
  sessionStorage.removeItem(KEY);
}

/** Take the token out of `#token=...` and clean the address, so that it lands in no history or bookmark. */
export function takeFromAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  remember(given);
  history.replaceState(null, "", location.pathname + location.search);
}
