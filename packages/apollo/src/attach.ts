import type { ApolloLink } from '@apollo/client';
import { type CallerHeaders, hasHeader, mergeHeaders, type TokenHeaders } from '@latchkey/core';

/** The headers that we have made, and the caller's that they were made from: a retry finds ours in the context. */
const callersOf = new WeakMap<object, CallerHeaders | undefined>();

function callersHeaders({ headers }: Readonly<ApolloLink.OperationContext>): CallerHeaders | undefined {
  const found = headers as CallerHeaders | undefined;
  return found && callersOf.has(found) ? callersOf.get(found) : found;
}

/** Whether the caller brings a token of its own for this operation. */
export function bringsOwnToken(context: Readonly<ApolloLink.OperationContext>): boolean {
  return hasHeader(callersHeaders(context), 'authorization');
}

/** Puts a token set's headers on the request, over the caller's; `null` leaves the caller's alone. */
export function attach(operation: ApolloLink.Operation, ours: TokenHeaders | null): void {
  const context = operation.getContext();
  const callers = callersHeaders(context);
  if (!ours && callers === context.headers) return;
  const headers = ours ? mergeHeaders(callers, ours) : callers;
  if (headers && ours) callersOf.set(headers, callers);
  operation.setContext({ headers });
}
