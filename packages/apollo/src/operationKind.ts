import type { ResponseFacts } from '@latchkey/core/adapter';
import type { Operation } from './apolloClient.ts';

/** The kind of an operation, from its document: the operation of its name, or the first. */
export function operationKind({ query, operationName: name }: Operation): ResponseFacts['kind'] {
  for (const definition of query.definitions)
    if (definition.kind === 'OperationDefinition' && (!name || definition.name?.value === name))
      return definition.operation;
  return 'unknown';
}
