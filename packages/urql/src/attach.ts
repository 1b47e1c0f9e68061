import {
  addedOptions,
  type CallerHeaders,
  mergeHeaders,
  readBody,
  readJson,
  type TokenHeaders,
} from '@latchkey/core/adapter';
import type { Operation } from '@urql/core';
import type { Answer } from './readResponse.ts';

/** The caller's fetch options, whose function is called once per attempt. */
export const fetchOptionsOf = ({ context }: Operation): RequestInit | undefined =>
  typeof context.fetchOptions === 'function' ? context.fetchOptions() : context.fetchOptions;

/** The fetch options with a token set's headers over the caller's; with `null` the caller's only. */
export function attach(
  own: RequestInit | undefined,
  ours: TokenHeaders | null,
  isRetry: boolean,
): RequestInit | undefined {
  if (!ours && !own?.headers) return own;
  const headers = mergeHeaders(own?.headers as CallerHeaders | undefined, ours ?? {}); // exchanges behind may write into them
  return { ...own, headers, ...addedOptions(own, ours, isRetry) };
}

/**
 * The fetch of an attempt, which keeps its response: urql makes no error of a 401 with `data`, and drops a body that is not a
 * GraphQL answer. A good result does not hold it.
 */
export function watchedFetch(attempt: Answer & { readonly given: Operation }): typeof fetch {
  return async (input, init) => {
    const response = await (attempt.given.context.fetch ?? fetch)(input, init);
    attempt.http = response;
    attempt.otherAnswer = undefined;
    if (response.ok) return response;
    const [text, answer] = await readJson(response);
    if (text !== undefined) attempt.otherAnswer = readBody(text);
    return answer;
  };
}

const attached = ['fetchOptions', 'fetch', 'latchkey'] as const;

/** An operation that an exchange behind dispatches again, without what an attempt has attached to it. */
export function detach(operation: Operation, given: Operation): Operation {
  const context = { ...operation.context };
  for (const name of attached)
    if (name in given.context) context[name] = given.context[name];
    else delete context[name];
  return { ...operation, context };
}
