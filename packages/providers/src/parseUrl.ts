/** The parts of an absolute URL. Older Safari and Hermes lack `URL.canParse` and `URL.parse`. */
export function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
