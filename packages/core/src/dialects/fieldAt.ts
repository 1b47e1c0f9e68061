/** The value at a path of own properties; `undefined` where the path ends early. Never throws: servers send anything. */
export function fieldAt(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? at[name as keyof typeof at] : undefined,
    value,
  );
}
