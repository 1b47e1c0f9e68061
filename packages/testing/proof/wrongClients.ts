import { authFetch } from '@latchkey/fetch';
import type { Violation } from './checkScript.ts';
import { makeFetchClient } from './fetchClient.ts';
import type { FuzzClient } from './fuzzClient.ts';

type Connect = typeof authFetch;

/** Adapters with one fault each, which the fuzzer must find. */
export interface WrongClient {
  readonly client: FuzzClient;
  readonly kind: Violation['kind'];
  /** In the detail of what is found. */
  readonly detail: string;
}

/** A fetch of ours whose answers something changes, or whose requests. */
const around =
  (change: (send: ReturnType<Connect>) => ReturnType<Connect>): Connect =>
  (auth, options) =>
    change(authFetch(auth, options));

/** Connects ours to a fetch that does more than to send. */
const onTopOf =
  (send: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>): Connect =>
  (auth, options) =>
    authFetch(auth, { ...options, fetch: send });

const dropsHeaders = around(send => async (input, init) => {
  const { body, status, statusText } = await send(input, init);
  return new Response([204, 205, 304].includes(status) ? null : body, { status: Math.min(status, 599), statusText });
});

const sendsAgainAfterFailure = onTopOf((input, init) => fetch(input, init).catch(() => fetch(input, init)));

const takesTokenAlong = onTopOf(async (input, init) => {
  const response = await fetch(input, { ...init, redirect: 'manual' });
  const location = response.headers.get('location');
  return response.status >= 301 && response.status <= 308 && location
    ? fetch(new URL(location, 'http://localhost'), init).catch(() => response)
    : response;
});

const sendsThreeTimes = around(send => async (input, init) => {
  const response = await send(input, init);
  return response.status === 401 ? send(input, init) : response;
});

const hangsOnForbidden = around(send => async (input, init) => {
  const response = await send(input, init);
  return response.status === 403 ? new Promise(() => {}) : response;
});

const forgetsCallersHeaders = onTopOf((input, init) => {
  const headers = new Headers(init?.headers);
  headers.delete('x-one');
  return fetch(input, { ...init, headers });
});

/** All of them. */
export const wrongClients: readonly WrongClient[] = [
  { client: makeFetchClient('drops the headers of an answer', dropsHeaders), kind: 'difference', detail: 'bare:' },
  {
    client: makeFetchClient('forgets a header of the caller', forgetsCallersHeaders),
    kind: 'difference',
    detail: 'x-one',
  },
  {
    client: makeFetchClient('takes the token to another origin', takesTokenAlong),
    kind: 'difference',
    detail: 'origin',
  },
  {
    client: makeFetchClient('sends again after a network error', sendsAgainAfterFailure),
    kind: 'twice',
    detail: 'twice',
  },
  { client: makeFetchClient('sends a refused operation three times', sendsThreeTimes), kind: 'twice', detail: '' },
  { client: makeFetchClient('hangs on a forbidden operation', hangsOnForbidden), kind: 'hang', detail: 'settled' },
];
