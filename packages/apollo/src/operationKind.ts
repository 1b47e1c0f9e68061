import type { ResponseFacts } from '@latchkey/core/adapter';
import type { DocumentNode } from 'graphql';

/** The kind of the operation of this name, or of the only one. */
export function operationKind({ definitions }: DocumentNode, name: string | undefined): ResponseFacts['kind'] {
  for (const definition of definitions)
    if (definition.kind === 'OperationDefinition' && (!name || definition.name?.value === name))
      return definition.operation;
  return 'unknown';
}
