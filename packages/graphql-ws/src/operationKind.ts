import type { ResponseFacts } from '@latchkey/core/adapter';
import { type DocumentNode, parse } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';

/** The document of a payload; `undefined`: it cannot be read, as that of a persisted one. */
export function documentOf({ query }: SubscribePayload): DocumentNode | undefined {
  try {
    return parse(query, { noLocation: true });
  } catch {
    return undefined;
  }
}

/** The kind of the operation, of this name or the first. */
export function operationKind(
  document: DocumentNode | undefined,
  name: string | null | undefined,
): ResponseFacts['kind'] {
  for (const definition of document?.definitions ?? [])
    if (definition.kind === 'OperationDefinition' && (!name || definition.name?.value === name))
      return definition.operation;
  return 'unknown';
}
