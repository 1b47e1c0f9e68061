interface Selection {
  readonly kind: string;
  readonly name?: { readonly value: string };
  readonly alias?: { readonly value: string } | undefined;
}
interface Definition {
  readonly kind: string;
  readonly name?: { readonly value: string } | undefined;
  readonly selectionSet?: { readonly selections: readonly Selection[] };
}

/**
 * The response names of an operation's root fields; `undefined` when a fragment hides them.
 * Takes a parsed document of the `graphql` package, of any version.
 */
export function rootFields(
  document: { readonly definitions: readonly Definition[] },
  name?: string,
): string[] | undefined {
  const operations = document.definitions.filter(({ kind }) => kind === 'OperationDefinition');
  const operation = name ? operations.find(definition => definition.name?.value === name) : operations[0];
  const selections = operation?.selectionSet?.selections;
  if (!selections?.every(({ kind }) => kind === 'Field')) return undefined;
  return selections.map(({ alias, name: field }) => (alias ?? field)?.value ?? '');
}
