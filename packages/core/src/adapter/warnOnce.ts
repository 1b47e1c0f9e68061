const warned = new Set<string>();

/** Warns a developer, once, about adapters in the wrong place: to be called in `inDevelopment` only. */
export function warnOnce(message: string): false {
  if (!warned.has(message)) {
    warned.add(message);
    // biome-ignore lint/suspicious/noConsole: a mistake that no error can report
    console.warn(`Latchkey: ${message}`);
  }
  return false;
}
