import type { ResponseFacts } from '../verdict/responseFacts.ts';
import { rootFields } from './rootFields.ts';

interface Definition {
  readonly kind: string;
  readonly name?: { readonly value: string } | undefined;
  readonly operation?: ResponseFacts['kind'];
}

type Document = { readonly definitions: readonly Definition[] } & Parameters<typeof rootFields>[0];

/**
 * The kind of the operation of this name, or of the first. Takes a parsed document of the `graphql` package, of any version.
 */
export function operationKind(document: Document, name?: string | null): ResponseFacts['kind'] {
  for (const { kind, name: given, operation } of document.definitions)
    if (kind === 'OperationDefinition' && operation && (!name || given?.value === name)) return operation;
  return 'unknown';
}

/** What the document of an operation states. One that cannot be parsed, as that of a persisted operation, states nothing. */
export function readDocument(
  parse: (source: string, options: { readonly noLocation: true }) => Document,
  query: string,
  name?: string | null,
): Pick<ResponseFacts, 'kind' | 'rootFields'> {
  try {
    const document = parse(query, { noLocation: true });
    return { kind: operationKind(document, name), rootFields: () => rootFields(document, name ?? undefined) };
  } catch {
    return { kind: 'unknown' };
  }
}
