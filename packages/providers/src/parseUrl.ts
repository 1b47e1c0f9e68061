/** The parts of an absolute URL, or of one relative to `base`. Older Safari and Hermes lack `URL.canParse` and `URL.parse`. */
export function parseUrl(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}
