/** Whether an error was marked as judged and delivered, itself or as the original of a wrapper. */
export function wasJudged(judged: WeakSet<object> | undefined, error: unknown): boolean {
  if (!judged || typeof error !== 'object' || error === null) return false;
  const { originalError } = error as { readonly originalError?: unknown };
  return (
    judged.has(error) || (typeof originalError === 'object' && originalError !== null && judged.has(originalError))
  );
}
