/** The parts of an absolute URL. Not by `URL.canParse` or `URL.parse`, which older Safari and Hermes lack. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
