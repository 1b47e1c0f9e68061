/** Whether this is a build for developers. Bundlers replace the expression; without one, in a page, there is nothing to ask. */
function isDevelopment(): boolean {
  try {
    return process.env.NODE_ENV !== 'production';
  } catch {
    return false;
  }
}

const said = new Set<string>();

/** Tells a developer, once, about a mistake in how the pieces were put together. Silent in production. */
export function warnOnce(message: string): void {
  if (!isDevelopment() || said.has(message)) return;
  said.add(message);
  // biome-ignore lint/suspicious/noConsole: a mistake that has no error to be told in
  console.warn(`Latchkey: ${message}`);
}
