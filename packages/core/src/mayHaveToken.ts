/** Whether a request to `url` may have the token: its origin is on the list, or there is no list. A relative URL is the page's. */
export function mayHaveToken(url: string | URL, origins: readonly string[] | undefined): boolean {
  if (!origins) return true;
  const base = (globalThis as { location?: { readonly href: string } }).location?.href;
  return URL.canParse(url, base) && origins.includes(new URL(url, base).origin);
}
