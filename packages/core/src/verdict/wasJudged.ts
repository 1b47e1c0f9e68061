/** Whether an error was marked as judged and delivered, itself or as the original of a wrapper. */
export function wasJudged(judged: WeakSet<object> | undefined, error: unknown): boolean {
  const { originalError } = (error ?? {}) as { readonly originalError?: unknown };
  return judged !== undefined && (judged.has(error as object) || judged.has(originalError as object)); // a set has objects only
}
