import { addedOptions, type CallerHeaders, hasHeader, mergeHeaders, type TokenHeaders } from '@latchkey/core/adapter';

/** Not by `instanceof`: it may be of another realm, or of a package. */
export const isRequest = (input: RequestInfo | URL): input is Request =>
  typeof input === 'object' && input !== null && 'url' in input;

export const urlOf = (input: RequestInfo | URL): string | URL => (isRequest(input) ? input.url : input);

/** Firefox and React Native do not show the body. */
export const mayHaveBody = ({ method, body }: Request): boolean => body !== null && !/^(?:GET|HEAD)$/i.test(method);

/** The caller's headers: those of `init` replace those of a `Request`, as in fetch itself. */
const callersHeaders = (input: RequestInfo | URL, init: RequestInit): CallerHeaders | undefined =>
  (init.headers ?? (isRequest(input) ? input.headers : undefined)) as CallerHeaders | undefined;

/** Whether the caller brings a token of its own for this request. */
export function bringsOwnToken(input: RequestInfo | URL, init: RequestInit): boolean {
  return hasHeader(callersHeaders(input, init), 'authorization');
}

/** A `Request` that is given any options loses these of its own. @see Fetch, the Request constructor */
const lostOptionsOf = ({ referrer, referrerPolicy }: Request): RequestInit => ({ referrer, referrerPolicy });

/** The options with a token set's headers over the caller's; with `null` the caller's only. */
export function attach(
  input: RequestInfo | URL,
  init: RequestInit,
  ours: TokenHeaders | null,
  isRetry: boolean,
): RequestInit {
  if (!ours && !init.headers) return init;
  const headers = mergeHeaders(callersHeaders(input, init), ours ?? {});
  const lost = isRequest(input) ? lostOptionsOf(input) : undefined;
  return { ...lost, ...init, headers, ...addedOptions(init, ours, isRetry) };
}
