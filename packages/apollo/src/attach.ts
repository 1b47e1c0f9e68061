import type { ApolloLink } from '@apollo/client';
import { hasHeader, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core';

/**
 * The headers of ours that an attempt has left in an operation's context: a retry link, or another subscription to the same
 * observable, finds them there, and they are not the caller's. Links behind ours copy the object, so it is told by value.
 */
const left = new WeakMap<ApolloLink.Operation, TokenHeaders>();

function callersHeaders(operation: ApolloLink.Operation): Record<string, string> | undefined {
  const headers = operation.getContext().headers as Record<string, string> | undefined;
  const ours = left.get(operation);
  if (!headers || !ours) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => ours[name] !== value));
}

/** Whether the caller brings a token of its own for this operation. */
export function bringsOwnToken(operation: ApolloLink.Operation): boolean {
  return hasHeader(callersHeaders(operation), 'authorization');
}

/** Puts a token set's headers on the request, over the caller's; `null` leaves the caller's alone. */
export function attach(operation: ApolloLink.Operation, ours: TokenHeaders | null): void {
  if (!ours && !left.has(operation)) return;
  const { fetchOptions } = operation.getContext();
  operation.setContext({
    headers: mergeHeaders(callersHeaders(operation), ours ?? {}),
    ...(ours && wouldLeak(ours) && { fetchOptions: { redirect: 'error', ...fetchOptions } }),
  });
  if (ours) left.set(operation, ours);
  else left.delete(operation);
}

/** Whether what was sent still had our headers: links behind ours may replace them. */
export function carries(operation: ApolloLink.Operation, ours: TokenHeaders): boolean {
  const headers = operation.getContext().headers as Record<string, unknown> | undefined;
  return Object.entries(ours).every(([name, value]) => headers?.[name] === value);
}
